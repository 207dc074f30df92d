"""Dead letters: none is lost between its failure queue and the rows of operations, and each is what it says.

Written from the issue: a letter is in its queue, in the store, or in both under one identity (consumer and message id,
a hash of the body where that cannot be read); repetitions are a count.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.delivery import OLD_FIELDS, Deliveries
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.subscribers import VERSIONS
from tests.simulation.check.violation import Violation

STORED = "a letter leaves its queue only when it is stored, under its identity"
DRAINED = "what was given up is in the store in the end, and its queues are empty"
VERBATIM = "a letter is stored and sent as it was given up, verbatim"
COUNTED = "that a letter came again is a count"
LEGAL = "a letter goes from one state to another as the table says"
ENDS = "every letter is open, done, parked or discarded in the end, the last two with a reason"
HANDLED = "a letter that is shown as done was handled"
CLAIMED = "a letter is sent only by the redrive that has it, once by each run"
GROUPED = "a group has the counts of its letters"

TABLE = "operations/views"
OPEN, REDRIVING, PARKED, DONE, DISCARDED = "open", "redriving", "parked", "done", "discarded"
NEXT = {
    OPEN: {OPEN, REDRIVING, PARKED, DONE, DISCARDED},
    REDRIVING: {REDRIVING, OPEN, DONE},
    PARKED: {PARKED, DONE, DISCARDED, OPEN},
    DONE: {DONE, OPEN},
    DISCARDED: {DISCARDED},
}
BATCH = "DDBStreamBatchInfo"  # in what a stream gave up
HIGHEST_CAP = 20
EDITION = "made by an edit of"
TICK: tuple[str, ...] = ()  # the message of a schedule, whose id is made of what it holds: it is known by its body


@dataclass
class Stored:
    """What the store shows of a letter: its versions, each with its time, and the parts of its bodies."""

    id: str
    versions: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> dict[str, Any]:
        return self.versions[-1][1]

    def before(self, at: int) -> list[dict[str, Any]]:
        """The versions that there were at a time."""
        return [data for written, data in self.versions if written <= at]

    @property
    def body(self) -> str:
        """The body of its last version."""
        begin = f"body {self.last['life']} "
        return "".join(text for sort, text in sorted(self.parts.items()) if sort.startswith(begin))


@dataclass
class GivenUp:
    """A record in a failure queue. wanted: for each letter that it must become, the identities that it may have."""

    queue: str
    message: str
    at: int
    body: str
    wanted: list[tuple[str, ...]]
    is_batch: bool
    deleted: int | None = None


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Letters that are lost, changed, doubled, or in a state that they cannot have."""
    given_up = list(_given_up(history))
    letters = stored(history)
    if (not given_up and not letters) or TABLE not in history.final.get("tables", {}):
        return  # the latter in a history that is written by hand: there is no store
    for one in given_up:
        if one.wanted == [TICK]:
            consumer = one.queue.rpartition("/")[0]
            one.wanted = [
                tuple(id for id, it in letters.items() if (it.last["consumer"], it.body) == (consumer, one.body))
            ]
        yield from _is_stored(one, letters, history)
    for letter in letters.values():
        yield from _changes(letter)
        yield from _verbatim(letter, given_up)
    yield from _sent(history, letters)
    if not history.is_quiescent:
        return
    yield from _counted(given_up, letters)
    for letter in letters.values():
        yield from _end(letter)
        yield from _handled(letter, letters, history, deliveries)
    yield from _groups(history, letters)


def stored(history: ParsedHistory) -> dict[str, Stored]:
    """The letters of the store by their ids, with all their versions."""
    found: dict[str, Stored] = {}
    for at, table, partition, sort, item in history.rows:
        kind, _, id = partition.partition(" ")
        if table != TABLE or kind != "letter" or not item:
            continue
        letter, data = found.setdefault(id, Stored(id)), row_data(item) or {}
        if sort == "letter":
            letter.versions.append((at, data))
        else:
            letter.parts[sort] = data["text"]
    return {id: letter for id, letter in found.items() if letter.versions}


def _given_up(history: ParsedHistory) -> Iterator[GivenUp]:
    open_: dict[tuple[str, str], GivenUp] = {}
    for at, kind, fields in history.entries:
        if kind == "dead":
            body, reason = fields["body"], fields.get("reason") or {}
            wanted, is_batch = _identities(fields["queue"], body, reason, history)
            open_[fields["queue"], fields["message"]] = GivenUp(
                fields["queue"], fields["message"], at, body, wanted, is_batch
            )
        elif kind == "deleted" and (found := open_.get((fields["queue"], fields["message"]))):
            found.deleted = at
    yield from open_.values()


