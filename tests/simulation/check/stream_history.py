"""The robots' stream, parsed: what was sent to robots and reached them, what they reported and truly did.

This module holds no invariant.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.failures import BEGIN, HARMLESS, of_topic, robot_and_topic
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Copy

TOPICS, FLEET = "fleet/topics", "fleet/inbox"
ENDED = ("FINISHED", "FAILED")
# Of these fleet takes what a robot has to do; of its registration nothing but the name.
TASKS = ("BotAssigned", "BotFinished", "BotCameOnline", "BotWentOffline", "BotRetired")
LATE = ("bus delay", "target retry", "target given up", "queue delay", "stream delay", "rule late", "presence late")
OF_RULES = ("rule failed", "rule lost", "rule late", "presence late")
# What may keep the robots' services from their work for a while after it struck: a message in back-off.
AFTER_FAULT = 1_020 * SECOND
Assignment = tuple[str, int]  # a list's id and the number of an assignment


@dataclass(slots=True)
class Sent:
    """A message that a function published for a robot. began: when its invocation did."""

    at: int
    began: int
    number: str
    bot_id: str
    kind: str
    content: dict[str, Any]
    expires: int
    by: str

    @property
    def assignment(self) -> Assignment | None:
        """Of an order."""
        return assignment_of(str(self.content.get("orderId", "")))


@dataclass(slots=True)
class Report:
    """A state of a robot that a rule sent to the queue.

    at: when it came there. said: when the broker had it, which may be long before. is_active: its order has not ended.
    goes_on: nothing keeps it from its order, which has not failed. gives_up: something does, and it is not that it is
    paused. is_put_down: its goods are at the depot. node: the last one that it was at. received: when a function
    received it first. handled: when its first copy left the queue, if it did.
    """

    at: int
    said: int
    bot_id: str
    order_id: str
    is_active: bool
    goes_on: bool
    gives_up: bool
    is_put_down: bool
    node: str
    told_at: tuple[str, int]
    received: int | None
    handled: int | None


@dataclass(slots=True)
class Ended:
    """An action that a robot truly ended. online: whether it had a connection, as far as it knew."""

    at: int
    bot_id: str
    assignment: Assignment
    action: str
    status: str
    product: tuple[str, str]
    result: int
    online: bool


@dataclass(slots=True)
class Known:
    """What a message of the depot tells of a robot. handled: when fleet had handled it."""

    handled: int
    version: int
    assignment: Assignment | None
    status: str


@dataclass(slots=True)
class Online:
    """A robot's ONLINE. received: when a function received it first. said: when the broker had it.

    handled: when its first copy left the queue, if it did.
    """

    received: int
    said: int
    handled: int | None


@dataclass
class StreamHistory:
    """All that concerns robots on the stream, in the order of time.

    presence: (at, event, version) of each robot's connections; reasons: why they ended. presence_handled: when fleet
    had handled an (event, version). online: what robots said of their being online. known: what fleet was told by the
    depot. disturbances: from when until when faults or outages struck what the stream needs. lost: when rules could not
    send messages of a robot. slow: by how much a container's clock was behind at most. heard: when fleet received each
    copy of a state first, and when the broker had it, later for one that the robot sent again. unsent: when tries of a
    container to publish failed.
    """

    sent: list[Sent] = field(default_factory=list)
    delivered: list[tuple[int, Sent]] = field(default_factory=list)
    reports: dict[str, list[Report]] = field(default_factory=lambda: defaultdict(list))
    ended: list[Ended] = field(default_factory=list)
    reasons: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    presence: dict[str, list[tuple[int, str, int]]] = field(default_factory=lambda: defaultdict(list))
    presence_handled: dict[str, dict[tuple[str, int], int]] = field(default_factory=lambda: defaultdict(dict))
    online: dict[str, list[Online]] = field(default_factory=lambda: defaultdict(list))
    known: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    deeds: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    disturbances: list[tuple[int, int]] = field(default_factory=list)
    lost: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    slow: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    heard: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    unsent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def left_in_order(self, bot_id: str) -> bool:
        """Whether the last connection of a robot ended by its own DISCONNECT, behind all that it had said."""
        return self.reasons[bot_id][-1:] == ["CLIENT_INITIATED_DISCONNECT"]

    @property
    def robots(self) -> set[str]:
        """The robots that stood in the mall."""
        return set(self.deeds)


def assignment_of(order_id: str) -> Assignment | None:
    """The list and assignment that an order's id names."""
    list_id, _, number = order_id.rpartition(".")
    return (list_id, int(number)) if list_id and number.isdecimal() else None


def parsed(history: ParsedHistory) -> StreamHistory:
    """Parse what concerns robots."""
    found = StreamHistory()
    began: dict[str, int] = {}
    by_number: dict[str, Sent] = {}
    away: dict[str, int] = {}
    for at, kind, fields in history.entries:
        if kind == "invocation":
            began[fields["container"]] = at
        elif kind == "mqtt":
            _mqtt(at, fields, began, by_number, found)
        elif kind == "presence":
            found.presence[fields["client"]].append((at, fields["event"], fields["version"]))
            found.reasons[fields["client"]].append(str(fields["reason"]))
        elif kind == "robot":
            found.deeds[fields["bot"]].append((at, fields))
            if fields["what"] == "ended action":
                found.ended.append(_ended(at, fields))
        elif kind == "clock":
            found.slow[fields["container"]] = max(found.slow[fields["container"]], -fields["skew"])
        elif kind == "away":
            away.setdefault(fields["target"], at)
        elif kind == "back":
            found.disturbances.append((away.pop(fields["target"], at), at))
        elif _is_disturbance(kind, fields):
            found.disturbances.append((at, at))
            container, _, what = str(fields.get("where", "")).partition(" ")
            if fields.get("name") == "rule lost":
                found.lost[of_topic(what)[0]].append(at)
            elif what == "Publish broker":
                found.unsent[container].append(at)
    found.disturbances += [(since, history.end) for since in away.values()]
    for letter in history.dead_letters:
        if letter.is_robots:
            robot, _ = robot_and_topic(letter.body)
            found.lost[robot].append(letter.at)
    if found.deeds:
        _read_queues(history, found)
    return found


