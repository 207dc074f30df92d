"""From MQTT topics, by the broker's rules and a queue, to handlers: what robots say, in batches, failures one by one.

A rule of the broker puts each message of a robot into the queue as {"robot", "topic", "received", "client", "payload"},
and what the broker itself says of connections (`presence`) as {"topic", "received", "payload"}. `topic` is the last
level of the topic; `received` is when the broker received it, in milliseconds since 1970; the payload is in base64, for
it is the robot's text, of which the rule must read nothing: what is no message of the standard is dead-lettered here,
with its reason. https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html

What a rule could not send is in another queue, as its error action has it: with the whole topic, and without the time.
Redriven it is read as the message that it holds, for redriving adds the time (`dated`): an undated one would count as
the newest word of its robot. https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html

The queue is a standard one: messages come at least once and in any order. When a failed one is retried, and when it is
given up: see retry.py.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from functions.kernel.messaging.record import read_body
from functions.kernel.messaging.redelivery import Record, Redelivery
from functions.kernel.messaging.retry import UndeliverableError, UnsubscribedError
from functions.kernel.runtime import budget, clock, context, observe
from functions.kernel.runtime.context import BOT, Caller, Context
from functions.kernel.runtime.side_by_side import outcome
from functions.kernel.runtime.uses import NOTHING, Uses

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PRESENCE = "presence"  # what the broker says of connections
PRESENCE_TOPICS = (
    "$aws/events/presence/"  # https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
)
FAILED = "base64OriginalPayload"  # a member of what an error action makes of a message, and of nothing else

T = TypeVar("T")


@dataclass(frozen=True)
class Received(Generic[T]):
    """A message of a robot as it was read, and when the broker received it (RFC 3339).

    redriven: whether a rule could not send it, so that it may have been received some time before `at`.
    """

    message: T
    at: str
    redriven: bool = False


@dataclass(frozen=True)
class _Kind:
    read: Callable[[bytes], Any]
    robot: Callable[[Any], str] | None
    handler: Callable[[str, Sequence[Received[Any]]], object]


@dataclass(frozen=True)
class _Arrived:
    """A message of a batch that can be read."""

    record: Record
    kind: str
    robot: str
    received: Received[Any]


class Topics:
    """What a service's topics.py registers: the handlers of robots' messages, by the last level of their topics.

    `@topics.on("state", reads=state)` registers a handler that is called once for each robot with all its messages of
    this topic in a batch, in the order in which the broker received them. `reads` makes a message of a payload, and
    raises UndeliverableError where it is none; `robot` names the robot of a message where the topic does not. The
    topics are handled in the order of their registration.

    uses: what the handlers call, of which the permissions of the function are made.
    """

    def __init__(self, service: str, queue: str = "topics", *, uses: Uses = NOTHING) -> None:
        self.service = service
        self.queue = queue
        self.uses = uses
        self._kinds: dict[str, _Kind] = {}
        self._redelivery = Redelivery(queue, fifo=False, name_in=_kind_in)

    @property
    def kinds(self) -> list[str]:
        """The topics that it handles, by their last levels."""
        return sorted(self._kinds)

    def on(
        self, kind: str, *, reads: Callable[[bytes], T], robot: Callable[[T], str] | None = None
    ) -> Callable[[Callable[[str, Sequence[Received[T]]], object]], Callable[[str, Sequence[Received[T]]], object]]:
        """Register the handler of a topic."""

        def register(
            handler: Callable[[str, Sequence[Received[T]]], object],
        ) -> Callable[[str, Sequence[Received[T]]], object]:
            if kind in self._kinds:
                raise TypeError(f"{kind} has a handler already")
            self._kinds[kind] = _Kind(reads, robot, handler)
            return handler

        return register

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Handle an SQS batch, and report those that failed. What there is no time to begin goes back at once."""
        started, lines, failed = clock.now(), list[str](), list[str]()
        arrived: list[_Arrived] = []
        for record in event["Records"]:
            error = outcome(partial(self._take, record, arrived))
            if error and not self._redelivery.may_leave(record, error):
                failed.append(record["messageId"])
        for position, group in enumerate(self._groups(arrived)):
            if position and budget.left() < budget.MESSAGE:
                for one in group:
                    self._redelivery.keep(one.record, 0)
                    failed.append(one.record["messageId"])
                continue
            error = outcome(partial(self._handle, group, lines))
            failed += [one.record["messageId"] for one in group if not self._redelivery.may_leave(one.record, error)]
        observe.batch(lines, (clock.now() - started).total_seconds())
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def attempt(self, body: str) -> None:
        """Handle one message by itself. Raises what its handler raises; nothing is reported."""
        arrived: list[_Arrived] = []
        self._take({"body": body}, arrived)
        self._handle(arrived, [])

    def _take(self, record: Record, arrived: list[_Arrived]) -> None:
        """Read a message. Raises UndeliverableError, and UnsubscribedError for a topic that newer code may handle."""
        body = _said(record["body"])
        name = str(body.get("topic"))
        if name not in self._kinds:
            raise UnsubscribedError(f"{self.service} does not handle the topic {name}")
        try:
            payload = b64decode(body["payload"], validate=True)
            at = clock.stamp(EPOCH + timedelta(milliseconds=int(body["received"])))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UndeliverableError(f"the body is not what a rule of the broker makes: {error!r}") from error
        kind = self._kinds[name]
        message = kind.read(payload)
        robot = kind.robot(message) if kind.robot else body.get("robot")
        if not (isinstance(robot, str) and robot):
            raise UndeliverableError("the body names no robot")
        arrived.append(_Arrived(record, name, robot, Received(message, at, FAILED in read_body(record["body"]))))

    def _groups(self, arrived: Sequence[_Arrived]) -> list[list[_Arrived]]:
        """The messages of one robot and one topic together, in the order in which they are to be handled."""
        places = {kind: place for place, kind in enumerate(self._kinds)}
        groups: dict[tuple[str, str], list[_Arrived]] = {}
        for one in sorted(arrived, key=lambda one: (places[one.kind], one.received.at)):
            groups.setdefault((one.kind, one.robot), []).append(one)
        return list(groups.values())

    def _handle(self, group: Sequence[_Arrived], lines: list[str]) -> None:
        kind, robot = group[0].kind, group[0].robot
        working = Context(actor=Caller(BOT, robot).actor)
        with (
            context.within(working),
            observe.log_fields(correlation_id=working.correlation_id, topic=kind, robot=robot),
        ):
            self._kinds[kind].handler(robot, [one.received for one in group])
        lines.append(observe.reported(kind, robot, working.correlation_id))


