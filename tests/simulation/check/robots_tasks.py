"""What fleet does with what the depot says of robots: once that is handled, its effect is in the robot's stream.

Without this a handler that swallows an error leaves a robot without its order until it reports again, or for ever.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.records import Message
from tests.simulation.check.stream_history import FLEET, assignment_of
from tests.simulation.check.violation import Violation

TAKEN_OVER = "what fleet has handled of a robot's task is in the robot's stream"
SET_OUT = "an order whose list and robot fleet has handled goes out to a robot that is free and whose place is known"

TOLD_BY = ("BotAssigned", "BotWentOffline")  # of a robot on the stream they are always news
OF_A_LIST = "ShoppingListAssigned"
VIEWS = "fleet/views"

Number = tuple[str, int]


@dataclass(slots=True)
class Change:
    """A commit of a robot's stream. cause: the id of the message that led to it; "" for none."""

    at: int
    container: str
    cause: str
    events: list[Any]


@dataclass(slots=True)
class Handled:
    """A message of the depot that fleet took as handled. worker: the container that did so, from when until when."""

    message: Message
    bot_id: str
    worker: str
    began: int
    ended: int


@dataclass(slots=True)
class Robot:
    """What a robot's stream comes to. number: the session and the number of the latest state that changed something."""

    on_stream: bool = False
    retired: bool = False
    available: bool = False
    idle: bool = True
    done: bool = False
    refused: bool = False
    shown: str = ""
    too_large: str = ""
    task: str = ""
    told: set[int] = field(default_factory=set)
    tasks: set[object] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    number: Number = ("", -1)

    def wants(self, order_id: str) -> bool:
        """Whether it is free for this order, which is its task."""
        is_free = self.available and self.idle and not (self.done or self.refused or self.retired)
        return is_free and self.task == order_id and order_id not in (self.shown, self.too_large)

    def take(self, name: str, data: dict[str, Any]) -> None:
        """What an event changes."""
        if name in ("Connected", "Disconnected"):
            self.on_stream = True
            presence = data["presence"]
            if name == "Connected" and not presence["session"]:
                self.number = max(self.number, (presence["at"], -1), key=lambda number: number[0])
        elif name == "SessionBegan":
            self.on_stream = True
            self.number = max(self.number, (data["at"], -1), key=lambda number: number[0])
        elif name in ("BecameAvailable", "BecameUnavailable"):
            self.available = name == "BecameAvailable"
            if data.get("at"):
                self.number = self.number[0], data["header"]
        elif name == "Retired":
            self.retired = True
        elif name == "TaskChanged":
            self._take_task(data["task"])
        elif name == "Refused":
            self.refused, self.done = data["has_list"], False
            self.task = self.task if data["has_list"] else ""
        elif name == "OrderSent":
            self.sent.add(data["order_id"])
        elif name == "OrderTooLarge":
            self.too_large = data["order_id"]
        elif name == "OrderShown":
            self.shown, self.idle = data["order_id"], data["idle"]
            self.number = self.number[0], data["header"]
        elif name == "Collected":
            self.done = data["done"]
            self.number = self.number[0], data["header"]

    def _take_task(self, task: dict[str, Any]) -> None:
        self.task = f"{task['list_id']}.{task['assignment']}" if task["list_id"] and task["assignment"] else ""
        self.refused = self.done = False
        self.told.add(task["version"])
        self.tasks.add(assignment_of(self.task))