def _identities(
    queue: str, body: str, reason: Mapping[str, Any], history: ParsedHistory
) -> tuple[list[tuple[str, ...]], bool]:
    consumer = queue.rpartition("/")[0]
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    content = content if isinstance(content, dict) else {}
    if BATCH in content:
        keys = history.lost_batches[content[BATCH]["shardId"], int(content[BATCH]["startSequenceNumber"])]
        commits = {(commit.stream, commit.version): commit for commit in history.commits}
        ids = [message.id for key in keys for message in commits[key].messages]
        return [(identity(consumer, id),) for id in ids], True
    if "letter" in reason:
        return [(str(reason["letter"]),)], False
    if "detail" not in content and isinstance(content.get("time"), str):
        return [TICK], False
    by_body = identity(consumer, f"body:{hashlib.sha256(body.encode()).hexdigest()}")
    detail = content.get("detail")
    metadata = detail.get("metadata") if isinstance(detail, dict) else None
    id = metadata.get("id") if isinstance(metadata, dict) else None
    return [(identity(consumer, str(id)), by_body) if id else (by_body,)], False


def identity(consumer: str, named: str) -> str:
    """The id of a letter."""
    return hashlib.sha256(f"{consumer}|{named}".encode()).hexdigest()[:32]


def _is_stored(one: GivenUp, letters: Mapping[str, Stored], history: ParsedHistory) -> Iterator[Violation]:
    until = history.end if one.deleted is None else one.deleted
    about = {"queue": one.queue, "message": one.message}
    if one.deleted is None:
        if history.is_quiescent:
            yield Violation(DRAINED, f"{one.message} is in {one.queue} in the end", about)
        return
    for ids in one.wanted:
        found = [data for id in ids if id in letters for data in letters[id].before(until)]
        if not found or len({data["id"] for data in found}) > 1:
            text = f"{one.message} left {one.queue}, and not one letter {' or '.join(ids)} is stored"
            yield Violation(STORED, text, {**about, "body": one.body[:200]})
        elif not one.is_batch and not any(one.message in data["deliveries"] for data in found):
            yield Violation(STORED, f"{one.message} left {one.queue}, and its letter does not know of it", about)


def _changes(letter: Stored) -> Iterator[Violation]:
    about = {"letter": letter.id}
    before: dict[str, Any] | None = None
    for _, data in letter.versions:
        if before:
            if data["state"] not in NEXT[before["state"]]:
                text = f"letter {letter.id} went from {before['state']} to {data['state']}"
                yield Violation(LEGAL, text, about)
            if (data["message_id"], data["consumer"]) != (before["message_id"], before["consumer"]):
                yield Violation(LEGAL, f"letter {letter.id} became another", about)
            begun = data["state"] == REDRIVING != before["state"]
            taken = data["redrives"] - before["redrives"]
            is_refused = taken == -1 and data["history"][-1]["what"] == "not sent"  # by its queue, or its relay
            if (taken != begun and not is_refused) or (begun and data["run"] == before["run"]):
                text = f"letter {letter.id} was taken by {data['run']} as redrive {data['redrives']}"
                yield Violation(CLAIMED, text, about)
        before = data


def _verbatim(letter: Stored, given_up: list[GivenUp]) -> Iterator[Violation]:
    """The body is that of one of its records, unless what a newer version dropped was dropped.

    What failed in a run was read from history: it is the same message, and the bus has added nothing to it.
    """
    bodies = [one.body for one in given_up if not one.is_batch and any(letter.id in ids for ids in one.wanted)]
    if not bodies or letter.last["version"] < VERSIONS.get(letter.last["name"], 1):
        return
    newest = [body for body in bodies if _same(body, letter.body) or _same(_without_dropped(body), letter.body)]
    is_old = any(_version(body) < VERSIONS.get(letter.last["name"], 1) for body in bodies)
    if _came_by_a_run(letter):
        newest = newest or [body for body in bodies if _detail(body) == _detail(letter.body)]
    if not newest and not is_old:
        text = f"letter {letter.id} of {letter.last['name']} at {letter.last['consumer']} has another body"
        yield Violation(VERBATIM, text, {"letter": letter.id, "body": letter.body[:300]})