def dated(body: str, received: int) -> str:
    """A body to be redriven: with when it was received, where a rule could not send it; any other as it is.

    received: when the queue of what is undelivered received it, in milliseconds since 1970. The broker tries the rule's
    action several times before its error action, so the message may have been received some time before. What has a
    time already keeps it. https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html
    """
    try:
        said = read_body(body)
    except UndeliverableError:
        return body
    return json.dumps({**said, "received": received}) if FAILED in said and "received" not in said else body


def _said(body: str) -> dict[str, Any]:
    """What a rule made of a message, also of one that it could not send. Raises UndeliverableError."""
    said = read_body(body)
    if FAILED not in said:
        return said
    if "received" not in said:
        raise UndeliverableError(
            "a rule of the broker could not send this, and it does not say when: redrive it as a letter, which does"
        )
    topic = str(said.get("topic"))
    rest, _, kind = topic.rpartition("/")
    return {
        "robot": rest.rpartition("/")[2],
        "topic": PRESENCE if topic.startswith(PRESENCE_TOPICS) else kind,
        "received": said["received"],
        "payload": said[FAILED],
    }


def _kind_in(body: str) -> str:
    """The topic of a body, for logs."""
    try:
        return str(_said(body).get("topic", "unreadable"))
    except UndeliverableError:
        return "unreadable"
