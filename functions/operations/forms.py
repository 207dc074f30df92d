"""From a record of a failure queue to a letter: each sender says in its own way why it gave a message up.

an inbox           the message, with `reason`, `error`, `tries`, `code`, `first` as attributes (kernel/messaging)
a relay            the same, of what the bus refuses for its content
SQS                the message without a word: its function ended at each receive before it could report
                   https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
a rule             the event, with ERROR_CODE, ERROR_MESSAGE, RULE_ARN and others as attributes
                   https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
a rule of IoT      an object around what the robot sent
                   https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html
Lambda, a stream   where the records are that it gave up; batches.py reads them
                   https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from events.envelope import Envelope
from events.registry import language
from functions.kernel.eventstore.given_up import COMMIT
from functions.kernel.messaging.outcomes import LETTER, RUN
from functions.kernel.messaging.record import envelope, read_body
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.messaging.topics import FAILED, dated
from functions.kernel.runtime import clock
from functions.kernel.runtime.json_text import compact
from functions.operations.cloud import Held
from functions.operations.consumers import UNDELIVERED, FailureQueue
from functions.operations.fingerprints import fingerprint
from functions.operations.letters import Letter, letter_id
from functions.operations.redaction import redacted

ORDER_IDS = ("order_id", "basket_id", "list_id", "difference_id")  # a field of one of these names holds the order's id
TICK = "Scheduled Event"  # what EventBridge calls the event of a schedule's rule
LONGEST_REASON = 2_000  # characters, as an inbox's attributes have
LONGEST_WORD = 200  # of an error's name, a version of code, a topic
LONGEST_ID = 500  # of what an envelope names: no id of ours is longer, and a key of DynamoDB ends at 1,024 bytes

Attributes = Mapping[str, str]


@dataclass(frozen=True)
class Why:
    """Why a message was given up, as its letter has it."""

    reason: str
    error: str
    tries: int = 0
    first_received: str = ""
    failed_at: str = ""
    code: str = ""


def read(queue: FailureQueue, held: Held) -> Letter:
    """The letter of a record that holds one message. It never fails: what cannot be read is a letter too."""
    content = content_of(held.body)
    if "ERROR_CODE" in held.attributes:
        body = _tick(held.attributes, content) or held.body
        return letter(queue, body, _by_a_rule(held), held)
    if queue.kind == UNDELIVERED and "failures" in content and FAILED in content:
        # When it was received is what a robot's newest word is told by, and what the broker's error action leaves out.
        body = dated(held.body, number(held.system.get("SentTimestamp")))
        made = letter(queue, body, _by_a_rule_of_iot(held, content), held)
        return replace(made, id=identity(held) or letter_id(queue.consumer, "", held.body))
    made = letter(queue, held.body, _by_an_inbox(held) if "reason" in held.attributes else _by_sqs(held), held)
    version, _, stream = held.attributes.get(COMMIT, "").partition(" ")
    return in_its_place(made, (stream, version) if version.isdecimal() else None)


def letter(queue: FailureQueue, body: str, why: Why, held: Held) -> Letter:
    """The letter of a message. held: the record that it came by."""
    content = content_of(body)
    message = _message(content)
    sent_back = identity(held)
    made = Letter(
        id=sent_back or letter_id(queue.consumer, message.metadata.id if message else "", body),
        consumer=queue.consumer,
        queue=queue.name,
        body=redacted(body, content, message),
        fifo_group=held.system.get("MessageGroupId", ""),
        reason=why.reason[:LONGEST_REASON],
        error=why.error[:LONGEST_WORD],
        tries=why.tries,
        first_received=why.first_received[:LONGEST_WORD],
        failed_at=why.failed_at or clock.stamp(),
        code=why.code[:LONGEST_WORD],
        deliveries=(held.id,),
        run=held.attributes.get(RUN, "") if sent_back else "",
    )
    known = _of_message(made, message) if message else _of_topic(made, content)
    return replace(known, fingerprint=fingerprint(known.consumer, known.name, known.error, known.reason))


def in_its_place(made: Letter, place: Sequence[Any] | None) -> Letter:
    """A relay's letter with stream and version of the commit that holds its message: it is sent back from there."""
    return replace(made, stream=str(place[0]), stream_version=int(place[1])) if place else made


def identity(held: Held) -> str:
    """The letter that a record was when it was sent back, also to another consumer than its own; else empty."""
    return held.attributes.get(LETTER, "")