def _mqtt(
    at: int, fields: Mapping[str, Any], began: Mapping[str, int], by_number: dict[str, Sent], found: StreamHistory
) -> None:
    if fields["what"] == "sent":
        *_, bot_id, kind = fields["topic"].split("/")
        content = json.loads(fields["payload"])
        start = began.get(fields["by"], at)
        one = Sent(at, start, fields["number"], bot_id, kind, content, fields["expires_us"], fields["by"])
        by_number[one.number] = one
        found.sent.append(one)
    elif fields["what"] == "delivered" and fields["number"] in by_number:
        found.delivered.append((at, by_number[fields["number"]]))


def _ended(at: int, fields: Mapping[str, Any]) -> Ended:
    parameters = fields["parameters"]
    result = str(fields["result"] or "")
    return Ended(
        at,
        fields["bot"],
        assignment_of(fields["order"]) or ("", 0),
        fields["action"],
        fields["status"],
        (str(parameters.get("storeId")), str(parameters.get("productId"))),
        int(result) if result.isdecimal() else 0,
        fields["online"],
    )


def _read_queues(history: ParsedHistory, found: StreamHistory) -> None:
    seen: dict[tuple[str, str, int], Report] = {}
    for copy in history.copies.values():
        if copy.queue == TOPICS:
            report = _report(copy)
            if report is None:
                _read_presence(copy, found)
                _read_online(copy, found)
                continue
            if report.received:
                found.heard[report.bot_id].append((report.received, report.said))
            first = seen.setdefault((report.bot_id, *report.told_at), report)
            if first is report:
                found.reports[report.bot_id].append(report)
            else:
                first.received = _earlier(first.received, report.received)
                first.handled = _earlier(first.handled, report.handled)
        elif copy.queue == FLEET and copy.message and copy.deleted and copy.message.name in TASKS:
            data = copy.message.data
            if "assignment" in data:
                has = (data["list_id"], data["assignment"]) if data["list_id"] else None
                version = int(copy.message.metadata["stream_version"])
                found.known[data["bot_id"]].append(Known(copy.deleted, version, has, data["status"]))


def _read_presence(copy: Copy, found: StreamHistory) -> None:
    fields = json.loads(copy.body)
    if fields.get("topic") == "presence" and copy.deleted is not None:
        event = json.loads(base64.b64decode(fields["payload"]))
        handled, key = found.presence_handled[event["clientId"]], (event["eventType"], int(event["versionNumber"]))
        handled[key] = min(copy.deleted, handled.get(key, copy.deleted))


def _read_online(copy: Copy, found: StreamHistory) -> None:
    fields = json.loads(copy.body)
    if fields.get("topic") == "connection" and copy.received and b'"ONLINE"' in base64.b64decode(fields["payload"]):
        found.online[fields["robot"]].append(Online(copy.received[0], _said(fields), copy.deleted))


def _said(fields: Mapping[str, Any]) -> int:
    at: int = fields["received"] * 1_000 - int(BEGIN.timestamp()) * SECOND
    return at


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _report(copy: Copy) -> Report | None:
    fields = json.loads(copy.body)
    if fields.get("topic") != "state":
        return None
    try:
        state = json.loads(base64.b64decode(fields["payload"]))
    except ValueError:
        return None
    active = bool(state["nodeStates"]) or any(one["actionStatus"] not in ENDED for one in state["actionStates"])
    harmless = all(one["errorLevel"] == "WARNING" for one in state["errors"])
    is_done = any(
        one.get("actionType") == "drop" and one["actionStatus"] == "FINISHED" for one in state["actionStates"]
    )
    failed = bool(state["orderId"]) and not active and not is_done
    gives_up = state["operatingMode"] != "AUTOMATIC" or failed or not harmless
    goes_on = not (gives_up or state["paused"])
    told_at = state["timestamp"], int(state["headerId"])
    received = copy.received[0] if copy.received else None
    return Report(
        copy.due,
        _said(fields),
        fields["robot"],
        state["orderId"],
        active,
        goes_on,
        gives_up,
        is_done,
        state["lastNodeId"],
        told_at,
        received,
        copy.deleted,
    )


def _is_disturbance(kind: str, fields: Mapping[str, Any]) -> bool:
    if kind in ("throttled", "runs"):
        return str(fields["function"]).startswith(("depot", "fleet"))
    if kind != "fault":
        return False
    name, where = fields["name"], str(fields["where"])
    if name in HARMLESS and name not in LATE:
        return name.startswith("schedule") and where.startswith("depot")
    return where.startswith(("depot", "fleet")) or name in ("outage", *OF_RULES)


def is_undisturbed(found: StreamHistory, since: int, until: int, after: int = AFTER_FAULT) -> bool:
    """Whether no fault or outage can have an effect on the stream in this time."""
    return not any(begin <= until and since - after <= end for begin, end in found.disturbances)