@dataclass
class Fleet:
    """What fleet did: of each robot's stream, of its rows, and which messages it handled."""

    changes: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    handled: list[Handled] = field(default_factory=list)

    def robot(self, bot_id: str, until: int) -> Robot:
        """A robot as its stream said it was."""
        robot = Robot()
        for change in self.changes[bot_id]:
            if change.at <= until:
                for name, _, data in change.events:
                    robot.take(name, data)
        return robot

    def row(self, partition: str, sort: str, until: int) -> dict[str, Any]:
        """A row as it was; {} where there was none."""
        return next((data for at, data in reversed(self.rows[partition, sort]) if at <= until), {})


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Messages of the depot that fleet took as handled, and that have left no trace."""
    fleet = _parsed(history)
    first: dict[str, Handled] = {}
    for one in sorted(fleet.handled, key=lambda handled: handled.ended):
        first.setdefault(one.message.id, one)
    for one in fleet.handled:
        name, data = one.message.name, one.message.data
        about = {"robot": one.bot_id, "message": one.message.id}
        if name in TOLD_BY and not _is_taken_over(one, fleet):
            text = f"{name} of the robot {one.bot_id} was handled, and is not in its stream"
            yield Violation(TAKEN_OVER, text, about)
        list_id = data.get("shopping_list_id" if name == OF_A_LIST else "list_id")
        decides = name == OF_A_LIST or first[one.message.id] is one  # a task that is known already changes nothing
        if name != "BotWentOffline" and decides and list_id and _is_kept(one, list_id, data["assignment"], fleet):
            text = f"the order {list_id}.{data['assignment']} was not sent to the robot {one.bot_id}"
            yield Violation(SET_OUT, text, about)


def _parsed(history: ParsedHistory) -> Fleet:
    fleet, workers = Fleet(), dict[str, str]()
    for at, kind, fields in history.entries:
        if kind == "invocation" and fields["function"] == FLEET:
            workers |= dict.fromkeys(fields["cause"] or (), fields["container"])
        elif kind == "commit" and fields["table"] == "fleet/events":
            item = fields["item"]
            bot_id = item["stream"]["S"].partition("#")[2]
            cause = item.get("causation_id", {}).get("S", "")
            change = Change(at, fields["container"], cause, json.loads(item["events"]["S"]))
            fleet.changes[bot_id].append(change)
    for at, table, partition, sort, item in history.rows:
        if table == VIEWS:
            fleet.rows[partition, sort].append((at, row_data(item) or {}))
    dead = {letter.message.id for letter in history.dead_letters if letter.message and letter.queue == FLEET}
    for copy in history.copies.values():
        message, ended = copy.message, copy.deleted
        if copy.queue != FLEET or message is None or message.name not in (*TOLD_BY, OF_A_LIST) or message.id in dead:
            continue
        if copy.received and ended is not None and "assignment" in message.data:
            worker = workers.get(copy.id, "")
            fleet.handled.append(Handled(message, message.data["bot_id"], worker, copy.received[-1], ended))
    return fleet


def _is_taken_over(one: Handled, fleet: Fleet) -> bool:
    """Whether the task is in the stream, a later one is, or the robot was not on the stream when it was handled."""
    robot, version = fleet.robot(one.bot_id, one.ended), int(one.message.metadata["stream_version"])
    if robot.retired or not fleet.robot(one.bot_id, one.began).on_stream:
        return True
    data = one.message.data
    return any(told >= version for told in robot.told) or (data["list_id"], data["assignment"]) in robot.tasks


def _is_kept(one: Handled, list_id: str, assignment: int, fleet: Fleet) -> bool:
    """Whether a robot still wants an order that was never sent, and nothing but the handling of this message decided.

    What others store of the robot meanwhile may have come before or after it looked. The node of a robot is known by a
    row that is not older than its stream. Where an earlier try had stored what it decided, it looked then.
    """
    changes, order = fleet.changes[one.bot_id], f"{list_id}.{assignment}"
    stored = min((it.at for it in changes if it.cause == one.message.id), default=one.began)
    robot, began = fleet.robot(one.bot_id, one.ended), min(stored, one.began)
    if not robot.wants(order) or order in robot.sent or not fleet.robot(one.bot_id, began).on_stream:
        return False
    if any(one.began <= it.at <= one.ended and it.container != one.worker for it in changes):
        return False
    kept = {one.ended} if one.message.name == OF_A_LIST else {began, one.ended}
    if any(fleet.row(f"list#{list_id}", "visits", at).get("assignment") != assignment for at in kept):
        return False
    if any(one.began <= at <= one.ended for at, _ in fleet.rows["reports", one.bot_id]):
        return False
    shown = fleet.row("reports", one.bot_id, one.began)
    return bool(shown.get("node")) and tuple(shown["number"]) >= robot.number
