"""From a queue to handlers: each message once, failures one by one, every command answered.

When a failed message is retried and when it is given up: see retry.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from events.envelope import Envelope, Metadata
from events.registry import (
    Command,
    MalformedMessageError,
    Message,
    NewerVersionError,
    Reply,
    Timer,
    UnknownMessageError,
    decode,
    rule_pattern,
)
from functions.kernel.domain.errors import (
    InvalidError,
    MallBotsError,
    NotFoundError,
    RefusedError,
    TooLargeError,
    UnavailableError,
)
from functions.kernel.eventstore.publish import answer
from functions.kernel.messaging import outcomes
from functions.kernel.messaging.record import check_sender, due, envelope, name_in, read_body
from functions.kernel.messaging.redelivery import FIFO_GROUP, Again, Redelivery
from functions.kernel.messaging.retry import UndeliverableError, UnsubscribedError
from functions.kernel.projections.generation import failed_in
from functions.kernel.projections.generations import Failed
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import budget, clock, context, ids, observe, runtime
from functions.kernel.runtime.commit import Cause, Outgoing
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.side_by_side import outcome
from functions.kernel.runtime.uses import NOTHING, Uses

REFUSALS = (RefusedError, NotFoundError, InvalidError, TooLargeError)
__all__ = ["FIFO_GROUP", "Again", "Handled", "Inbox", "publish"]

M = TypeVar("M", bound=Message)
C = TypeVar("C", bound=Command)


@dataclass(frozen=True)
class _Answers:
    accepted: Callable[[Any], Reply]
    refused: Callable[[Any, MallBotsError], Reply]


@dataclass(frozen=True)
class Handled:
    """A message of a batch that was handled. refusal: why a command was refused, and the reply that says so."""

    message: Message
    metadata: Metadata
    refusal: "Refusal | None" = None


@dataclass(frozen=True)
class Refusal:
    """A command was answered with another reply than the one that accepts it."""

    error: MallBotsError
    reply: str


@dataclass
class _Batch:
    """What came of a batch so far: the lines of what was handled, and the messages themselves.

    set_aside: by the ids of their records, why messages were dead-lettered for a generation that is not read.
    """

    lines: list[str] = field(default_factory=list)
    handled: list[Handled] = field(default_factory=list)
    set_aside: dict[str, Exception] = field(default_factory=dict)


def _sent(record: dict[str, Any]) -> int:
    """When a message came into the queue, in milliseconds."""
    return int(record.get("attributes", {}).get("SentTimestamp", 0))


AfterABatch = Callable[[Sequence[Handled]], object]


class Inbox:
    """What one queue of a service handles: the source of its subscriptions, permissions and dispatch.

    `@inbox.on(OrderCreated)` registers a handler for an event, reply or timer. `@inbox.answers(ApproveOrder,
    accepted=…, refused=…)` registers one for a command, with the replies that accept and refuse it, which the kernel
    sends. `inbox.include(projection)` feeds a read model. `inbox.schedule(UntouchedBasketsDue, "rate(1 minute)")` sends
    the service a timer again and again. `inbox.drain(OrderPaid)` ends a subscription of the release before, and
    `inbox.move("codes", CodeRequested)` to another queue of the service.

    fifo: the queue is FIFO and has one group, so that it is worked on by one function at a time. The messages of a
    batch are handled side by side, in no order; those of a standard queue one after the other. Then what
    `@inbox.after_a_batch` registers is called once, with those that were handled.
    uses: what the handlers call, of which the permissions of the function are made. window: the seconds for which a
    batch may be gathered where the stage gathers any, for messages that no decision waits for.
    """

    def __init__(
        self, service: str, queue: str = "inbox", *, fifo: bool = False, uses: Uses = NOTHING, window: int = 0
    ) -> None:
        self.service = service
        self.window = window
        self.uses = uses
        self.queue = queue
        self.fifo = fifo
        self._redelivery = Redelivery(queue, fifo, name_in)
        self._handlers: dict[str, list[Callable[[Any], object]]] = {}
        self._answers: dict[str, _Answers] = {}
        self._projections: list[Projection] = []
        self._messages: dict[str, type[Message]] = {}
        self._afterwards: list[AfterABatch] = []
        self._drained: set[str] = set()
        self.moved: dict[str, str] = {}
        """To which other queue of the service messages of a name come since this release."""
        self.schedules: dict[type[Timer], str] = {}

    @property
    def messages(self) -> list[type[Message]]:
        """The messages that it subscribes to, by name."""
        return [self._messages[name] for name in sorted(self._messages) if name not in self.moved]

    @property
    def projections(self) -> list[Projection]:
        """The projections that it feeds."""
        return self._projections[:]

    @property
    def writes_rows(self) -> bool:
        """Whether it feeds read models."""
        return bool(self._projections)

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

    def after_a_batch(self, work: AfterABatch) -> AfterABatch:
        """Register what to do once after the messages of a batch, with those that were handled, if any was.

        Where it fails, in a FIFO queue the last of them is retried, in a standard one all of them: other batches are
        worked on meanwhile, and none of those does what this one left.
        """
        self._afterwards.append(work)
        return work

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

    def drain(self, *messages: type[Message]) -> None:
        """Take without effect what the release before subscribed to, and may be in the queue when this one is deployed.

        Without this it would wait for code that knows its name, ring the alarm for that, and be dead-lettered.
        """
        self._drained |= {message.about.name for message in messages}

    def move(self, to: str, *messages: type[Message]) -> None:
        """Leave messages to another queue of the service, whose inbox subscribes to them since this release.

        Those that are in this one when the release is deployed are handled as they are registered here. Its rule takes
        no more of them once that of the other queue does.
        """
        self.moved |= {message.about.name: to for message in messages}

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Handle an SQS batch, and report those that failed. What there is no time to begin goes back at once."""
        records, started, batch = event["Records"], clock.now(), _Batch()
        if self.window:  # messages that follow from each other come together: the first says what the others are about
            records = sorted(records, key=_sent)
        failed = self._side_by_side(records, batch) if self.fifo else self._in_turn(records, batch)
        observe.batch(batch.lines, (clock.now() - started).total_seconds())
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _in_turn(self, records: Sequence[dict[str, Any]], batch: _Batch) -> list[str]:
        """Where what follows a batch fails, all that were handled are those that failed."""
        failed: list[str] = []
        handled: list[dict[str, Any]] = []
        needed = budget.MESSAGE + (budget.AFTERWARDS if self._afterwards else 0)
        for position, record in enumerate(records):
            if position and budget.left() < needed:
                for rest in records[position:]:
                    self._redelivery.keep(rest, 0)
                    failed.append(rest["messageId"])
                break
            error = outcome(partial(self._receive, record, batch))
            if error is None and self._afterwards:
                handled.append(record)
            elif not self._may_leave(record, error, batch):
                failed.append(record["messageId"])
        if handled:
            error = outcome(partial(self._follow_up, handled[-1], batch))
            failed += [record["messageId"] for record in handled if not self._may_leave(record, error, batch)]
        return failed

    def _side_by_side(self, records: Sequence[dict[str, Any]], batch: _Batch) -> list[str]:
        """Where what follows a batch fails, the last message that was handled is the one that failed."""
        outcomes = runtime.current().side_by_side([partial(self._receive, record, batch) for record in records])
        succeeded = [position for position, error in enumerate(outcomes) if error is None]
        if succeeded:
            outcomes[succeeded[-1]] = outcome(partial(self._follow_up, records[succeeded[-1]], batch))
        pairs = zip(records, outcomes, strict=True)
        return [record["messageId"] for record, error in pairs if not self._may_leave(record, error, batch)]

    def _may_leave(self, record: dict[str, Any], error: Exception | None, batch: _Batch) -> bool:
        return self._redelivery.may_leave(record, error, batch.set_aside.get(record["messageId"]))

    def attempt(self, body: str) -> Handled | None:
        """Handle one message by itself, and do what follows its batch; None for one that is taken without effect.

        Raises what the handler raises. Nothing is reported, and the message stays where it is.
        """
        record, batch = {"body": body}, _Batch()
        self._receive(record, batch)
        if self._afterwards:
            self._follow_up(record, batch)
        return next(iter(batch.handled), None)

    def _receive(self, record: dict[str, Any], batch: _Batch) -> None:
        """Handle one message, and add it to what came of the batch."""
        content = read_body(record["body"])
        _wait_until_due(due(content))
        self._dispatch(envelope(content), record, content, batch)

    def _follow_up(self, record: dict[str, Any], batch: _Batch) -> None:
        """Do what is registered to follow a batch, in the context of its last message."""
        metadata = envelope(read_body(record["body"])).metadata
        with context.within(_context(metadata)), observe.handling(metadata):
            for work in self._afterwards:
                work(batch.handled)

    def _dispatch(self, received: Envelope, record: dict[str, Any], content: dict[str, Any], batch: _Batch) -> None:
        """Handle a message, and add it to what came of the batch. content: the body that it came in."""
        metadata = received.metadata
        if metadata.name in self._drained:
            batch.lines.append(observe.received(metadata))
            return
        if metadata.name not in self._messages:
            raise UnsubscribedError(f"{self.service} does not handle {metadata.name}")
        known = self._messages[metadata.name]
        check_sender(known, metadata, content)
        try:
            message = decode(metadata.name, metadata.version, received.data, [known])
        except NewerVersionError:
            raise
        except (UnknownMessageError, MalformedMessageError) as error:
            raise UndeliverableError(str(error)) from error
        refusal = None
        with context.within(_context(metadata)) as working, observe.handling(metadata):
            for projection in self._projections:
                for failed in projection.apply(message, metadata):
                    _set_aside(record, metadata, failed)
                    batch.set_aside[record.get("messageId", "")] = failed.error
            for handler in self._handlers.get(metadata.name, []):
                if isinstance(message, Command):
                    refusal = self._answer(message, handler, working)
                else:
                    handler(message)
            observe.detail("handled", refused=refusal.reply if refusal else None)
        batch.lines.append(observe.received(metadata))
        batch.handled.append(Handled(message, metadata, refusal))

    def _answer(self, command: Command, handler: Callable[[Any], object], working: Context) -> Refusal | None:
        """Run a command's handler and send the reply: in the commit that the handler made, or else now."""
        answers = self._answers[type(command).about.name]
        working.answer = answer(command, answers.accepted(command), working)
        try:
            handler(command)
        except REFUSALS as error:
            refused = answer(command, answers.refused(command, error), working)
            publish([refused])
            return Refusal(error, refused.name) if refused.name != working.answer.name else None
        if working.recorded:
            publish([m for m in working.recorded.messages if m.id == working.answer.id] or [working.answer])
        elif not working.answered:
            publish([working.answer])
        return None


