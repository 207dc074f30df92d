"""The use cases of the robots' gateway: what the depot says, what robots say, and what staff ask of robots.

A use case changes a robot's stream first, and publishes to the broker after that. What was not published, because the
function or the broker failed, goes out again: the message is handled again, and each later state of the robot that does
not show it leads to it, until it does.
"""

from collections.abc import Sequence

from events.floor.plan import plan
from events.queries import FindBotCredential
from events.vda5050.collecting import MOST_BYTES, order_id
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet
from events.vda5050.state import State
from events.vda5050.text import to_bytes
from events.vda5050.topics import Topics
from functions.fleet import factsheets, orders, reading, views
from functions.fleet.broker import broker
from functions.fleet.domain import Robot
from functions.fleet.faults import faults
from functions.fleet.publish import publishes
from functions.fleet.reading import BrokerEvent
from functions.fleet.reports import Presence, Report, Task, Visit, deciding
from functions.fleet.robot_events import CANCEL, PAUSE, RESUME, RETRY, SKIP, Asked, Collected, Instruction, OrderSent
from functions.kernel.domain.errors import NotFoundError, RefusedError, UnavailableError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging.queries import Ask
from functions.kernel.messaging.topics import Received
from functions.kernel.runtime import clock, context, runtime

streams = Repository(Robot, publishes)
find_bot_credential = Ask(FindBotCredential)


def is_known(id: str) -> None:
    """Raises NotFoundError for a robot that is not registered, RefusedError for one that was retired.

    One of which nothing has come yet is asked of the depot. Raises UnavailableError where that does not answer.
    """
    found = streams.load(id).aggregate
    if found.retired:
        raise RefusedError("the robot is retired", "retired")
    if found.is_new:
        find_bot_credential(bot_id=id)


def pause(id: str) -> None:
    """Ask a robot to pause. Raises NotFoundError, and RefusedError for one that was retired."""
    _ask(id, PAUSE)


def resume(id: str) -> None:
    """Ask a robot to go on. Raises as `pause` does."""
    _ask(id, RESUME)


def retry(id: str, action_id: str) -> None:
    """Ask a robot to try an action again that failed and waits. Raises as `pause` does; NotFoundError for any other."""
    _ask(id, RETRY, action_id)


def skip(id: str, action_id: str) -> None:
    """Ask a robot to give up an action that failed and waits. Raises as `retry` does."""
    _ask(id, SKIP, action_id)


def name_robot(id: str, name: str) -> None:
    """The depot registered a robot."""
    streams.create(id, lambda robot: robot.name_it(name))


def take_task(id: str, task: Task) -> None:
    """The depot says what a robot has to do: its order goes out, or the one that it has is called off."""
    now = clock.stamp()

    def decide(robot: Robot) -> None:
        robot.take_task(task, now)
        if robot.order_id == task.order_id and robot.wants_order:
            _set_out(robot, _node(robot), now)

    robot = streams.create(id, decide)
    if robot.retired or (robot.task.version == task.version and not robot.changes):  # not for one that comes late
        _send_what_is_open(robot)
    else:
        _send_what_is_recorded(robot)


def take_visits(id: str, list_id: str, assignment: int, visits: Sequence[Visit]) -> None:
    """The depot says what is to be collected of a robot's list. Of one that is not on the stream it is not kept."""
    if not streams.load(id).aggregate.on_stream:
        return
    views.keep_visits(list_id, assignment, orders.along_the_floor(visits, plan()))
    now, order = clock.stamp(), order_id(list_id, assignment)

    def decide(robot: Robot) -> None:
        if robot.order_id == order and robot.wants_order:
            _set_out(robot, _node(robot), now)

    robot = streams.change(id, decide)
    if robot.order_id == order:
        _send_what_is_open(robot)


def forget(id: str) -> None:
    """A robot was retired: nothing that it said is shown any more."""
    views.forget(id)


def refuse(id: str, list_id: str, assignment: int, *, has_list: bool) -> None:
    """The depot refused what a robot reported. has_list: whether the list is still its own."""
    now, order = clock.stamp(), order_id(list_id, assignment)
    _send_what_is_open(streams.change(id, lambda robot: robot.refuse(order, now, has_list=has_list)))


