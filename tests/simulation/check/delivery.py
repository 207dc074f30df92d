"""Delivery: every message of every commit is handled by every subscriber, or is dead-lettered for a valid reason."""

from collections.abc import Collection, Iterator
from typing import Any

from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.rebuild_runs import is_seen_too_late, runs_of
from tests.simulation.check.records import Copy, DeadLetter, Message
from tests.simulation.check.subscribers import ANSWERS, SUBSCRIBERS, TIMERS, VERSIONS
from tests.simulation.check.violation import Violation

PUBLISHED = "every message of a commit is published"
VERBATIM = "a message is published as it was stored, verbatim"
DELIVERED = "every message is handled by every subscriber or dead-lettered"
ANSWERED = "every command is answered"
OLD_FIELDS = ("name", "sms_number")  # of customers' events, in version 1
DEAD_LETTER_REASON = "a message is dead-lettered for a valid reason"
UNKNOWN_VERSION = "a message of an unknown version waits for the code that knows it"

ATTEMPTS = 8  # of the inbox, before it dead-letters a message
FIFO = "/dispatcher"  # all messages wait for one that fails there, so it has its attempts and no more
# Hours of the inbox, from the first receive. Every failure here is a transient fault's: the system has no errors of its
# own. A version that the code does not know may be known by that of tomorrow.
TRANSIENT, NEWER = 8, 24
BROKEN = "RuntimeError"  # of a handler that a deploy broke: attempts are enough
RECEIVES = 200  # of the queue, before its redrive policy dead-letters a message


class Deliveries:
    """The outcome of each message at each queue: handled, dead-lettered, or given up by a rule or a relay.

    set_aside: those that were handled, but in no copy without being dead-lettered for a generation that is not read.
    """

    def __init__(self, history: ParsedHistory) -> None:
        self._open: dict[tuple[str, str], list[Copy]] = {}
        copies: dict[tuple[str, str], list[Copy]] = {}
        for copy in history.copies.values():
            if copy.message is None:
                continue
            place = copy.queue, copy.message.id
            copies.setdefault(place, []).append(copy)
            if copy.deleted is None:
                self._open.setdefault(place, []).append(copy)
        # A copy that the inbox or the queue dead-letters is deleted from its queue too, without being handled. One may
        # come to its failure queue twice: the inbox sends again what was not acknowledged.
        dead: set[str] = set()
        aside: dict[str, int] = {}
        for letter in history.dead_letters:
            if letter.by in ("inbox", "redrive") and letter.message:
                there = copies.get((letter.queue, letter.message.id), ())
                if letter.is_set_aside:
                    aside[_dead_copy(there, letter, ())] = letter.at
                else:
                    dead.add(_dead_copy(there, letter, dead))
        self.handled = {
            place
            for place, there in copies.items()
            if any(copy.deleted is not None and copy.id not in dead for copy in there)
        }
        self.set_aside = {
            place
            for place, there in copies.items()
            if any(copy.id in aside for copy in there)
            and not any(
                copy.deleted is not None and copy.id not in dead and copy.received[-1] > aside.get(copy.id, -1)
                for copy in there
                if copy.received
            )
        }
        self.dead_lettered = {
            (letter.queue, letter.message.id): letter
            for letter in history.dead_letters
            if letter.message and not letter.is_set_aside and (letter.queue, letter.message.id) not in self.handled
        }
        self.given_up = {(queue, message_id) for message_id, queue in history.given_up} - self.handled
        self._missed: dict[tuple[str, str], set[str]] = {}
        runs = runs_of(history) if aside else {}
        for letter in history.dead_letters:
            if letter.message and letter.is_set_aside and is_seen_too_late(letter, runs):
                self._miss(letter.queue, letter.message)
        for queue, message_id in sorted(self.given_up):
            self._miss(queue, history.messages[message_id])
        for (queue, _), letter in self.dead_lettered.items():
            if letter.message and not _is_of_a_newer_version(letter):
                self._miss(queue, letter.message)
        for commit in history.commits:
            if (commit.service, commit.stream, commit.version) in history.lost_by_relay:
                for message in commit.messages:
                    for queue in SUBSCRIBERS.get(message.name, (f"{commit.service}/inbox",)):
                        if not history.was_sent_to(queue, message.id):
                            self._miss(queue, message)

    def _miss(self, queue: str, message: Message) -> None:
        service = queue.partition("/")[0]
        for aggregate_id in _aggregate_ids(message):
            for place in (service, queue):
                self._missed.setdefault((place, aggregate_id), set()).add(message.name)

    def is_pending(self, queue: str, message_id: str, end: int) -> bool:
        """Whether the queue has a copy that becomes visible only after `end`, in microseconds."""
        return any(copy.due > end for copy in self._open.get((queue, message_id), ()))

    def misses_any(self, service: str) -> bool:
        """Whether a service has not handled some message."""
        return any(place.partition("/")[0] == service for place, _ in self._missed)

    def misses(self, place: str, aggregate_id: str, names: Collection[str]) -> bool:
        """Whether a service, or one queue of it, has not handled some message of these names about an aggregate."""
        missed = self._missed.get((place, aggregate_id))
        return missed is not None and any(name in missed for name in names)


