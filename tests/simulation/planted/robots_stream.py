"""Planted bugs of the robots' stream: of fleet, of what the depot does with its word, and of the broker."""

from clients.robot.execution import Execution
from functions.depot import service as depot_service
from functions.depot import stream as depot_stream
from functions.depot.bot import Bot as DepotBot
from functions.fleet import inbox, reading, service, views
from functions.fleet.domain import Robot
from functions.fleet.reports import Presence, Task
from tests.simulation.check.collection import SILENT
from tests.simulation.check.instructions import AT_ONCE
from tests.simulation.check.orders_to_robots import (
    CANCEL_FIRST,
    CANCELLED,
    EXPIRES,
    IN_TIME,
    KNOWN_OVER,
    NEVER_SENT,
    RETIRED,
    REVOKED,
    TAKEN,
    WITHIN_LEASE,
)
from tests.simulation.check.robots import ONE_ROBOT
from tests.simulation.check.robots_tasks import SET_OUT, TAKEN_OVER
from tests.simulation.check.robots_work import (
    DRIVEN_TWICE,
    IN_ORDER,
    LEFT_IDLE,
    OLD_NEWS,
    PICKED,
    PUT_DOWN,
    SILENT_AT_WORK,
    STILL_THERE,
    TRUE_STATE,
    WHILE_ONLINE,
)
from tests.simulation.check.transitions import LEGAL
from tests.simulation.iot.presence import Presence as BrokersPresence
from tests.simulation.iot.registry import Registry
from tests.simulation.iot.sessions import Session
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "stream: orders never expire",
        "An order waits for its robot for as long as the broker keeps it.",
        (EXPIRES,),
        (Edit(service._send_order, "expires=_lease_left(robot)", "expires=3600"),),
    ),
    Bug(
        "stream: orders outlast their lease",
        "An order waits for its robot for a lease, however old the robot's last state is.",
        (WITHIN_LEASE,),
        (Edit(service._send_order, "expires=_lease_left(robot)", "expires=_lease()"),),
    ),
    Bug(
        "stream: instant actions never expire",
        "A cancelOrder waits for its robot for as long as the broker keeps it.",
        (EXPIRES,),
        (Edit(service._send_instructions, "expires=_lease()", "expires=3600"),),
    ),
    Bug(
        "stream: what is asked waits",
        "An instant action goes out with the robot's next state alone.",
        (AT_ONCE,),
        (Edit(service._send_what_is_recorded, "if one.id in asked", "if False"),),
    ),
    Bug(
        "stream: a pause waits",
        "What staff ask of a robot goes out with its next state alone.",
        (AT_ONCE,),
        (Edit(service._ask, 'reported.get("listens", True)', "False"),),
    ),
    Bug(
        "stream: a task is forgotten",
        "What the depot says of a robot is not stored.",
        (TAKEN_OVER,),
        (Edit(Robot.take_task, "self.record(TaskChanged(task))", "pass"),),
    ),
    Bug(
        "stream: an order waits for a state",
        "A robot's order does not go out with what is to be collected, which came last.",
        (SET_OUT,),
        (Edit(service.take_visits, "if robot.order_id == order and robot.wants_order:", "if False:"),),
    ),
    Bug(
        "stream: an order beside an outdated one",
        "A robot is sent its new order while it works on an outdated one.",
        (CANCEL_FIRST,),
        (
            Edit(Robot.wants_order, "self.available and self.idle", "self.available"),
            Edit(Robot._is_unfit, " or self._shows_outdated", ""),
        ),
    ),
    Bug(
        "stream: a withdrawn order is sent again",
        "What the depot says of a robot that lost its list is ignored.",
        (KNOWN_OVER,),
        (Edit(Robot._is_news, 'return has_list or task.status == "offline" or misses', "return False"),),
    ),
    Bug(
        "stream: one order id for all assignments",
        "An order's id does not tell under which assignment.",
        (KNOWN_OVER, TAKEN, PICKED, PUT_DOWN),
        (Edit(Task.order_id, "{self.list_id}.{self.assignment}", "{self.list_id}.1"),),
    ),
    Bug(
        "stream: outdated orders are not cancelled",
        "A robot that is back with an outdated order is left to it.",
        (CANCELLED, DRIVEN_TWICE, STILL_THERE, TRUE_STATE),
        (Edit(Robot._give_up_outdated, "if not self.connected", "if True or not self.connected"),),
    ),
    Bug(
        "stream: ends of earlier connections count",
        "The late end of a connection that another has replaced counts.",
        (OLD_NEWS,),
        (Edit(Presence.outranks, "return self.version > last.version", "return True"),),
    ),
    Bug(
        "stream: a last will decides",
        "A last will takes a robot for cut, though it may be back.",
        (OLD_NEWS,),
        (
            Edit(
                service.begin_sessions,
                "    if online:",
                "    for one in said:\n"
                "        if one.message.connection_state is ConnectionState.CONNECTION_BROKEN:\n"
                "            will = Presence(False, 10**9, 'will', one.at)\n"
                "            streams.create(id, lambda robot: robot.note_presence(will))\n"
                "    if online:",
            ),
        ),
    ),
    Bug(
        "stream: the depot is not told of a cut",
        "Fleet knows that a robot's connection has ended, and tells nobody.",
        (LEFT_IDLE,),
        (Edit(Robot.note_presence, "self._be_available(False)", "pass"),),
    ),
    Bug(
        "stream: a list stays with a robot that was not told of it",
        "A list that came as its robot became unfit waits until the lease ends.",
        (NEVER_SENT,),
        (Edit(depot_stream._was_never_sent, "return is_known and", "return False and"),),
    ),
    Bug(
        "stream: short picks taken as whole",
        "A collect that found fewer counts as one that found all.",
        (PICKED,),
        (Edit(reading._taken, "return said", "return wanted"),),
    ),
    Bug(
        "stream: done before the goods are put down",
        "A list is reported done when its robot has arrived, or has given up.",
        (PUT_DOWN,),
        (Edit(reading.report, "action.action_id == drop_id(state.order_id) and ", "state.idle or "),),
    ),
    Bug(
        "stream: a robot ends its drop without a connection",
        "A drop that has begun goes on although the robot's connection has ended.",
        (WHILE_ONLINE,),
        (Edit(Execution.go_on, "self.actions.hold()", "pass"),),
    ),
    Bug(
        "stream: certificates of retired robots stay",
        "Nothing is revoked when a robot is retired.",
        (REVOKED, RETIRED),
        (Edit(inbox.bot_retired, "certificates.revoke(event.bot_id)", "pass"),),
    ),
    Bug(
        "stream: reports keep no lease",
        "That a robot reports is not remembered.",
        (STILL_THERE,),
        (Edit(views.keep_report, "at if heard else", '"" if heard else'),),
    ),
    Bug(
        "stream: who reports keeps its lease for ever",
        "A robot that ever reported counts as one that has just reported.",
        (SILENT, SILENT_AT_WORK),
        (Edit(views.last_heard, 'row["heard"] for', "clock.stamp() for"),),
    ),
    Bug(
        "stream: orders begin at the depot",
        "An order's first node is the depot, wherever its robot is.",
        (TAKEN,),
        (Edit(service._order, "start=start", "start=plan().depot"),),
    ),
    Bug(
        "stream: rows of robots are not renewed",
        "What a robot reports is written once.",
        (TRUE_STATE,),
        (Edit(views.keep_report, 'if last and at < last["at"]', "if last and True"),),
    ),
    Bug(
        "stream: the depot ignores which news is older",
        "A late word of a cut takes a robot offline that is connected again.",
        (IN_ORDER,),
        (Edit(DepotBot.disconnect, "and stream_version > self.stream_version", ""),),
    ),
    Bug(
        "stream: cut robots at work are given up at once",
        "A robot at work goes offline with its connection, not when its lease ends.",
        (LEGAL, ONE_ROBOT),
        (Edit(DepotBot.disconnect, 'if self.status == "idle"', 'if self.status != "offline"'),),
    ),
    Bug(
        "stream: the sweep does not ask fleet",
        "Robots on the stream are swept by what the depot knows of them alone.",
        (STILL_THERE,),
        (Edit(depot_service._learn, "lease.heard(silent)", "{}, False"),),
    ),
    Bug(
        "stream: what fleet cannot say counts as silence",
        "While fleet does not answer, robots on the stream are taken offline.",
        (STILL_THERE,),
        (Edit(depot_service._learn, "{}, True", "{}, False"),),
    ),
    Bug(
        "broker: expired orders are delivered",
        "The broker sends what has expired.",
        (IN_TIME,),
        (Edit(Session._send, "publication.is_over(self._world.scheduler.now_us)", "False"),),
    ),
    Bug(
        "broker: whoever comes may connect",
        "The broker asks for no certificate that is valid.",
        (RETIRED,),
        (Edit(Registry.may_connect, "return None", 'return "any"'),),
    ),
    Bug(
        "broker: nothing is told of cuts",
        "The broker tells of connections that begin, and not of those that end.",
        (LEFT_IDLE, SILENT, TRUE_STATE),
        (
            Edit(
                BrokersPresence._arrive,
                "self._publish(topic, payload)",
                "if DISCONNECTED not in topic:\n            self._publish(topic, payload)",
            ),
        ),
    ),
)
