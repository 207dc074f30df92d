"""A run's history for the simulation's checker: what is stored, and what clients were answered, in the order of time.

What only a simulated cloud can see is not there: when a message was received, how often a handler tried, and each state
of a row before its last. A message that was published and is in no queue any more counts as handled at the end.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.chaos.journal import Asked, Journal
from tests.chaos.kills import cause_of
from tests.chaos.saved import Item, Saved, is_of_failures
from tests.simulation.check.parsed_history import SECOND, Entry, row_data
from tests.simulation.check.stored_form import unpacked
from tests.simulation.check.subscribers import SUBSCRIBERS

SANDBOX = "sandbox provider: "  # the partitions that are the provider's books
Stored = tuple[float, str, Item]  # when, in which table, and the commit's item
AT_ONCE = 0.2  # seconds between the times of two commits of one transaction, at most: 0.021 on a busy machine
KEYS = {"events": ("stream", "version"), "views": ("partition", "sort")}


class Recorded:
    """Entries and the final state, as `check` takes them. began: the Unix time that is 0.

    faults_ended: a Unix time.
    """

    def __init__(
        self, found: Saved, journal: Journal, settings: Mapping[str, str], faults_ended: float, *, rested: bool
    ) -> None:
        self._found, self._journal = found, journal
        self._commits = sorted(_commits(found), key=lambda commit: (commit[0], int(commit[2]["version"]["N"])))
        # A write without a key is in no commit that names it: what came of it cannot be told.
        asked = [one for one in journal.entries if not one.taken_back and (one.key or not one.writes)]
        # Of a state that was used before: the first attempt is not in this journal.
        first = min((one.at for one in journal.entries), default=0.0)
        known = {item["cause"]["S"] for time, _, item in self._commits if time < first and "cause" in item}
        asked = [one for one in asked if not (one.key and cause_of(one) in known)]
        self.began = min([one.at for one in asked] + [at for at, _, _ in self._commits], default=0.0)
        self._end = found.moment + 1
        self.final = {"tables": _tables(found), "quiescent": rested, "settings": dict(settings)}
        quiet: Entry = self._at(faults_ended), "quiet", {}
        of_requests, of_messages = self._requests(asked), self._messages()
        entries = [*self._effects(), *of_requests, *self._stored(asked), *of_messages, *self._letters(), quiet]
        self.entries: list[Entry] = sorted(entries, key=lambda entry: entry[0])

    def _at(self, time: float) -> int:
        return round((time - self.began) * SECOND)

    def _requests(self, asked: Iterable[Asked]) -> Iterator[Entry]:
        for one in asked:
            fields = {"method": one.method, "path": one.path, "key": one.key, "body": one.body}
            yield self._at(one.at), "request", {"id": _id(one), "who": one.who, **fields}
            answer = {"id": _id(one), "status": one.status, "body": one.answer, "version": one.version}
            yield self._at(one.answered_at or self._end), "response", answer

    def _stored(self, asked: Iterable[Asked]) -> Iterator[Entry]:
        by_cause: dict[str, list[Asked]] = defaultdict(list)
        for one in asked:
            if one.key and one.writes:
                by_cause[cause_of(one)].append(one)
        last: dict[str, int] = {}
        for write in _transactions(self._commits):
            time = write[0][0]
            # Two commits of a stream may have one time, by two clocks that tick coarsely.
            at = max([self._at(time), *(last.get(item["stream"]["S"], -1) + 1 for _, _, item in write)])
            for _, table, item in write:
                stream, version = item["stream"]["S"], int(item["version"]["N"])
                last[stream], container = at, f"{stream} {version}"
                causing = by_cause.get(item["cause"]["S"]) if "cause" in item else None
                if causing:
                    one = _attempt(causing, time)
                    yield at, "invocation", {"container": container, "function": "", "cause": [_id(one)]}
                fields = {"table": table, "key": [stream, version], "item": item, "container": container}
                yield at, "commit", {**fields, "in_transaction": len(write)}

    def _messages(self) -> Iterator[Entry]:
        end = self._at(self._end)
        for number, event in enumerate(self._found.archived):
            detail = _detail(event)
            if detail is None:
                continue
            entry, name = f"entry-{number}", detail["metadata"]["name"]
            at = min(self._at(_time(detail["metadata"]["time"])), end)
            yield (
                at,
                "published",
                {"service": detail["metadata"]["source"], "entry": entry, "name": name, "detail": detail},
            )
            only = detail.get("to")
            for queue in SUBSCRIBERS.get(name, ()):
                if only in (None, queue.partition("/")[0]):
                    yield from self._handled(at, queue, f"{entry} {queue}", json.dumps({"id": entry, "detail": detail}))
        for time, table, item in self._commits:
            for carried in json.loads(item["messages"]["S"]) if "messages" in item else ():
                if carried.get("delay") is not None:
                    detail = carried["detail"]
                    queue = f"{table.partition('/')[0]}/inbox"
                    yield from self._handled(
                        self._at(time), queue, f"timer {detail['metadata']['id']}", json.dumps({"detail": detail})
                    )

    def _handled(self, at: int, queue: str, message: str, body: str) -> Iterator[Entry]:
        end = self._at(self._end)
        yield at, "sent", {"queue": queue, "message": message, "body": body, "delay": 0}
        yield end, "received", {"queue": queue, "message": message, "count": 1, "function": queue}
        yield end, "deleted", {"queue": queue, "message": message}

    def _effects(self) -> Iterator[Entry]:
        """What the provider did; its books have no times, so it did all that at the beginning."""
        for item in self._found.tables.get("payments/views", []):
            partition = item["partition"]["S"]
            entry = row_data(item) if partition.startswith(SANDBOX) else None
            if entry and entry["done"]:
                what = {"payment": partition.removeprefix(SANDBOX), "call": entry["kind"], "amount": entry["amount"]}
                fields = {"port": "provider", "request_id": entry["request_id"], "what": what}
                yield -1, "effect", {**fields, "answered": True, "again": entry["asked"] > 1}

    def _letters(self) -> Iterator[Entry]:
        for queue, letters in self._found.failures().items():
            by = "inbox" if queue.endswith("/dead-letters") else "rule"
            for letter in letters:
                reason = {
                    name: value.get("StringValue") for name, value in (letter.get("message_attributes") or {}).items()
                }
                fields = {"queue": queue, "message": letter["id"], "body": letter["body"], "reason": reason, "by": by}
                yield self._at(self._end), "dead", fields


def waiting(found: Saved) -> dict[str, int]:
    """The messages that still wait, by queue. A schedule's tick is none: one has come each minute."""
    left = {
        name: sum(_is_message(message["body"]) for message in messages)
        for name, messages in found.queues.items()
        if not is_of_failures(name)
    }
    return {name: number for name, number in left.items() if number}