def _same(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return one == other


def _detail(body: str) -> Any:
    try:
        return json.loads(body)["detail"]
    except (ValueError, TypeError, KeyError):
        return body


def _without_dropped(body: str) -> str:
    """The body of a customer's event without the members that no version but the first has."""
    try:
        content = json.loads(body)
        if VERSIONS.get(content["detail"]["metadata"]["name"], 1) > 1:
            data = content["detail"]["data"]
            content["detail"]["data"] = {name: value for name, value in data.items() if name not in OLD_FIELDS}
        return json.dumps(content)
    except (ValueError, TypeError, KeyError, AttributeError):
        return body


def _version(body: str) -> int:
    try:
        return int(json.loads(body)["detail"]["metadata"].get("version", 1))
    except (ValueError, TypeError, KeyError, AttributeError):
        return 1


def _sent(history: ParsedHistory, letters: Mapping[str, Stored]) -> Iterator[Violation]:
    """What is sent back is claimed by its run before, and is the letter's body."""
    places: dict[str, set[str]] = defaultdict(set)
    for at, kind, fields in history.entries:
        if kind != "sent" or "letter" not in fields:
            continue
        letter, run = letters.get(fields["letter"]), fields["run"]
        about = {"letter": fields["letter"], "run": run, "queue": fields["queue"]}
        if letter is None or not any(data["run"] == run for data in letter.before(at)):
            yield Violation(CLAIMED, f"letter {fields['letter']} was sent by {run}, which has not claimed it", about)
            continue
        if not _same(fields["body"], letter.body):
            yield Violation(VERBATIM, f"letter {letter.id} was sent otherwise than it is stored", about)
        if fields["queue"] != letter.last["consumer"]:
            yield Violation(CLAIMED, f"letter {letter.id} was sent to {fields['queue']}", about)
        places[letter.id].add(run)
    for id, runs in places.items():
        if len({run.rpartition("/")[0] for run in runs}) < len(runs) or len(runs) > HIGHEST_CAP:
            yield Violation(CLAIMED, f"letter {id} was sent by {sorted(runs)}", {"letter": id})


def _counted(given_up: list[GivenUp], letters: Mapping[str, Stored]) -> Iterator[Violation]:
    """A letter came as often as there are records of it; what a stream gave up may be read more often."""
    for letter in letters.values():
        of_letter = [one for one in given_up if any(letter.id in ids for ids in one.wanted)]
        if any(one.is_batch for one in of_letter) or letter.last["consumer"].endswith("/relay") or not of_letter:
            continue
        times = len({one.message for one in of_letter})
        repetitions = times if _is_edition(letter) else times - 1
        if letter.last["repetitions"] != repetitions and not _came_by_a_run(letter):
            text = f"letter {letter.id} came {times} times, and counts {letter.last['repetitions']} repetitions"
            yield Violation(COUNTED, text, {"letter": letter.id})


def _is_edition(letter: Stored) -> bool:
    """Whether an edit made it: it was a letter before it came the first time."""
    return any(one["what"] == EDITION for one in letter.last["history"])


def _came_by_a_run(letter: Stored) -> bool:
    return any(" " in delivery for _, data in letter.versions for delivery in data["deliveries"])


def _end(letter: Stored) -> Iterator[Violation]:
    state = letter.last["state"]
    if state not in (OPEN, PARKED, DONE, DISCARDED):
        yield Violation(ENDS, f"letter {letter.id} is {state} in the end", {"letter": letter.id})
    if state in (PARKED, DISCARDED):
        said = [one for one in letter.last["history"] if one["what"] == state and one["detail"].strip()]
        if not said and not _is_edition(letter):
            yield Violation(ENDS, f"letter {letter.id} is {state} without a reason", {"letter": letter.id})


def _handled(
    letter: Stored, letters: Mapping[str, Stored], history: ParsedHistory, deliveries: Deliveries
) -> Iterator[Violation]:
    last = letter.last
    if last["state"] != DONE:
        return
    about = {"letter": letter.id, "message": last["message_id"]}
    consumer, message_id = last["consumer"], last["message_id"]
    if last["sent_as"]:
        if identity(consumer, last["sent_as"]) not in letters:
            yield Violation(HANDLED, f"letter {letter.id} was edited, and its edition is nowhere", about)
    elif consumer.endswith("/relay"):
        queues = {copy.queue for copy in history.copies.values() if copy.message and copy.message.id == message_id}
        if message_id not in history.published and not queues:
            yield Violation(HANDLED, f"letter {letter.id} is done, and {last['name']} was never published", about)
    elif message_id in history.messages:
        if (consumer, message_id) not in deliveries.handled:
            yield Violation(HANDLED, f"letter {letter.id} of {last['name']} is done, not handled by {consumer}", about)
        elif (consumer, message_id) in deliveries.set_aside:
            text = f"letter {letter.id} of {last['name']} is done, and failed in what {consumer} builds"
            yield Violation(HANDLED, text, about)
    else:
        copies = [copy for copy in history.copies.values() if (copy.queue, copy.body) == (consumer, letter.body)]
        if not any(copy.deleted is not None for copy in copies):
            yield Violation(HANDLED, f"letter {letter.id} is done, not handled by {consumer}", about)


def _groups(history: ParsedHistory, letters: Mapping[str, Stored]) -> Iterator[Violation]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for letter in letters.values():
        found[letter.last["fingerprint"]][letter.last["state"]] += 1
    rows: dict[str, dict[str, Any]] = {}
    for item in history.table(TABLE):
        if item["sort"]["S"] == "group":
            data = row_data(item) or {}
            rows[data["id"]] = data
    for id, counts in found.items():
        shown = {state: number for state, number in rows.get(id, {}).get("counts", {}).items() if number}
        if shown != counts:
            text = f"group {id} shows {shown}, and has {dict(counts)}"
            yield Violation(GROUPED, text, {"group": id})
