"""Every message of every commit reaches every subscriber, or lies where somebody sees it, for a reason that counts."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from tests.simulation.check.parsed_history import Reading
from tests.simulation.check.records import Copy, Dead, Message
from tests.simulation.check.subscribers import ANSWERS, SUBSCRIBERS, TIMERS, VERSIONS
from tests.simulation.check.violation import Violation

SENT = "every message of a commit is sent"
VERBATIM = "what is sent is what was stored, verbatim"
REACHED = "every message reaches every subscriber or an accounted dead letter"
ANSWERED = "every command is answered"
ACCOUNTED = "a dead letter has a reason that counts"
READABLE = "what nobody can read is not taken for handled"

TRIES = 8  # of the inbox, before it lays a message with the dead letters
RECEIVES = 12  # of the queue, before it does so itself


class Ways:
    """What became of each message at each queue in the end: handled, or in trouble (it lies with the dead letters)."""

    def __init__(self, reading: Reading) -> None:
        done: Counter[tuple[str, str]] = Counter()
        self._open: dict[tuple[str, str], list[Copy]] = {}
        for copy in reading.copies.values():
            if copy.message is None:
                continue
            place = copy.queue, copy.message.id
            if copy.deleted is not None:
                done[place] += 1
            else:
                self._open.setdefault(place, []).append(copy)
        for dead in reading.dead:
            # What is laid there is deleted from its queue too, by the inbox or by the queue.
            if dead.by in ("inbox", "redrive") and dead.message:
                done[dead.queue, dead.message.id] -= 1
        self.handled = {place for place, times in done.items() if times > 0}
        self.in_trouble = {
            (dead.queue, dead.message.id): dead
            for dead in reading.dead
            if dead.message and (dead.queue, dead.message.id) not in self.handled
        }
        self.given_up = {(queue, message_id) for message_id, queue in reading.given_up} - self.handled
        self._missed: dict[tuple[str, str], set[str]] = {}
        for queue, message_id in sorted(self.given_up):
            self._miss(queue, reading.messages[message_id])
        for (queue, _), dead in self.in_trouble.items():
            if dead.message and not _from_another_day(dead):
                self._miss(queue, dead.message)
        for commit in reading.commits:
            if (commit.service, commit.stream, commit.version) in reading.lost_to_queue:
                for message in commit.messages:
                    for queue in SUBSCRIBERS.get(message.name, (f"{commit.service}/inbox",)):
                        if not reading.was_sent_to(queue, message.id):
                            self._miss(queue, message)

    def _miss(self, queue: str, message: Message) -> None:
        service = queue.partition("/")[0]
        for thing in _about(message):
            self._missed.setdefault((service, thing), set()).add(message.name)

    def waits(self, queue: str, message_id: str, end: int) -> bool:
        """Whether a copy lies in the queue that falls due after the end only."""
        return any(copy.due > end for copy in self._open.get((queue, message_id), ()))

    def troubled(self, thing: str, *services: str) -> bool:
        """Whether one of these services lacks in the end any message about a thing."""
        return any((service, thing) in self._missed for service in services)

    def misses(self, service: str, thing: str, names: Collection[str]) -> bool:
        """Whether a service lacks in the end a message of one of these names about a thing."""
        missed = self._missed.get((service, thing))
        return missed is not None and any(name in missed for name in names)


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Messages that are lost, changed, unanswered, or given up without a reason."""
    yield from _verbatim(reading)
    for dead in reading.dead:
        yield from _accounted(dead, reading)
    yield from _readable(reading, ways)
    if not reading.is_still:
        return
    for message in reading.messages.values():
        if message.delay is not None or message.name in TIMERS:
            yield from _timer(message, reading, ways)
        elif message.commit or message.id in reading.published:
            yield from _reached(message, reading, ways)
    yield from _answered(reading, ways)


def _verbatim(reading: Reading) -> Iterator[Violation]:
    for message_id, details in reading.published.items():
        commit = reading.messages[message_id].commit
        if commit is None:
            continue
        stored = next(message for message in commit.messages if message.id == message_id)
        for detail in details:
            addressed = {name: part for name, part in detail.items() if name != "to"}
            if addressed != stored.detail and not _as_of_old(addressed, stored.detail):
                text = f"{stored.name} of {commit.where} was sent otherwise than it is stored"
                yield Violation(VERBATIM, text, {"message": message_id, "stream": commit.stream})


