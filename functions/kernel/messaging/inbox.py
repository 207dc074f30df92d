"""From a queue to handlers: each message once, failures one by one, every command answered.

When a failed message is retried and when it is given up: see retry.py.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from events.envelope import Envelope, Metadata
from events.registry import (
    Command,
    MalformedMessageError,
    Message,
    Reply,
    Timer,
    UnknownMessageError,
    decode,
    rule_pattern,
)
from functions.kernel.domain.errors import InvalidError, MallBotsError, NotFoundError, RefusedError, UnavailableError
from functions.kernel.eventstore.publish import answer, tick
from functions.kernel.messaging import retry
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import clock, context, observe, runtime
from functions.kernel.runtime.commit import Cause, Outgoing
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import LONGEST_DELAY, Queue

REFUSALS = (RefusedError, NotFoundError, InvalidError)
FIFO_GROUP = "in-turn"  # the one message group of a FIFO queue: messages of two groups are handled in parallel

M = TypeVar("M", bound=Message)
C = TypeVar("C", bound=Command)


class Again(Exception):  # noqa: N818  (a request, not an error)
    """Raised by a handler that cannot decide yet and has changed nothing: call it again after so many seconds."""

    def __init__(self, after: int) -> None:
        super().__init__(f"again after {after} s")
        self.after = after


@dataclass(frozen=True)
class _Answers:
    accepted: Callable[[Any], Reply]
    refused: Callable[[Any, MallBotsError], Reply]


class Inbox:
    """What one queue of a service handles: the source of its subscriptions, permissions and dispatch.

    `@inbox.on(OrderCreated)` registers a handler for an event, reply or timer. `@inbox.answers(ApproveOrder,
    accepted=…, refused=…)` registers one for a command, with the replies that accept and refuse it, which the kernel
    sends. `inbox.include(projection)` feeds a read model. `inbox.schedule(UntouchedBasketsDue, "rate(1 minute)")` sends
    the service a timer again and again. fifo: the queue is FIFO, and its messages are handled one at a time.
    """

    def __init__(self, service: str, queue: str = "inbox", *, fifo: bool = False) -> None:
        self.service = service
        self.queue = queue
        self.fifo = fifo
        self._handlers: dict[str, list[Callable[[Any], object]]] = {}
        self._answers: dict[str, _Answers] = {}
        self._projections: list[Projection] = []
        self._messages: dict[str, type[Message]] = {}
        self.schedules: dict[type[Timer], str] = {}

    @property
    def messages(self) -> list[type[Message]]:
        """The messages that it subscribes to, by name."""
        return [self._messages[name] for name in sorted(self._messages)]

    @property
    def commands(self) -> dict[str, Callable[[Any], object]]:
        """The handler of each command that it answers, by the command's name."""
        return {name: self._handlers[name][0] for name in sorted(self._answers)}

    @property
    def pattern(self) -> dict[str, Any]:
        """The bus rule's pattern."""
        return rule_pattern(self.service, self.messages)

    def on(self, *messages: type[M]) -> Callable[[Callable[[M], object]], Callable[[M], object]]:
        """Register a handler for messages that are not answered."""

        def register(handler: Callable[[M], object]) -> Callable[[M], object]:
            for message in messages:
                if issubclass(message, Command):
                    raise TypeError(f"{message.about.name} is a command: register it with answers()")
                self._messages[message.about.name] = message
                self._handlers.setdefault(message.about.name, []).append(handler)
            return handler

        return register

    def answers(
        self, command: type[C], accepted: Callable[[C], Reply], refused: Callable[[C, MallBotsError], Reply]
    ) -> Callable[[Callable[[C], object]], Callable[[C], object]]:
        """Register the one handler of a command and its two replies; the handler refuses by raising an error."""

        def register(handler: Callable[[C], object]) -> Callable[[C], object]:
            if command.about.name in self._messages:
                raise TypeError(f"{command.about.name} has a handler already")
            self._messages[command.about.name] = command
            self._handlers[command.about.name] = [handler]
            self._answers[command.about.name] = _Answers(accepted, refused)
            return handler

        return register

    def schedule(self, timer: type[Timer], expression: str) -> None:
        """Send the service a timer, whose only field is `time`, by EventBridge's `rate(…)` or `cron(…)` (UTC)."""
        if self.fifo:
            raise TypeError("a FIFO queue has no schedules: use the service's inbox, which forwards the timer")
        if set(timer.model_fields) != {"time"}:
            raise TypeError(f"{timer.about.name} cannot be scheduled: its only field must be `time`")
        self.schedules[timer] = expression

    def include(self, projection: Projection) -> None:
        """Subscribe to the messages of a projection, and apply each to it before the handlers run."""
        self._projections.append(projection)
        for message in projection.makers:
            self._messages[message.about.name] = message

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Handle an SQS batch and report those that failed; of a FIFO queue also all behind the first that failed."""
        failed: list[str] = []
        for record in event["Records"]:
            if (failed and self.fifo) or not self._receive(record):
                failed.append(record["messageId"])
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _receive(self, record: dict[str, Any]) -> bool:
        """Whether the message may leave the queue: it was handled, sent again for later, or dead-lettered."""
        try:
            return self._work_on(record)
        except Exception as error:  # one message that fails must not fail the others of its batch
            return self._failed(record, error)

    def _work_on(self, record: dict[str, Any]) -> bool:
        try:
            content = _read_body(record["body"])
            _wait_until_due(content)
            self._dispatch(_envelope(content))
        except Again as again:
            return self._retry_later(record, min(again.after, LONGEST_DELAY))
        return True

    def _retry_later(self, record: dict[str, Any], seconds: int) -> bool:
        """Send a message again as a new one, so that its receives start anew. A FIFO queue keeps it instead."""
        if self.fifo:  # It cannot delay a single message, and those behind this one must wait as well.
            self._own_queue().retry_in(record["receiptHandle"], seconds)
            return False
        self._own_queue().send(record["body"], delay=seconds)
        return True

    def _own_queue(self) -> Queue:
        running = runtime.current()
        return running.queues.get(self.queue, running.queue)

    def _failed(self, record: dict[str, Any], error: Exception) -> bool:
        running = runtime.current()
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        observe.failed(_name_in(record["body"]), error, receives)
        try:
            if retry.is_final(error, receives):
                reason = {
                    "reason": observe.reason(error),
                    "error": type(error).__name__,
                    "tries": str(receives),
                }
                running.dead_letters.send(record["body"], reason=reason, group=FIFO_GROUP, dedup=record["messageId"])
                return True
            self._own_queue().retry_in(record["receiptHandle"], retry.delay(receives))
        except Exception as failure:  # the message is still in the queue, whose own redrive policy ends its receives
            observe.failed("dead-letter", failure, receives)
        return False

    def _dispatch(self, envelope: Envelope) -> None:
        started = clock.now()
        metadata = envelope.metadata
        if metadata.name not in self._messages:
            raise UndeliverableError(f"{self.service} does not handle {metadata.name}")
        try:
            message = decode(metadata.name, metadata.version, envelope.data, [self._messages[metadata.name]])
        except (UnknownMessageError, MalformedMessageError) as error:
            raise UndeliverableError(str(error)) from error
        with context.within(_context(metadata)) as working, observe.handling(metadata):
            for projection in self._projections:
                projection.apply(message, metadata)
            for handler in self._handlers.get(metadata.name, []):
                if isinstance(message, Command):
                    self._answer(message, handler, working)
                else:
                    handler(message)
        observe.processed(metadata, (clock.now() - started).total_seconds())

    def _answer(self, command: Command, handler: Callable[[Any], object], working: Context) -> None:
        """Run a command's handler and send the reply: in the commit that the handler made, or else now."""
        answers = self._answers[type(command).about.name]
        working.answer = answer(command, answers.accepted(command), working)
        try:
            handler(command)
        except REFUSALS as error:
            publish([answer(command, answers.refused(command, error), working)])
            return
        if working.recorded:
            publish([m for m in working.recorded.messages if m.id == working.answer.id] or [working.answer])
        elif not working.answered:
            publish([working.answer])