def note_presence(id: str, said: Sequence[Received[BrokerEvent]]) -> None:
    """The broker says that connections of a client began or ended. Clients that are not the mall's robots are ignored.

    The mall's own are known: by their registration, or by what they said on their topics, which a policy lets them
    alone use.
    """
    presences = [_presence(one) for one in said]

    def decide(robot: Robot) -> None:
        for presence in presences:
            if not robot.is_new:
                robot.note_presence(presence)

    robot = streams.create(id, decide)
    last = robot.presence
    for one in said:
        counts = one.message.is_taken_over and not (robot.is_new or robot.retired or one.redriven)
        if counts and not views.keep_takeover(id, one.at, one.message.session):
            raise UnavailableError(f"the takeovers of robot {id} change too often: try again")
    for one, presence in zip(said, presences, strict=True):
        if presence == last and not robot.retired:
            gone = "offline" if one.message.in_order else "broken"
            views.keep_connection(id, robot.version, presence.at, "online" if presence.connected else gone)


def begin_sessions(id: str, said: Sequence[Received[Connection]]) -> None:
    """A robot says that it is online. What says that it is not decides nothing: a last will may come late.

    Nor does what was redriven: its time is too late, and states that came between would count as of an earlier session.
    """
    found = (one for one in said if one.message.connection_state is ConnectionState.ONLINE)
    online = [one.at for one in found if not one.redriven]
    if online:
        streams.create(id, lambda robot: robot.begin_session(max(online)))


def describe(id: str, said: Sequence[Received[Factsheet]]) -> None:
    """A robot says what it can do."""
    factsheet, at = said[-1].message, said[-1].at
    lacks, lowest_charge = factsheets.lacks(factsheet), factsheets.lowest_charge(factsheet)
    streams.create(id, lambda robot: robot.describe(lacks, at, lowest_charge))


def report(id: str, said: Sequence[Received[State]]) -> None:
    """A robot says how it is, perhaps several times; the newest goes into its row."""
    now = clock.stamp()
    reports = [(reading.report(one.message, one.at), one.message) for one in said]
    reports.sort(key=lambda pair: (pair[0].at, pair[0].header))

    def decide(robot: Robot) -> None:
        for found in deciding([report for report, _ in reports], robot.session, robot.order_id):
            robot.report(found, now)
        newest = _newest(robot, reports)
        if newest and robot.wants_order:
            _set_out(robot, newest[0].node, now)
        if any(isinstance(event, Collected) for event in robot.changes):
            working, task = context.current(), robot.task
            working.correlation_id = task.flow or working.correlation_id
            working.traceparent = task.traceparent or working.traceparent

    robot = streams.create(id, decide)
    if not robot.retired:
        _keep(robot, reports)
    _send_what_is_recorded(robot)


def _keep(robot: Robot, reports: Sequence[tuple[Report, State]]) -> None:
    """Keep in a robot's row what it reports, sorted by time; of a number that is too low only that it is there.

    What is dated before its session is kept as of the one before, while nothing of the session is. Rules run in any
    order, so it may have been sent after ONLINE, and the next state may come when the lease has ended.
    """
    last, _ = reports[-1]
    if found := _newest(robot, reports):
        _keep_newest(robot, robot.session, *found)
    elif row := views.report(robot.id):
        before, _ = row["number"]
        if before < robot.session and last.at < robot.session:
            _keep_newest(robot, before, *max(reports, key=lambda pair: pair[0].header))
        elif robot.keeps_its_lease(last) and last.at >= robot.session:
            views.keep_heard(row, last.at)


def _keep_newest(robot: Robot, session: str, newest: Report, state: State) -> None:
    """Keep the newest that a robot reports in a session."""
    shown = reading.row(state, newest, faults(robot, state, clock.stamp()))
    number, heard = (session, newest.header), robot.keeps_its_lease(newest)
    known = (robot.session, robot.header)
    views.keep_report(robot.id, newest.at, number, shown, heard=heard, known=known)


def _newest(robot: Robot, reports: Sequence[tuple[Report, State]]) -> tuple[Report, State] | None:
    """The newest report of the robot's session, by its number there; None if its stream knows of a newer one."""
    of_session = [pair for pair in reports if pair[0].is_of(robot.session) and pair[0].header >= robot.header]
    return max(of_session, key=lambda pair: pair[0].header, default=None)