def _readable(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Messages of a version that is not written yet lie with the dead letters, until somebody can read them."""
    for queue, message_id in sorted(ways.handled):
        message = reading.messages[message_id]
        if message.metadata.get("version", 1) > VERSIONS.get(message.name, 1):
            text = f"{message.name} in version {message.metadata['version']} was taken for handled at {queue}"
            yield Violation(READABLE, text, {"message": message_id})


def _as_of_old(said: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Whether somebody said it again as the version before would have: with fewer fields."""
    older = said["metadata"]["version"] <= stored["metadata"]["version"] and len(said["data"]) < len(stored["data"])
    return older and all(stored["data"].get(name) == value for name, value in said["data"].items())


def _timer(message: Message, reading: Reading, ways: Ways) -> Iterator[Violation]:
    commit = message.commit
    if commit is None:
        return
    queue = f"{commit.service}/inbox"
    place = queue, message.id
    known = place in ways.handled or place in ways.in_trouble or ways.waits(*place, reading.end)
    lost = (commit.service, commit.stream, commit.version) in reading.lost_to_queue
    if not known and not lost and commit.at + (message.delay or 0) * 1_000_000 <= reading.end:
        text = f"{message.name} of {commit.where} never came back to {commit.service}"
        yield Violation(REACHED, text, {"message": message.id, "stream": commit.stream})


def _reached(message: Message, reading: Reading, ways: Ways) -> Iterator[Violation]:
    commit = message.commit
    # What an operator says again to one consumer does not stand for what all were to hear.
    to_all = any("to" not in detail for detail in reading.published.get(message.id, ()))
    if commit and not to_all and (commit.service, commit.stream, commit.version) not in reading.lost_to_queue:
        text = f"{message.name} of {commit.where} was never sent"
        yield Violation(SENT, text, {"message": message.id, "stream": commit.stream})
        return
    for queue in SUBSCRIBERS.get(message.name, ()):
        place = queue, message.id
        known = any(place in places for places in (ways.handled, ways.in_trouble, ways.given_up))
        if reading.was_sent_to(*place) and not known:
            text = f"{message.name} was sent and never handled at {queue}"
            about = {"message": message.id, "stream": message.metadata.get("stream")}
            yield Violation(REACHED, text, about)


def _answered(reading: Reading, ways: Ways) -> Iterator[Violation]:
    replies = {(m.metadata.get("causation_id"), m.name) for m in reading.messages.values() if m.id in reading.published}
    for message in reading.messages.values():
        if message.name not in ANSWERS:
            continue
        queue, answers = ANSWERS[message.name]
        handled = (queue, message.id) in ways.handled
        if handled and not any((message.id, answer) in replies for answer in answers):
            lost = reading.lost_to_queue and any(
                m.metadata.get("causation_id") == message.id and m.name in answers for m in reading.messages.values()
            )
            if not lost:
                text = f"{message.name} was handled at {queue} and never answered"
                yield Violation(ANSWERED, text, {"message": message.id, "saga": message.metadata.get("saga")})


def _accounted(dead: Dead, reading: Reading) -> Iterator[Violation]:
    """What is laid with the dead letters has been tried often enough, or no try can make it good."""
    if dead.by in ("rule", "relay"):
        return
    name = dead.message.name if dead.message else "what cannot be read"
    if dead.by == "redrive":
        received = max((len(c.received) for c in reading.copies.values() if c.body == dead.body), default=0)
        if received < RECEIVES:
            text = f"{name} was given up at {dead.queue} after {received} receives"
            yield Violation(ACCOUNTED, text, {"message": dead.message.id if dead.message else None})
        return
    tries = int(dead.reason.get("tries", 0))
    if tries < TRIES and not is_hopeless(dead):
        text = f"{name} was given up at {dead.queue} after {tries} tries: {dead.reason.get('reason')}"
        yield Violation(ACCOUNTED, text, {"message": dead.message.id if dead.message else None})


def is_hopeless(dead: Dead) -> bool:
    """Whether no try can make a message good: it is unreadable, not known here, or a refund that is refused."""
    message = dead.message
    if message is None or message.name == "RefundDue":
        return True
    known = message.name in TIMERS or dead.queue in SUBSCRIBERS.get(message.name, ())
    return (
        not known
        or message.commit is None  # made up by somebody: whether its data fits is not judged here
        or dead.version > 1  # what the version before this one does not know yet
    )


def _from_another_day(dead: Dead) -> bool:
    """Whether it is of a version that is not written yet."""
    return dead.message is not None and dead.version > VERSIONS.get(dead.message.name, 1)


def _about(message: Message) -> set[str]:
    """The ids of what a message is about: those in its data, and its stream's."""
    found = {value for name, value in message.data.items() if name.endswith("_id") and isinstance(value, str)}
    found.add(str(message.metadata.get("stream", "")).partition("#")[2])
    return found
