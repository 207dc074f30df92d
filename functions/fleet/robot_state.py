"""The state of a robot on the stream: what its events come to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2s
from typing import ClassVar

from functions.fleet.reports import LOW_CHARGE, NO_TASK, Pick, Presence, Task, passed
from functions.fleet.robot_events import (
    CLEAR,
    Answered,
    Asked,
    BecameAvailable,
    BecameUnavailable,
    Collected,
    Connected,
    Described,
    Disconnected,
    Instruction,
    Named,
    OrderSent,
    OrderShown,
    OrderTooLarge,
    Refused,
    Retired,
    SessionBegan,
    TaskChanged,
)
from functions.kernel.domain.aggregate import Aggregate, applies

# Lists in a row that a robot may lose of which it picked nothing, and that it may bring to the depot with nothing.
MOST_LOST, MOST_EMPTY = 2, 5
BENCHED_FOR = 600  # seconds after its last order for which one that reached such a number is given no list


@dataclass
class RobotState(Aggregate):
    """A robot on the stream: its connection, its task at the depot, the order that it shows, and what it was asked.

    presence: the last word of the broker that counted. session: since when the numbers of states count. header,
    header_at: the number of the latest state that changed something, and when it was received. lacks: which actions its
    factsheet does not declare, and which of its limits are too small. lowest_charge: percent below which it is given no
    list. lost, empty: how many lists in a row it lost after their orders were sent, and how many it brought, without a
    pick. available: whether the depot was told that it may be given a list, and `told` for which version of the depot's
    stream. task: what the depot says; refused: it took no report of it. progress: which picks were reported of the
    task; gained: whether one of them is of any quantity; done: all of it. shown, idle: the order that the robot shows,
    and whether it has ended. over: the last order that it brought to the depot and showed as ended. sent, start,
    sent_at: the order that went out last, where it begins, and when. too_large: the order that no message holds.
    orders, asks: how many went out. cleared_at: when it was asked last to clear its instant actions. asked: what the
    robot has not answered.
    """

    snapshot_schema: ClassVar[int] = 3

    name: str = ""
    retired: bool = False
    connected: bool = False
    presence: Presence | None = None
    session: str = ""
    header: int = -1
    header_at: str = ""
    lacks: tuple[str, ...] = ()
    lowest_charge: int = LOW_CHARGE
    lost: int = 0
    empty: int = 0
    available: bool = False
    told: int = -1
    task: Task = NO_TASK
    refused: bool = False
    progress: str = ""
    gained: bool = False
    done: bool = False
    shown: str = ""
    idle: bool = True
    over: str = ""
    sent: str = ""
    start: str = ""
    sent_at: str = ""
    too_large: str = ""
    orders: int = 0
    cleared_at: str = ""
    asked: tuple[Instruction, ...] = ()
    asks: int = 0

    @property
    def on_stream(self) -> bool:
        """Whether it has ever been on the robots' stream."""
        return bool(self.session or self.presence)

    @property
    def order_id(self) -> str:
        """The order that is its task; "" if there is none."""
        return "" if self.refused or self.retired else self.task.order_id

    @property
    def wants_order(self) -> bool:
        """Whether it is free for its order, and does not show it."""
        free = self.available and self.idle and not self.done
        return free and self.order_id not in ("", self.shown, self.too_large)

    @property
    def picks_nothing(self) -> bool:
        """Whether it picked nothing of its last lists."""
        return self.lost >= MOST_LOST or self.empty >= MOST_EMPTY

    def is_benched(self, now: str) -> bool:
        """Whether it is given no list for a while, or until it says who it is, since it picked nothing of the last.

        For a while, for it may not be to blame: its orders may not have reached it, or the stores had nothing. Then it
        has one list, for which it is as good as any other.
        """
        has_list = self.order_id != "" and not self.done
        return self.picks_nothing and not has_list and not passed(self.sent_at, now, BENCHED_FOR)

    @property
    def waits_for_staff(self) -> bool:
        """Whether its order is larger than a message may be. It keeps the list, which no other robot could take."""
        return self.order_id != "" and self.order_id == self.too_large

    @applies(Named)
    def _named(self, event: Named) -> None:
        self.name = event.name

    @applies(Retired)
    def _retired(self, event: Retired) -> None:
        self.retired = True

    @applies(Connected)
    def _connected(self, event: Connected) -> None:
        self.connected = True
        self.presence = event.presence
        if not event.presence.session:
            self._in_session(event.presence.at)

    @applies(Disconnected)
    def _disconnected(self, event: Disconnected) -> None:
        self.connected = False
        self.presence = event.presence

    @applies(SessionBegan)
    def _session_began(self, event: SessionBegan) -> None:
        self._in_session(event.at)

    def _in_session(self, at: str) -> None:
        if at > self.session:
            self.session, self.header = at, -1
            self._has_another_chance()

    @applies(Described)
    def _described(self, event: Described) -> None:
        self.lacks, self.lowest_charge = event.lacks, event.lowest_charge
        self._has_another_chance()

    def _has_another_chance(self) -> None:
        """It says who it is, so it is given one list. One that starts again on each order would be given all others."""
        self.lost, self.empty = min(self.lost, MOST_LOST - 1), min(self.empty, MOST_EMPTY - 1)

    @applies(BecameAvailable)
    def _became_available(self, event: BecameAvailable) -> None:
        self.available = True
        self.told = self.task.version
        self._said_by(event)

    @applies(BecameUnavailable)
    def _became_unavailable(self, event: BecameUnavailable) -> None:
        self.available = False
        self._said_by(event)

    def _said_by(self, event: BecameAvailable | BecameUnavailable) -> None:
        if event.at:
            self.header, self.header_at = event.header, event.at

    @applies(TaskChanged)
    def _task_changed(self, event: TaskChanged) -> None:
        was_sent = self.order_id != "" and self.order_id == self.sent
        if was_sent and not (self.gained or self.done) and event.task.lost == self.task.list_id:
            self.lost += 1
        self.task = event.task
        self.refused = False
        self._begin_anew()

    @applies(Refused)
    def _refused(self, event: Refused) -> None:
        if event.has_list:
            self.refused = True
        else:  # that it is idle may have come before, when that was no news
            self.task = self.task.without_list
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.progress, self.gained, self.done = "", False, False

    @applies(OrderSent)
    def _order_sent(self, event: OrderSent) -> None:
        self.sent, self.start, self.sent_at = event.order_id, event.start, event.at
        self.orders += 1

    @applies(OrderTooLarge)
    def _order_too_large(self, event: OrderTooLarge) -> None:
        self.too_large = event.order_id

    @applies(OrderShown)
    def _order_shown(self, event: OrderShown) -> None:
        self.shown, self.idle = event.order_id, event.idle
        self._note_what_is_over()
        self.header, self.header_at = event.header, event.at

    @applies(Collected)
    def _collected(self, event: Collected) -> None:
        self.progress, self.done = digest(event.picked), event.done
        if any(pick.quantity for pick in event.picked):
            self.gained, self.lost, self.empty = True, 0, 0
        elif event.done:
            self.lost, self.empty = 0, self.empty + 1
        self._note_what_is_over()
        self.header, self.header_at = event.header, event.at

    def _note_what_is_over(self) -> None:
        if self.done and self.idle and self.shown == self.order_id:
            self.over = self.shown

    @applies(Asked)
    def _asked(self, event: Asked) -> None:
        asked = Instruction(event.id, event.kind, event.target, event.at, event.state)
        self.asked = (*(one for one in self.asked if one.replaces != asked.replaces), asked)
        self.asks += 1
        if event.kind == CLEAR:
            self.cleared_at = event.at

    @applies(Answered)
    def _answered(self, event: Answered) -> None:
        self.asked = tuple(one for one in self.asked if one.id not in event.ids)


def digest(picked: Iterable[Pick]) -> str:
    """A short text that differs when the picks do; what was picked itself is in the events."""
    lines = sorted((pick.store_id, pick.product_id, pick.quantity) for pick in picked)
    return blake2s(json.dumps(lines).encode(), digest_size=8).hexdigest()