def _ask(id: str, kind: str, action_id: str = "") -> None:
    now = clock.stamp()
    reported = views.report(id) or {}
    if action_id and action_id not in reported.get("retriable", ()):
        streams.get(id)
        raise NotFoundError(f"there is no action {action_id} that waits to be tried again")
    robot = streams.change(id, lambda robot: robot.ask(kind, now, action_id))
    # What lets a robot go on with its list waits for its next state: it may be away until the list is another's.
    if reported.get("listens", True) and (robot.connected or not action_id):
        _send_instructions(robot, robot.asked)


def _send_what_is_recorded(robot: Robot) -> None:
    """Send what was recorded just now, and nothing that waits for the robot's next state: it may have that already."""
    if any(isinstance(event, OrderSent) for event in robot.changes):
        _send_order(robot)
    asked = {event.id for event in robot.changes if isinstance(event, Asked)}
    _send_instructions(robot, [one for one in robot.asked if one.id in asked])


def _send_what_is_open(robot: Robot) -> None:
    """Send all that a robot has not shown yet, for a message that is handled again may have failed just here."""
    if robot.wants_order and robot.sent == robot.order_id:
        _send_order(robot)
    _send_instructions(robot, [one for one in robot.asked if one.kind == CANCEL])


def _set_out(robot: Robot, node: str, now: str) -> None:
    """Send a robot its order from where it is, once that and what is to be collected are known; not one too large."""
    order = _order(robot, node)
    if order is None:
        return
    if len(order) > MOST_BYTES:
        robot.refuse_order()
    else:
        robot.set_out(node, now)


def _send_order(robot: Robot) -> None:
    """Publish what was recorded as sent: under the number of that, so that no two orders have the same."""
    if order := _order(robot, robot.start):
        trace = _trace(robot.task.traceparent)
        broker().publish(_topics().order(robot.id), order, expires=_lease_left(robot), properties=trace)


def _order(robot: Robot, start: str) -> bytes | None:
    visits = views.visits(robot.task.list_id, robot.task.assignment)
    if visits is None or not start:
        return None
    return to_bytes(
        orders.order(
            robot.id, robot.order_id, visits, start=start, header_id=robot.orders, at=clock.now(), floor=plan()
        )
    )


def _send_instructions(robot: Robot, wanted: Sequence[Instruction]) -> None:
    if not wanted:
        return
    actions = orders.instant_actions(
        robot.id, [(one.id, one.kind, one.target) for one in wanted], header_id=robot.asks, at=clock.now()
    )
    broker().publish(_topics().instant_actions(robot.id), to_bytes(actions), expires=_lease(), properties=_trace())


def _trace(traceparent: str = "") -> dict[str, str]:
    """The W3C trace context of what a robot is told: that of what the depot said, or else of what is handled now."""
    return {"traceparent": traceparent or context.current().traceparent}


def _node(robot: Robot) -> str:
    """The node where a robot is, "" where that is not known: its next state says it.

    The row may be older than the stream. It is written after it, or not yet where the function ended in between.
    """
    row = views.report(robot.id)
    if row is None or tuple(row["number"]) < (robot.session, robot.header):
        return ""
    return row["node"] or ""


def _topics() -> Topics:
    return Topics(f"mallbots-{runtime.current().setting('STAGE')}")


def _lease() -> int:
    return int(runtime.current().setting("ROBOT_LEASE"))


def _lease_left(robot: Robot) -> int:
    """The seconds until the lease may end by which the robot has its list, one at least; one for a retired robot.

    Its row is deleted as it retires, which may be after the order was recorded as sent.
    """
    row = views.report(robot.id)
    if row is None:
        return 1
    age = (clock.now() - clock.read(row["heard"] or row["at"])).total_seconds()
    return max(1, min(_lease(), int(_lease() - age)))


def _presence(said: Received[BrokerEvent]) -> Presence:
    """By the time at which a rule took it: the event's own may be two minutes wrong."""
    event = said.message
    return Presence(event.event_type == "connected", event.version, event.session, said.at)
