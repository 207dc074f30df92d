"""A history parsed once for all checks: commits, requests, messages and deliveries, joined by their ids.

A history is a sequence of `(microseconds, kind, fields)`; ../README.md lists the fields of each kind. This module holds
no invariant.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulation.check import generations
from tests.simulation.check.records import Commit, Copy, DeadLetter, Event, Message, Outage, Request

Entry = tuple[int, str, dict[str, Any]]
SECOND = 1_000_000  # microseconds
OLD = "old version"  # the fault by which a container runs the previous version of the code
GIVEN_UP = "target given up"  # the fault by which a rule dead-letters an event


class ParsedHistory:
    """A history and the final state.

    end, faults_ended_at: times in microseconds. failure_count: invocations that failed, timed out or reported a failed
    item. old_containers: those that run the previous version of the code. outages: those of a long day. rows: as they
    are read, those of the generation of a view that is live then; stored_rows: all, as they are stored. lost_by_relay:
    commits (service, stream, version) that a relay gave up. lost_batches: those (stream, version) of each batch that a
    stream gave up, by shard and first number. given_up: (message, queue) pairs that a rule gave up. pauses: of each
    queue, from when until when it was, or began to be, switched off.
    """

    def __init__(self, entries: Sequence[Entry], final: Mapping[str, Any]) -> None:
        self.entries = entries
        self.final = final
        self.end = entries[-1][0] if entries else 0
        self.faults_ended_at = 0
        self.commits: list[Commit] = []
        self.streams: dict[str, list[Commit]] = defaultdict(list)
        self.requests: dict[str, Request] = {}
        self.messages: dict[str, Message] = {}
        self.published: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.published_at: dict[str, int] = {}
        self.copies: dict[str, Copy] = {}
        self.given_up: set[tuple[str, str]] = set()
        self.dead_letters: list[DeadLetter] = []
        self.lost_by_relay: set[tuple[str, str, int]] = set()
        self.lost_batches: dict[tuple[str, int], list[tuple[str, int]]] = {}
        self.rows: list[tuple[int, str, str, str, dict[str, Any]]] = []
        self.stored_rows: list[tuple[int, str, str, str, dict[str, Any]]] = []
        self._live: dict[str, dict[str, int]] = defaultdict(dict)
        self.effects: list[tuple[int, dict[str, Any]]] = []
        self.failure_count = 0
        self.outages: list[Outage] = []
        self.old_containers: set[str] = set()
        self.pauses: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._current_cause: dict[str, str | None] = {}
        self._messages_of: dict[str, str] = {}
        self._pending_transactions: dict[tuple[str, str, int], tuple[int, str | None]] = {}
        self._routed = "", ""
        self._dead: dict[str, DeadLetter] = {}
        self._parsed: dict[str, dict[str, Any] | None] = {}
        readers = {name[6:]: getattr(self, name) for name in dir(type(self)) if name.startswith("_read_")}
        for at, kind, fields in entries:
            reader = readers.get(kind)
            if reader:
                reader(at, fields)
        if not self.faults_ended_at:
            self.faults_ended_at = max((at for at, kind, _ in entries if kind == "fault"), default=0)

    @property
    def is_quiescent(self) -> bool:
        """Whether the run settled: nothing is in progress any more."""
        return bool(self.final.get("quiescent", True))

    def of_kind(self, kind: str) -> Iterator[tuple[str, list[Commit]]]:
        """The streams of one aggregate class, each as (aggregate id, commits)."""
        for commits in self.streams.values():
            if commits[0].kind == kind:
                yield commits[0].aggregate_id, commits

    def stream(self, kind: str, aggregate_id: str) -> list[Commit]:
        """The commits of one aggregate."""
        return self.streams.get(f"{kind}#{aggregate_id}", [])

    def cause_of(self, commit: Commit) -> Message | None:
        """The message that led to a commit."""
        return self.messages.get(commit.causation or "")

    def resumed(self, queue: str, at: int) -> int:
        """When a queue that was paused at a time was resumed; the time itself where it was not."""
        return max((end for begin, end in self.pauses.get(queue, ()) if end > at), default=at)

    def was_sent_to(self, queue: str, message_id: str) -> bool:
        """Whether a message was published to everyone, or to the service of a queue alone."""
        service = queue.partition("/")[0]
        return any(detail.get("to", service) == service for detail in self.published.get(message_id, ()))

    def table(self, name: str) -> Iterator[dict[str, dict[str, Any]]]:
        """The items of a table in the final state, as they are read: of a view, those of its live generation."""
        items: Mapping[Any, dict[str, dict[str, Any]]] = self.final.get("tables", {}).get(name, {})
        if name not in generations.VIEWS or generations.POINTERS not in items:
            return iter(items.values())
        live = generations.live(name, row_data(items[generations.POINTERS]))
        return iter([dict(one) for one in generations.read_now(name, items.values(), live)])

    def _read_request(self, at: int, fields: dict[str, Any]) -> None:
        expected = fields.get("if_match")
        self.requests[fields["id"]] = Request(
            id=fields["id"],
            at=at,
            who=fields["who"],
            method=fields["method"],
            path=fields["path"],
            key=fields.get("key"),
            body=fields.get("body"),
            if_match=int(str(expected).strip('"')) if expected else None,
            token=fields.get("token"),
        )

    def _read_response(self, at: int, fields: dict[str, Any]) -> None:
        request = self.requests[fields["id"]]
        request.answered_at = at
        request.status, request.answer = fields["status"], fields.get("body")
        request.version = fields.get("version")

    def _read_invocation(self, at: int, fields: dict[str, Any]) -> None:
        self._current_cause[fields["container"]] = next(iter(fields.get("cause") or ()), None)

    def _read_underway(self, at: int, fields: dict[str, Any]) -> None:
        for partition, sort in fields["keys"]:
            if isinstance(sort, int):
                cause = self._current_cause.get(fields["container"])
                self._pending_transactions[fields["container"], partition, sort] = at, cause

    def _read_undone(self, at: int, fields: dict[str, Any]) -> None:
        for partition, sort in fields["keys"]:
            self._pending_transactions.pop((fields["container"], partition, sort), None)

    def _read_commit(self, at: int, fields: dict[str, Any]) -> None:
        item = fields["item"]
        stream, version = item["stream"]["S"], int(item["version"]["N"])
        kind, _, aggregate_id = stream.partition("#")
        # A transaction that a container began may commit during its next invocation, or after its end.
        container = fields["container"]
        began, cause = self._pending_transactions.pop((container, stream, version), (at, None))
        cause = cause or self._current_cause.get(container)
        commit = Commit(
            at=at,
            began=began,
            service=fields["table"].partition("/")[0],
            stream=stream,
            kind=kind,
            aggregate_id=aggregate_id,
            version=version,
            id=item["id"]["S"],
            events=[
                Event(name, data, version + n) for n, (name, _, data) in enumerate(json.loads(item["events"]["S"]))
            ],
            messages=[],
            item=item,
            time=item["time"]["S"],
            cause=item["cause"]["S"] if "cause" in item else None,
            causation=item["causation_id"]["S"] if "causation_id" in item else None,
            items_in_transaction=fields.get("in_transaction") or 1,
            request=cause if cause in self.requests else None,
        )
        for carried in json.loads(item["messages"]["S"]) if "messages" in item else ():
            message = self._message(carried["detail"], commit.service, carried.get("delay"), commit)
            commit.messages.append(message)
        self.commits.append(commit)
        self.streams[stream].append(commit)
        if commit.request:
            self.requests[commit.request].commits.append(commit)

    def _message(
        self, detail: dict[str, Any], service: str, delay: int | None = None, commit: Commit | None = None
    ) -> Message:
        metadata = detail["metadata"]
        message = Message(metadata["id"], metadata["name"], service, detail, delay, commit)
        return self.messages.setdefault(message.id, message)

    def _read_published(self, at: int, fields: dict[str, Any]) -> None:
        detail = fields["detail"] if isinstance(fields["detail"], dict) else json.loads(fields["detail"])
        if not isinstance(detail.get("metadata"), dict) or "id" not in detail["metadata"]:
            return
        message = self._message(detail, fields["service"].removeprefix("mallbots."))
        self.published[message.id].append(detail)
        self._messages_of[fields["entry"]] = message.id
        self.published_at.setdefault(message.id, at)

    def _read_stream(self, at: int, fields: dict[str, Any]) -> None:
        if fields["what"] == "lost-to-queue":
            service = fields["table"].partition("/")[0]
            keys = [(stream, int(version)) for stream, version in fields["keys"]]
            self.lost_by_relay |= {(service, *key) for key in keys}
            self.lost_batches[fields.get("shard", ""), fields.get("first", 0)] = keys

    def _read_sent(self, at: int, fields: dict[str, Any]) -> None:
        queue, body = fields["queue"], fields["body"]
        due = at + int((fields.get("delay") or 0) * SECOND)
        self.copies[fields["message"]] = Copy(queue, fields["message"], self._in_body(queue, body), body, due)

    def _in_body(self, queue: str, body: str) -> Message | None:
        if body not in self._parsed:
            self._parsed[body] = _detail(body)
        detail = self._parsed[body]
        return self._message(detail, queue.partition("/")[0]) if detail else None

    def _read_received(self, at: int, fields: dict[str, Any]) -> None:
        if copy := self.copies.get(fields["message"]):
            copy.received.append(at)

    def _read_deleted(self, at: int, fields: dict[str, Any]) -> None:
        if copy := self.copies.get(fields["message"]) or self._dead.get(fields["message"]):
            copy.deleted = at

    def _read_ended(self, at: int, fields: dict[str, Any]) -> None:
        self.failure_count += bool(fields.get("failures")) or fields["how"] in ("error", "timeout")
        for failed in fields.get("failures") or ():
            if copy := self.copies.get(failed):
                copy.failed += 1

    def _read_dead(self, at: int, fields: dict[str, Any]) -> None:
        body = fields["body"]
        message = self._in_body(fields["queue"], body)
        queue = fields["queue"].removesuffix("/dead-letters").removesuffix("/undelivered")
        detail = self._parsed[body]
        version = int(detail["metadata"].get("version", 1)) if detail else 1
        letter = DeadLetter(at, queue, message, body, fields.get("reason") or {}, fields["by"], version)
        self.dead_letters.append(letter)
        self._dead[fields["message"]] = letter

    def _read_routed(self, at: int, fields: dict[str, Any]) -> None:
        self._routed = fields["entry"], fields["queue"]

    def _read_fault(self, at: int, fields: dict[str, Any]) -> None:
        if fields["name"] == GIVEN_UP:
            self.given_up.add((self._messages_of[self._routed[0]], self._routed[1]))
        elif fields["name"] == OLD:
            self.old_containers.add(fields["where"])

    def _read_row(self, at: int, fields: dict[str, Any]) -> None:
        (partition, sort), table, item = fields["key"], fields["table"], fields["item"]
        self.stored_rows.append((at, table, partition, sort, item))
        if table in generations.VIEWS:
            if (partition, sort) == generations.POINTERS:
                self._live[table] = generations.live(table, row_data(item))
            number, name = generations.split(partition)
            view = generations.view_of(table, name)
            if view and number != self._live[table].get(view, 0):
                return
            partition, item = name, generations.without_prefix(item)
        self.rows.append((at, table, partition, sort, item))

    def _read_effect(self, at: int, fields: dict[str, Any]) -> None:
        self.effects.append((at, fields))

    def _read_away(self, at: int, fields: dict[str, Any]) -> None:
        self.outages.append(Outage(fields["name"], fields["target"], at))

    def _read_back(self, at: int, fields: dict[str, Any]) -> None:
        next(it for it in self.outages if it.target == fields["target"] and not it.end).end = at

    def _read_mapping(self, at: int, fields: dict[str, Any]) -> None:
        pauses = self.pauses[fields["queue"]]
        if fields["state"] == "Disabling":
            pauses.append((at, 1 << 62))
        elif fields["state"] == "Enabled" and pauses:
            pauses[-1] = pauses[-1][0], at

    def _read_quiet(self, at: int, fields: dict[str, Any]) -> None:
        self.faults_ended_at = at


def _detail(body: str) -> dict[str, Any] | None:
    """The envelope in a message body; None for a schedule's tick and for anything unreadable."""
    try:
        detail = json.loads(body).get("detail")
    except (ValueError, AttributeError):
        return None
    readable = isinstance(detail, dict) and isinstance(detail.get("metadata"), dict) and "id" in detail["metadata"]
    return detail if readable and "name" in detail["metadata"] and isinstance(detail.get("data"), dict) else None


def row_data(item: Mapping[str, dict[str, Any]] | None) -> dict[str, Any] | None:
    """What a row of a read model shows, stored as text or deflated; None when it is not there or was deleted."""
    if not item or "data" not in item:
        return None
    (kind, content), *_ = item["data"].items()
    data: dict[str, Any] = json.loads(zlib.decompress(content) if kind == "B" else content)
    return data


def plain(item: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The attributes of an item as Python values."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: dict[str, Any]) -> Any:
    (kind, content), *_ = value.items()
    return int(content) if kind == "N" else content