def _dead_copy(copies: Collection[Copy], letter: DeadLetter, dead: Collection[str]) -> str:
    """The copy that a dead letter was: of those in its queue, received before it, the one that was deleted next.

    One that was received again after it was not deleted with it: what became of it then counts.
    """
    there = [
        (copy.id in dead, copy.deleted or 1 << 62, -copy.received[-1], copy.id)
        for copy in copies
        if copy.received and copy.received[-1] <= letter.at and (copy.deleted is None or copy.deleted >= letter.at)
    ]
    return min(there)[-1] if there else ""


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Messages that are lost, changed, unanswered, or dead-lettered without a reason."""
    yield from _verbatim(history)
    for letter in history.dead_letters:
        yield from _dead_letter_reason(letter, history)
    yield from _unknown_versions(history)
    if not history.is_quiescent:
        return
    for message in history.messages.values():
        if message.delay is not None or message.name in TIMERS:
            yield from _timer(message, history, deliveries)
        elif message.commit or message.id in history.published:
            yield from _delivered(message, history, deliveries)
    yield from _answered(history, deliveries)


def _verbatim(history: ParsedHistory) -> Iterator[Violation]:
    for message_id, details in history.published.items():
        commit = history.messages[message_id].commit
        if commit is None:
            continue
        stored = next(message for message in commit.messages if message.id == message_id)
        for detail in details:
            addressed = {name: part for name, part in detail.items() if name != "to"}
            if addressed != stored.detail and not _is_older_version_of(addressed, stored.detail):
                text = f"{stored.name} of {commit.where} was published otherwise than it is stored"
                yield Violation(VERBATIM, text, {"message": message_id, "stream": commit.stream})


def _unknown_versions(history: ParsedHistory) -> Iterator[Violation]:
    """Messages of a version that this code does not write yet: it is deployed when the faults end."""
    given_up: dict[tuple[str, str], int] = {}
    for letter in history.dead_letters:  # of several copies of a message, each may be given up: the first counts
        if letter.message:
            given_up.setdefault((letter.queue, letter.message.id), letter.at)
    for copy in history.copies.values():
        message = copy.message
        if message is None or message.metadata.get("version", 1) <= VERSIONS.get(message.name, 1):
            continue
        if copy.deleted and copy.deleted < min(
            history.faults_ended_at, given_up.get((copy.queue, message.id), copy.deleted + 1)
        ):
            text = f"{message.name} in version {message.metadata['version']} was taken as handled at {copy.queue}"
            yield Violation(UNKNOWN_VERSION, text, {"message": message.id})


def _is_older_version_of(detail: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Whether a client published the message as the previous version of the code would have: with fewer fields.

    What was personal then is not counted.
    """
    data = {name: value for name, value in detail["data"].items() if name not in OLD_FIELDS}
    older = detail["metadata"]["version"] <= stored["metadata"]["version"] and len(data) < len(stored["data"])
    return older and all(stored["data"].get(name) == value for name, value in data.items())


