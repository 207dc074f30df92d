"""Instant actions: what fleet records as asked of a robot goes out at once, by the function that recorded it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

AT_ONCE = "what a robot was asked is sent to it by the function that recorded it"

OF_AN_ACTION = {"retry", "skipRetry"}  # which go out to a robot that is connected alone


@dataclass(slots=True)
class Instruction:
    """What a commit recorded as asked. connected: whether the robot was, by its stream."""

    at: int
    bot_id: str
    id: str
    kind: str
    connected: bool


@dataclass(slots=True)
class Work:
    """An invocation of a function of fleet: what it recorded and did not send yet."""

    began: int
    request: str | None
    asked: list[Instruction] = field(default_factory=list)


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Instructions that no message to the robot held before the invocation ended, which did not fail."""
    works: dict[str, Work] = {}
    connected: dict[str, bool] = defaultdict(bool)
    for at, kind, fields in history.entries:
        if kind == "invocation" and str(fields["function"]).startswith("fleet/"):
            works[fields["container"]] = Work(at, next(iter(fields["cause"] or ()), None))
        elif kind == "commit" and fields["table"] == "fleet/events":
            asked = _asked(at, fields["item"], connected)
            if asked and fields["container"] in works:
                works[fields["container"]].asked.append(asked)
        elif kind == "mqtt" and fields["what"] == "sent" and fields["by"] in works:
            work, sent = works[fields["by"]], _action_ids(fields["payload"])
            work.asked = [one for one in work.asked if one.id not in sent]
        elif kind == "ended" and fields["container"] in works:
            work = works.pop(fields["container"])
            if work.asked and _succeeded(work, at, fields, history):
                yield from _unsent(work, history)


def _asked(at: int, item: Mapping[str, Any], connected: dict[str, bool]) -> Instruction | None:
    """The last that a commit asked of a robot and that it did not take back, for an earlier one may be replaced."""
    kind, _, bot_id = str(item["stream"]["S"]).partition("#")
    found = None
    for name, _, data in json.loads(item["events"]["S"]) if kind == "Robot" else ():
        if name in ("Connected", "Disconnected"):
            connected[bot_id] = name == "Connected"
        elif name == "Asked":
            found = data
        elif name == "Answered" and found and found["id"] in data["ids"]:
            found = None
    return Instruction(at, bot_id, found["id"], found["kind"], connected[bot_id]) if found else None


def _action_ids(payload: str) -> set[str]:
    return {action["actionId"] for action in json.loads(payload).get("actions", ())}


def _succeeded(work: Work, at: int, ended: Mapping[str, Any], history: ParsedHistory) -> bool:
    """Whether all that an invocation did went well: no message failed or was given up, and its client knows of it."""
    if ended["how"] != "ok" or ended.get("failures"):
        return False
    request = history.requests.get(work.request or "")
    if request:
        return request.accepted
    return not any(one.queue.startswith("fleet/") and work.began <= one.at <= at for one in history.dead_letters)


def _unsent(work: Work, history: ParsedHistory) -> Iterator[Violation]:
    for one in work.asked:
        if one.kind in OF_AN_ACTION and not one.connected:
            continue
        if work.request in history.requests and not _listens(history, one.bot_id, work.began, one.at):
            continue
        text = f"the robot {one.bot_id} was asked {one.id}, which was not sent to it"
        yield Violation(AT_ONCE, text, {"robot": one.bot_id, "at": one.at})


def _listens(history: ParsedHistory, bot_id: str, since: int, until: int) -> bool:
    """Whether a robot took instant actions by all that fleet showed of it meanwhile; by nothing it does."""
    before, during = True, True
    for at, table, partition, sort, item in history.rows:
        if at <= until and (table, partition, sort) == ("fleet/views", "reports", bot_id):
            shown = row_data(item) or {}
            listens = bool(shown.get("listens", True))
            before, during = (listens, during) if at <= since else (before, during and listens)
    return before and during