def _is_message(body: str) -> bool:
    try:
        return "detail" in json.loads(body)
    except (ValueError, TypeError):
        return True


def _commits(found: Saved) -> Iterator[Stored]:
    for table, items in found.tables.items():
        if table.endswith("/events"):
            for item in items:
                commit = unpacked(item)
                yield _time(commit["time"]["S"]), table, commit


def _transactions(commits: Iterable[Stored]) -> Iterator[list[Stored]]:
    """The commits, those together that were written in one transaction: by one cause, at once, of two streams."""
    open_ones: dict[tuple[str, ...], list[Stored]] = {}
    writes: list[list[Stored]] = []
    for time, table, item in commits:
        causes = (item.get(name, {}).get("S", "") for name in ("correlation_id", "actor", "causation_id", "cause"))
        key = table, *causes
        write = open_ones.get(key)
        if write and time - write[0][0] < AT_ONCE and item["stream"] not in [other["stream"] for _, _, other in write]:
            write.append((time, table, item))
        else:
            open_ones[key] = [(time, table, item)]
            writes.append(open_ones[key])
    yield from writes


def _attempt(attempts: list[Asked], time: float) -> Asked:
    """Which attempt of a request made a commit: one that was under way then; rather one that was not refused."""
    before = [one for one in attempts if one.at <= time] or attempts[:1]
    return next((one for one in before if one.accepted), next((one for one in before if not one.status), before[0]))


def _tables(found: Saved) -> dict[str, dict[Any, Item]]:
    tables: dict[str, dict[Any, Item]] = {}
    for table, items in found.tables.items():
        partition, sort = KEYS.get(table.partition("/")[2], ("partition", "sort"))
        numbered = sort == "version"
        tables[table] = {
            (item[partition]["S"], int(item[sort]["N"]) if numbered else item[sort]["S"]): (
                unpacked(item) if numbered else item
            )
            for item in items
        }
    return tables


def _detail(event: Mapping[str, Any]) -> dict[str, Any] | None:
    detail = event.get("Detail") or event.get("detail")
    detail = json.loads(detail) if isinstance(detail, str) else detail
    return detail if isinstance(detail, dict) and "metadata" in detail else None


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _id(asked: Asked) -> str:
    return f"request-{asked.id}"