def publish(messages: Sequence[Outgoing]) -> None:
    """Put messages that no commit carries on the bus. Raises UnavailableError when it does not accept them."""
    if runtime.current().bus.put(messages):
        raise UnavailableError("the bus did not accept a reply")


def _context(metadata: Metadata) -> Context:
    return Context(
        correlation_id=metadata.correlation_id,
        causation_id=metadata.id,
        cause=Cause(metadata.id),
        actor=metadata.actor,
        traceparent=metadata.traceparent,
        reply_to=metadata.reply_to,
        saga=metadata.saga,
    )


def _wait_until_due(content: dict[str, Any]) -> None:
    """Raises Again for a reminder that is not due yet: SQS delays by 15 minutes at most, so it comes early."""
    due = content.get("due")
    if not due:
        return
    try:
        early = round((clock.read(due) - clock.now()).total_seconds())
    except (TypeError, ValueError) as error:
        raise UndeliverableError(f"`due` is not a time: {due!r}") from error
    if early > 0:
        raise Again(early)


def _read_body(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise UndeliverableError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UndeliverableError("the body is not a JSON object")
    return content


def _envelope(content: dict[str, Any]) -> Envelope:
    try:
        return Envelope.read(content.get("detail") or tick(content))
    except ValidationError as error:
        raise UndeliverableError(
            f"the body holds no envelope: {error.error_count()} errors, {error.errors(include_input=False)[0]}"
        ) from error


def _name_in(body: str) -> str:
    try:
        return _envelope(_read_body(body)).metadata.name
    except UndeliverableError:
        return "unreadable"