def publish(messages: Sequence[Outgoing]) -> None:
    """Put messages that no commit carries on the bus.

    Raises UnavailableError when it does not accept them now, and UndeliverableError when it never will.
    """
    unsent = runtime.current().bus.put(messages)
    for one in unsent:
        if one.refusal:
            raise UndeliverableError(f"the bus refuses {messages[one.position].name}: {one.refusal}")
    if unsent:
        raise UnavailableError("the bus did not accept a reply")


def _set_aside(record: dict[str, Any], metadata: Metadata, failed: Failed) -> None:
    """Dead-letter a message that failed in a generation of a view that is not read; in the others it goes on.

    One that was sent back stays the letter that it was. Each time it is sent back it is a further record, though SQS
    takes those of one id within five minutes for one.
    """
    where = failed_in(failed.view, failed.generation)
    observe.log_error(f"{where}{metadata.name} failed", failed.error)
    letter = outcomes.identity(record)
    reason = {"reason": f"{where}{observe.reason(failed.error)}", "error": type(failed.error).__name__, "tries": "1"}
    # Derived, as a view's name may hold blanks, which SQS refuses.
    dedup = ids.derive(metadata.id, failed.view, failed.generation, *letter.values())
    runtime.current().dead_letters.send(record["body"], reason={**reason, **letter}, group=FIFO_GROUP, dedup=dedup)


def _context(metadata: Metadata) -> Context:
    return Context(
        correlation_id=metadata.correlation_id,
        causation_id=metadata.id,
        cause=Cause(metadata.id),
        actor=metadata.actor,
        traceparent=metadata.traceparent,
        reply_to=metadata.reply_to,
        saga=metadata.saga,
        message=metadata,
    )


def _wait_until_due(due: datetime | None) -> None:
    """Raises Again for a reminder that is not due yet: SQS delays by 15 minutes at most, so it comes early."""
    early = round((due - clock.now()).total_seconds()) if due else 0
    if early > 0:
        raise Again(early)
