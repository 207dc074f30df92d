"""Robots on the robots' stream: what each was told, and what it said last. Its state: robot_state.py."""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.fleet.reports import LATE, LOW_CHARGE, OVERTAKES, Presence, Report, Task, passed
from functions.fleet.robot_events import (
    CANCEL,
    CLEAR,
    RETRY,
    SKIP,
    Answered,
    Asked,
    BecameAvailable,
    BecameUnavailable,
    Collected,
    Connected,
    Described,
    Disconnected,
    Named,
    OrderSent,
    OrderShown,
    OrderTooLarge,
    Refused,
    Retired,
    SessionBegan,
    TaskChanged,
)
from functions.fleet.robot_state import RobotState, digest
from functions.kernel.domain.errors import NotFoundError, RefusedError

AGAIN = 5  # seconds after which what a robot does not show is sent again
# Instant actions that have ended stay in a robot's states until it is asked to clear them (7.8), and a state may have
# 128 KB. So many are well below that; one that does not clear them is not asked again for an hour.
MOST_ENDED, CLEARED_EVERY = 30, 3600


@dataclass
class Robot(RobotState):
    """A robot that decides by what the depot, the broker and itself say."""

    @property
    def _shows_outdated(self) -> bool:
        """Whether the order that it works on is not its task, or was before, so that it is to cancel that.

        One that it has brought to the depot is shown again where a robot goes on from an older state of its disk.
        """
        is_over = self.over != "" and self.shown == self.over
        return not self.idle and (is_over or self.shown != self.order_id)

    @property
    def _works_unnamed(self) -> bool:
        """Whether it works at what belongs to no order that it names: with a list, that would be outdated at once."""
        return not self.idle and not self.shown

    def _is_unfit(self, report: Report, now: str) -> bool:
        """Whether it is given no list, whether it could take an order or not."""
        is_low = report.idle and report.charge < self.lowest_charge  # it might not bring the list to the depot
        is_barred = bool(self.lacks) or self.retired or self.is_benched(now)
        return is_low or is_barred or self._shows_outdated or self._works_unnamed

    def name_it(self, name: str) -> None:
        """The depot registered it."""
        if not (self.retired or self.name):
            self.record(Named(name))

    def note_presence(self, presence: Presence) -> None:
        """The broker says that its connection began or ended. What is late or came before changes nothing."""
        if self.retired or (self.presence and not presence.outranks(self.presence)):
            return
        if presence.connected:
            self.record(Connected(presence))
        else:
            self.record(Disconnected(presence))
            self._be_available(False)

    def begin_session(self, at: str) -> None:
        """It says that it is online: the numbers of its states may begin again."""
        if not self.retired and at > self.session:
            self._must_be_connected(at)
            if at > self.session:
                self.record(SessionBegan(at))

    def describe(self, lacks: Iterable[str], at: str, lowest_charge: int = LOW_CHARGE) -> None:
        """Its factsheet says what it can do; `lacks` of that what the mall needs. With any, it gets no list.

        lowest_charge: percent below which it is to charge. One that was benched is given lists again, for it may have
        been mended.

        A factsheet follows each ONLINE, so one that was received some seconds before the session began is outdated.
        """
        if self.retired or (self.session and passed(at, self.session, OVERTAKES)):
            return
        described = Described(tuple(lacks), lowest_charge)
        if self.picks_nothing or described != Described(self.lacks, self.lowest_charge):
            self.record(described)
            self._be_available(self.available and not self.lacks)

    def take_task(self, task: Task, now: str) -> None:
        """The depot says which list it has. What is late changes nothing; nor what a robot does that is not here."""
        if self.retired or task.version <= self.task.version:
            return
        if task.status == "retired":
            self.record(Retired())
            self._be_available(False)
        elif self.on_stream and self._is_news(task):
            self.record(TaskChanged(task))
        if self.connected and not (self.available or self.retired) and task.status in ("idle", "active"):
            self.record(BecameUnavailable())  # the depot does not know: it was brought online by other means
        self._give_up_outdated(now)

    def refuse(self, order_id: str, now: str, *, has_list: bool) -> None:
        """The depot refused a report: the list is not this robot's any more, or what it reported cannot be."""
        if order_id and order_id == self.order_id:
            self.record(Refused(order_id, has_list))
            self._give_up_outdated(now)

    def set_out(self, node: str, now: str) -> None:
        """Send it its order from this node, if it is free for it; again, if it has not shown it, or is elsewhere."""
        is_sent = (self.sent, self.start) == (self.order_id, node)
        if self.wants_order and node and (not is_sent or passed(self.sent_at, now, AGAIN)):
            self.record(OrderSent(self.order_id, node, now))

    def refuse_order(self) -> None:
        """Its order is too large to be sent, and will be so each time."""
        if self.wants_order:
            self.record(OrderTooLarge(self.order_id))

    def report(self, report: Report, now: str) -> None:
        """It reports its state. What is older than what it reported before changes nothing."""
        if not report.is_of(self.session) or (report.at < self.session and self.header >= 0):
            return
        if report.header < self.header:
            if not passed(self.header_at, report.at, LATE):
                return
            if not self.retired:
                self.record(SessionBegan(report.at))
        if not self._may_be_of_the_connection_that_ended(report):
            self._must_be_connected(report.at)
        self._follow(report)
        self._take_answers(report, now)
        self._clear_answers(report, now)
        if self.connected:
            self._be_available(report.able and not self._is_unfit(report, now), report)
            self._give_up_outdated(now, report)

    def keeps_its_lease(self, report: Report) -> bool:
        """Whether it does by this report what it must, so that its list need not be given to another."""
        if not self.task.version or self.refused:
            return False
        if self.done or not self.task.order_id or self.waits_for_staff:
            return True
        goes_on = report.able and (report.goes_on or bool(report.retriable))
        return goes_on and report.order_id == self.order_id and (report.dropped or not report.idle)

    def ask(self, kind: str, now: str, target: str = "") -> None:
        """Staff ask it to pause or go on, or what becomes of an action that waits. Raises RefusedError, NotFoundError.

        Of an order that is to be cancelled nothing is tried again: a drop that has begun may end.
        """
        if self.retired:
            raise RefusedError("the robot is retired", "retired")
        if not self.on_stream:
            raise RefusedError("the robot has never been on the robots' stream")
        if kind in (RETRY, SKIP) and self._shows_outdated:
            raise NotFoundError(f"the action {target} is of a list that is not the robot's any more")
        if not any((asked.kind, asked.target) == (kind, target) for asked in self.asked):
            self._ask(kind, target, now)

    def _is_news(self, task: Task) -> bool:
        """Whether the task is recorded: not that a robot is idle that has no list, or is done with it.

        But it is where something in between has not come: that is late then, and must change nothing.
        """
        if task.order_id:
            return task.order_id != self.task.order_id
        has_list = bool(self.task.order_id) and (self.refused or not self.done)
        misses = task.version > self.task.version + 1
        return has_list or task.status == "offline" or misses

    def _must_be_connected(self, at: str) -> None:
        """What was received after the end of a connection came over a later one, whose begin is not known yet."""
        if not (self.connected or self.retired) and (self.presence is None or at > self.presence.at):
            self.record(Connected(Presence(True, 0, "", at)))

    def _may_be_of_the_connection_that_ended(self, report: Report) -> bool:
        """Dated within seconds of its end, by a robot that has not said since that it is online."""
        if self.connected or self.presence is None:
            return False
        return self.session <= self.presence.at and not passed(self.presence.at, report.at, OVERTAKES)

    def _be_available(self, able: bool, report: Report | None = None) -> None:
        """Tell the depot when that changes, and when the depot took a robot offline that is here."""
        header, at = (report.header, report.at) if report else (-1, "")
        if able != self.available:
            self.record(BecameAvailable(header, at) if able else BecameUnavailable(header, at))
        elif able and self.task.status == "offline" and self.told != self.task.version:
            self.record(BecameAvailable(header, at))

    def _follow(self, report: Report) -> None:
        """Keep which order it shows, and report what it has picked of its list."""
        if (report.order_id, report.idle) != (self.shown, self.idle):
            self.record(OrderShown(report.order_id, report.idle, report.header, report.at))
        if self.done or not report.order_id or report.order_id != self.order_id:
            return
        if report.dropped or digest(report.picked) != self.progress:
            task = self.task
            picked, done = report.picked, report.dropped
            self.record(Collected(task.list_id, task.assignment, picked, done, report.header, report.at))

    def _take_answers(self, report: Report, now: str) -> None:
        """Forget the instant actions that it shows; send the others again."""
        answered: list[str] = []
        for asked in self.asked:
            if asked.kind == CANCEL:
                over = self.idle or asked.target != self.shown
            elif asked.kind == CLEAR:
                over = asked.id in report.received or len(report.ended) <= MOST_ENDED
            else:
                over = asked.id in report.received or (
                    asked.kind in (RETRY, SKIP) and (asked.target not in report.retriable or self._shows_outdated)
                )
            if over:
                answered.append(asked.id)
            elif asked.kind not in (CANCEL, CLEAR) and report.listens and passed(asked.at, now, AGAIN):
                self.record(Asked(asked.id, asked.kind, asked.target, now))
        if answered:
            self.record(Answered(tuple(answered)))

    def _clear_answers(self, report: Report, now: str) -> None:
        """Have it forget the instant actions that have ended, before it shows too many."""
        is_due = len(report.ended) > MOST_ENDED and passed(self.cleared_at, now, CLEARED_EVERY)
        if is_due and report.listens and self.connected and not self.retired:
            self._ask(CLEAR, "", now)

    def _give_up_outdated(self, now: str, report: Report | None = None) -> None:
        """Have it cancel an order that is not its task, before it gets another; again, while it does not show that.

        And again for the state that led to it: that is handled twice where what was asked could not be sent.
        """
        if not self.connected or not self._shows_outdated or (report and not report.cancels):
            return
        state = report.at if report else ""
        asked = next((asked for asked in self.asked if asked.kind == CANCEL and asked.target == self.shown), None)
        if asked is None:
            self._ask(CANCEL, self.shown, now, state)
        elif report:
            is_due = passed(asked.at, now, AGAIN)
            if asked.id in report.ended and is_due:
                self._ask(CANCEL, self.shown, now, state)
            elif asked.id not in report.received and (is_due or asked.state == state):
                self.record(Asked(asked.id, CANCEL, self.shown, now, state))

    def _ask(self, kind: str, target: str, now: str, state: str = "") -> None:
        self.record(Asked(f"{kind}:{self.asks + 1}:{self.id}", kind, target, now, state))