def content_of(body: str) -> dict[str, Any]:
    """The object that a body holds; empty where it holds none."""
    try:
        return read_body(body)
    except UndeliverableError:
        return {}


def _message(content: Mapping[str, Any]) -> Envelope | None:
    """The message in a body; None where there is none, or one whose names and ids no row could hold."""
    try:
        message = envelope(dict(content))
    except UndeliverableError:
        return None
    named = (value for _, value in message.metadata if isinstance(value, str))
    return message if all(map(_may_be_kept, named)) else None


def _may_be_kept(text: str) -> bool:
    """Whether a text is short, and text: JSON may hold half a surrogate pair, which no store takes."""
    return len(text) <= LONGEST_ID and not any("\ud800" <= one <= "\udfff" for one in text)


def _of_message(made: Letter, message: Envelope) -> Letter:
    metadata = message.metadata
    named = (message.data.get(name) for name in ORDER_IDS)
    return replace(
        made,
        message_id=metadata.id,
        name=metadata.name,
        version=metadata.version,
        stream=metadata.stream,
        stream_version=metadata.stream_version,
        correlation_id=metadata.correlation_id,
        causation_id=metadata.causation_id or "",
        order=next((id for id in named if isinstance(id, str) and id and _may_be_kept(id)), ""),
    )


def _of_topic(made: Letter, content: Mapping[str, Any]) -> Letter:
    """A message of a robot, or of the broker, which has no id: its topic, whole or only its last level, and whose."""
    topic, robot = content.get("topic"), content.get("robot")
    if not isinstance(topic, str) or not _may_be_kept(topic):
        return made
    whose = f"Robot#{robot}" if isinstance(robot, str) and _may_be_kept(robot) else ""
    return replace(made, name=topic.rpartition("/")[2], stream=whose)


def _by_an_inbox(held: Held) -> Why:
    """An inbox, or a relay: it sent the record itself, when it gave the message up."""
    given = held.attributes
    return Why(
        reason=given["reason"],
        error=given.get("error", ""),
        tries=number(given.get("tries")),
        first_received=given.get("first", ""),
        failed_at=_sent(held),
        code=given.get("code", ""),
    )


def _by_sqs(held: Held) -> Why:
    """The queue's redrive policy. A standard queue leaves the record its time, that of when it was first sent."""
    return Why(
        reason="its function ended before it could report, at each receive: see the log for a crash or a timeout",
        error="NotReported",
        first_received=_sent(held),
        code=held.attributes.get("code", ""),
    )


def _by_a_rule(held: Held) -> Why:
    given = held.attributes
    return Why(
        reason=f"the rule could not deliver it: {given.get('ERROR_MESSAGE') or given['ERROR_CODE']}",
        error=given["ERROR_CODE"],
        tries=number(given.get("RETRY_ATTEMPTS")),
        failed_at=_sent(held),
    )


def _by_a_rule_of_iot(held: Held, content: Mapping[str, Any]) -> Why:
    failures = content["failures"] if isinstance(content["failures"], list) else []
    first = next((one for one in failures if isinstance(one, dict)), {})
    return Why(
        reason=f"a rule of the broker could not send it: {_text(first.get('errorMessage'), 'unknown')}",
        error=_text(first.get("failedAction"), "RuleAction"),
        failed_at=_sent(held),
    )


def _tick(attributes: Attributes, content: Mapping[str, Any]) -> str | None:
    """The body that a schedule's rule would have sent, of the event that it did not send; None for any other event.

    The dead letter is the event as it was before the rule's transformer made a message of it. A rule of the service is
    named by stage, service and timer (infra/names.py).
    """
    if content.get("detail-type") != TICK:
        return None
    timer = language().get(attributes.get("RULE_ARN", "").rpartition("-")[2])
    if timer is None or not isinstance(content.get("time"), str):
        return None
    return compact({"detail-type": timer.about.name, "version": timer.about.version, "time": content["time"]})


def _sent(held: Held) -> str:
    """When a record was sent; empty where SQS does not say."""
    sent = held.system.get("SentTimestamp", "")
    return clock.stamp(datetime.fromtimestamp(int(sent) / 1000, UTC)) if sent.isdecimal() else ""


def _text(value: object, otherwise: str) -> str:
    return value if isinstance(value, str) and _may_be_kept(value) else otherwise


def number(text: object) -> int:
    """A count that a sender gives as text; 0 where it gives none."""
    with suppress(TypeError, ValueError):
        return int(text)  # type: ignore[call-overload, no-any-return]  # whatever it is, it is read or refused
    return 0
