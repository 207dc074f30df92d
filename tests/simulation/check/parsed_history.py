"""A history, read once: commits, requests, messages and the ways that they went, joined by their ids.

A history is a sequence of `(microseconds, kind, fields)`; the fields of each kind are in ../README.md. Here is what the
checks share, and no rule.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulation.check.records import Commit, Copy, Dead, Event, Message, Request

Entry = tuple[int, str, dict[str, Any]]
SECOND = 1_000_000  # microseconds
OLD = "old version"  # the fault by which a container runs the code from before
GIVEN_UP = "target given up"  # the fault after which an event comes to a rule's dead letters only a day later


class Reading:
    """What a history says, and how it ended.

    calm_from, quiet_from: when the faults ended, and when the last people went home too, in microseconds. failures: how
    many invocations failed, or failed at something. old: containers that run the version before.
    """

    def __init__(self, history: Sequence[Entry], final: Mapping[str, Any]) -> None:
        self.history = history
        self.final = final
        self.end = history[-1][0] if history else 0
        self.quiet_from = 0
        self.calm_from = 0
        self.commits: list[Commit] = []
        self.streams: dict[str, list[Commit]] = defaultdict(list)
        self.requests: dict[str, Request] = {}
        self.messages: dict[str, Message] = {}
        self.published: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.published_at: dict[str, int] = {}
        self.copies: dict[str, Copy] = {}
        self.given_up: set[tuple[str, str]] = set()
        self.dead: list[Dead] = []
        self.lost_to_queue: set[tuple[str, str, int]] = set()
        self.rows: list[tuple[int, str, str, str, dict[str, Any]]] = []
        self.effects: list[tuple[int, dict[str, Any]]] = []
        self.failures = 0
        self.old: set[str] = set()
        self._at_work: dict[str, str | None] = {}
        self._messages_of: dict[str, str] = {}
        self._underway: dict[tuple[str, str, int], str | None] = {}
        self._routed = "", ""
        self._parsed: dict[str, dict[str, Any] | None] = {}
        readers = {name[6:]: getattr(self, name) for name in dir(type(self)) if name.startswith("_read_")}
        for at, kind, fields in history:
            reader = readers.get(kind)
            if reader:
                reader(at, fields)
        if not self.quiet_from:
            self.quiet_from = max((at for at, kind, _ in history if kind == "fault"), default=0)
            self.calm_from = self.quiet_from

    @property
    def is_still(self) -> bool:
        """Whether all that was under way has come to its end."""
        return bool(self.final.get("still", True))

    def of_kind(self, kind: str) -> Iterator[tuple[str, list[Commit]]]:
        """The streams of a kind of aggregate: its id and its commits."""
        for commits in self.streams.values():
            if commits[0].kind == kind:
                yield commits[0].thing, commits

    def stream(self, kind: str, thing: str) -> list[Commit]:
        """The commits of one thing."""
        return self.streams.get(f"{kind}#{thing}", [])

    def cause_of(self, commit: Commit) -> Message | None:
        """The message that led to a commit."""
        return self.messages.get(commit.causation or "")

    def was_sent_to(self, queue: str, message_id: str) -> bool:
        """Whether a message was said to all, or to the service of a queue alone."""
        service = queue.partition("/")[0]
        return any(detail.get("to", service) == service for detail in self.published.get(message_id, ()))

    def table(self, name: str) -> Iterator[dict[str, dict[str, Any]]]:
        """The items that a table holds in the end."""
        items: Mapping[Any, dict[str, dict[str, Any]]] = self.final.get("tables", {}).get(name, {})
        return iter(items.values())

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
        )

    def _read_response(self, at: int, fields: dict[str, Any]) -> None:
        request = self.requests[fields["id"]]
        request.answered_at = at
        request.status, request.answer = fields["status"], fields.get("body")
        request.version = fields.get("version")

    def _read_invocation(self, at: int, fields: dict[str, Any]) -> None:
        self._at_work[fields["container"]] = next(iter(fields.get("cause") or ()), None)

    def _read_underway(self, at: int, fields: dict[str, Any]) -> None:
        for partition, sort in fields["keys"]:
            if isinstance(sort, int):
                self._underway[fields["container"], partition, sort] = self._at_work.get(fields["container"])

    def _read_commit(self, at: int, fields: dict[str, Any]) -> None:
        item = fields["item"]
        stream, version = item["stream"]["S"], int(item["version"]["N"])
        kind, _, thing = stream.partition("#")
        # What a container began it may end during its next invocation, or after its own end.
        container = fields["container"]
        cause = self._underway.pop((container, stream, version), None) or self._at_work.get(container)
        commit = Commit(
            at=at,
            service=fields["table"].partition("/")[0],
            stream=stream,
            kind=kind,
            thing=thing,
            version=version,
            id=item["id"]["S"],
            events=[
                Event(name, data, version + n) for n, (name, _, data) in enumerate(json.loads(item["events"]["S"]))
            ],
            messages=[],
            item=item,
            cause=item["cause"]["S"] if "cause" in item else None,
            causation=item["causation_id"]["S"] if "causation_id" in item else None,
            together=fields.get("in_transaction") or 1,
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
            self.lost_to_queue |= {(service, stream, int(version)) for stream, version in fields["keys"]}

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
        if copy := self.copies.get(fields["message"]):
            copy.deleted = at

    def _read_ended(self, at: int, fields: dict[str, Any]) -> None:
        self.failures += bool(fields.get("failures")) or fields["how"] == "error"
        for failed in fields.get("failures") or ():
            if copy := self.copies.get(failed):
                copy.failed += 1

    def _read_dead(self, at: int, fields: dict[str, Any]) -> None:
        body = fields["body"]
        message = self._in_body(fields["queue"], body)
        queue = fields["queue"].removesuffix("/dead-letters").removesuffix("/undelivered")
        detail = self._parsed[body]
        version = int(detail["metadata"].get("version", 1)) if detail else 1
        self.dead.append(Dead(at, queue, message, body, fields.get("reason") or {}, fields["by"], version))

    def _read_routed(self, at: int, fields: dict[str, Any]) -> None:
        self._routed = fields["entry"], fields["queue"]

    def _read_fault(self, at: int, fields: dict[str, Any]) -> None:
        if fields["name"] == GIVEN_UP:
            self.given_up.add((self._messages_of[self._routed[0]], self._routed[1]))
        elif fields["name"] == OLD:
            self.old.add(fields["where"])

    def _read_row(self, at: int, fields: dict[str, Any]) -> None:
        partition, sort = fields["key"]
        self.rows.append((at, fields["table"], partition, sort, fields["item"]))

    def _read_effect(self, at: int, fields: dict[str, Any]) -> None:
        self.effects.append((at, fields))

    def _read_quiet(self, at: int, fields: dict[str, Any]) -> None:
        self.quiet_from = at
        self.calm_from = self.calm_from or at


def _detail(body: str) -> dict[str, Any] | None:
    """The envelope in a queue's body; None for a schedule's tick and for what is none."""
    try:
        detail = json.loads(body).get("detail")
    except (ValueError, AttributeError):
        return None
    readable = isinstance(detail, dict) and isinstance(detail.get("metadata"), dict) and "id" in detail["metadata"]
    return detail if readable and "name" in detail["metadata"] and isinstance(detail.get("data"), dict) else None


def plain(item: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """An item's attributes as Python values."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: dict[str, Any]) -> Any:
    (kind, content), *_ = value.items()
    return int(content) if kind == "N" else content