def _timer(message: Message, history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    commit = message.commit
    if commit is None:
        return
    queue = f"{commit.service}/inbox"
    place = queue, message.id
    known = place in deliveries.handled or place in deliveries.dead_lettered
    known = known or deliveries.is_pending(*place, history.end)
    lost = (commit.service, commit.stream, commit.version) in history.lost_by_relay
    if not known and not lost and commit.at + (message.delay or 0) * 1_000_000 <= history.end:
        text = f"{message.name} of {commit.where} was never delivered to {commit.service}"
        yield Violation(DELIVERED, text, {"message": message.id, "stream": commit.stream})


def _delivered(message: Message, history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    commit = message.commit
    # A republish to one consumer does not replace the publication to all.
    to_all = any("to" not in detail for detail in history.published.get(message.id, ()))
    if commit and not to_all and (commit.service, commit.stream, commit.version) not in history.lost_by_relay:
        text = f"{message.name} of {commit.where} was never published"
        yield Violation(PUBLISHED, text, {"message": message.id, "stream": commit.stream})
        return
    for queue in SUBSCRIBERS.get(message.name, ()):
        place = queue, message.id
        known = any(place in places for places in (deliveries.handled, deliveries.dead_lettered, deliveries.given_up))
        if history.was_sent_to(*place) and not known:
            text = f"{message.name} was published and never handled at {queue}"
            about = {"message": message.id, "stream": message.metadata.get("stream")}
            yield Violation(DELIVERED, text, about)


def _answered(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    replies = {(m.metadata.get("causation_id"), m.name) for m in history.messages.values() if m.id in history.published}
    for message in history.messages.values():
        if message.name not in ANSWERS:
            continue
        queue, answers = ANSWERS[message.name]
        handled = (queue, message.id) in deliveries.handled
        if handled and not any((message.id, answer) in replies for answer in answers):
            lost = history.lost_by_relay and any(
                m.metadata.get("causation_id") == message.id and m.name in answers for m in history.messages.values()
            )
            if not lost:
                text = f"{message.name} was handled at {queue} and never answered"
                yield Violation(ANSWERED, text, {"message": message.id, "saga": message.metadata.get("saga")})


def _dead_letter_reason(letter: DeadLetter, history: ParsedHistory) -> Iterator[Violation]:
    """A dead letter was attempted often enough, or no attempt can succeed."""
    if letter.by in ("rule", "relay"):
        return
    name = letter.message.name if letter.message else "an unreadable message"
    if letter.by == "redrive":
        received = max((len(c.received) for c in history.copies.values() if c.body == letter.body), default=0)
        if received < RECEIVES:
            text = f"{name} was given up at {letter.queue} after {received} receives"
            yield Violation(DEAD_LETTER_REASON, text, {"message": letter.message.id if letter.message else None})
        return
    if letter.is_set_aside and letter.reason.get("error") == BROKEN:
        return
    if is_hopeless(letter):
        return
    attempts = int(letter.reason.get("tries", 0))
    copies = (c for c in history.copies.values() if (c.queue, c.body) == (letter.queue, letter.body))
    first = min((copy.received[0] for copy in copies if copy.received), default=letter.at)
    hours = (letter.at - first) / (3_600 * SECOND)
    enough = NEWER if letter.version > 1 else TRANSIENT
    if letter.reason.get("error") == BROKEN:
        enough = 0
    if attempts < ATTEMPTS or (hours < enough and not letter.queue.endswith(FIFO)):
        text = f"{name} was given up at {letter.queue} after {attempts} attempts and {hours:.1f} hours"
        text += f": {letter.reason.get('reason')}"
        yield Violation(DEAD_LETTER_REASON, text, {"message": letter.message.id if letter.message else None})


def is_hopeless(letter: DeadLetter) -> bool:
    """Whether no attempt can succeed: it is unreadable, has no subscriber here, or asks for what was refused."""
    message = letter.message
    if message is None or message.name in ("RefundDue", "VoidDue"):
        return True
    known = message.name in TIMERS or letter.queue in SUBSCRIBERS.get(message.name, ())
    # Published by a client: whether its data is valid is not judged here.
    return not known or (message.commit is None and not _is_of_a_newer_version(letter))


def _is_of_a_newer_version(letter: DeadLetter) -> bool:
    """Whether it is of a version that this code does not write yet."""
    return letter.message is not None and letter.version > VERSIONS.get(letter.message.name, 1)


def _aggregate_ids(message: Message) -> set[str]:
    """The ids of the aggregates that a message is about: those in its data, and its stream's."""
    found = {value for name, value in message.data.items() if name.endswith("_id") and isinstance(value, str)}
    found.add(str(message.metadata.get("stream", "")).partition("#")[2])
    return found
