"""How a robot works its order off: it drives, collects and drops while time passes, and stops when it must."""

import math
from collections.abc import Callable

from clients.robot import battery
from clients.robot.actions import Actions, is_drop
from clients.robot.judging import error
from clients.robot.memory import Ending, Memory, Task
from clients.robot.settings import Settings
from events.floor.plan import Floor
from events.floor.plan import Node as Place
from events.vda5050 import errors
from events.vda5050.order import Node
from events.vda5050.state import ActionStatus, ErrorLevel, OperatingMode

NOTHING = 1e-6  # seconds: what is left of a duration by rounding
CONTESTED_FOR = 300.0  # seconds for which a takeover is reported: two programs take over from each other every 30
HALTING = (ErrorLevel.CRITICAL, ErrorLevel.FATAL)
IN_CONTROL = (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC)  # of the robot is the gateway
WITHOUT_PLACE = (OperatingMode.STARTUP, OperatingMode.SERVICE, OperatingMode.TEACH_IN)


class Execution:
    """The work on what the memory holds.

    Nothing is handed over at the depot while the robot is not online, or unsure: it counts down the seconds in which
    the gateway may still withdraw the order.
    """

    def __init__(self, memory: Memory, settings: Settings, floor: Floor, chance: Callable[[], float]) -> None:
        self.online = False
        self.actions = Actions(memory, settings, chance, self._is_held)
        self._memory = memory
        self._settings = settings
        self._floor = floor

    @property
    def driving(self) -> bool:
        memory = self._memory
        halted = any(each.error_level in HALTING for each in memory.errors)
        busy = memory.ending or memory.clearing is not None
        stopped = memory.paused or busy or halted or memory.mode not in IN_CONTROL
        return memory.leg is not None and not stopped

    def spend(self, seconds: float) -> None:
        """Let time pass, one end of something after the other."""
        while seconds > NOTHING:
            self.go_on()
            step = min(seconds, self.next_end())
            self._elapse(step)
            seconds -= step
        self.go_on()

    def next_end(self) -> float:
        """Seconds until something ends; infinity while nothing is going on."""
        memory = self._memory
        ends = [task.left for task in memory.tasks if task.at_work]
        if self.driving and memory.leg is not None:
            ends += [memory.leg, memory.charge / self._settings.percent_a_second]
        if memory.ending and memory.ending.left is not None:
            ends.append(memory.ending.left)
        if memory.clearing is not None:
            ends.append(memory.clearing)
        if memory.contested is not None:
            ends.append(memory.contested)
        if memory.unsure > 0 and self.online:
            ends.append(memory.unsure)
        if memory.charging:
            ends.append((100 - memory.charge) / (10 * self._settings.percent_a_second))
        return max(0.0, min(ends, default=math.inf))

    def go_on(self) -> None:
        """Pause what is held, end what has no time left, and begin what may begin, until nothing more follows now."""
        self.actions.hold()
        while self._end() or self._begin():
            pass
        battery.mind(self._memory)

    def give_up(self, ending: Ending) -> None:
        """End the order: what cannot be cancelled is finished, the load put back, and then the rest fails."""
        memory = self._memory
        memory.cancelled, memory.ending, memory.clearing = True, ending, None
        self.actions.cancel()

    def switch(self, mode: OperatingMode) -> None:
        memory = self._memory
        if mode.takes_orders or memory.idle:
            if memory.ending:
                memory.ending.mode = None
            self._enter(mode)
        elif memory.ending:
            memory.ending.mode = mode
        else:
            self.give_up(Ending(mode=mode))

    def doubt(self, seconds: float) -> None:
        """Hand nothing over for so many seconds online: the list may be gone."""
        self._memory.unsure = seconds
        self.go_on()

    def contest(self) -> None:
        """Report for some minutes that another program connected under the robot's id."""
        why, hint = "another program has connected under its id", "stop one of the two, or give it a new certificate"
        self._memory.report(error(errors.CONNECTION_TAKEN_OVER, why, hint))
        self._memory.contested = CONTESTED_FOR

    def pause(self) -> None:
        self._memory.paused = True
        self.actions.pause()

    def resume(self) -> None:
        self._memory.paused = False

    def place(self) -> tuple[float, float, float]:
        """Where the robot is: x and y in metres, and the angle in radians."""
        memory, last = self._memory, self._last_node()
        x, y = memory.off or (last.x, last.y)
        if memory.leg is None or not (memory.off or memory.nodes):
            return x, y, 0.0
        there = last if memory.off else self._floor.nodes[memory.nodes[0].node_id]
        whole = self._seconds_of_leg()
        done = 1 - memory.leg / whole if whole else 1.0
        way = (there.x - x, there.y - y)
        return x + done * way[0], y + done * way[1], math.atan2(way[1], way[0])

    def begin_at(self, first: Node) -> None:
        """Begin an order at its first node, which counts as traversed. A robot that is not there goes there first."""
        x, y, _ = self.place()
        memory, there = self._memory, self._floor.nodes[first.node_id]
        memory.node_id, memory.sequence_id = first.node_id, first.sequence_id
        memory.off = None if (x, y) == (there.x, there.y) else (x, y)

    def _elapse(self, seconds: float) -> None:
        memory, drain = self._memory, self._settings.percent_a_second * seconds
        if self.driving and memory.leg is not None:
            memory.leg -= seconds
            memory.charge = max(0.0, memory.charge - drain)
        if memory.charging:
            memory.charge = min(100.0, memory.charge + 10 * drain)
        for task in memory.tasks:
            if task.at_work:
                task.left -= seconds
        if memory.ending and memory.ending.left is not None:
            memory.ending.left -= seconds
        if memory.clearing is not None:
            memory.clearing -= seconds
        if memory.contested is not None:
            memory.contested -= seconds
        if self.online:
            memory.unsure = memory.unsure - seconds if memory.unsure - seconds > NOTHING else 0.0

    def _end(self) -> bool:
        memory = self._memory
        for task in memory.tasks:
            if task.at_work and task.left <= NOTHING:
                self.actions.end(task)
                return True
        if self.driving and memory.leg is not None and memory.leg <= NOTHING:
            self._arrive()
            return True
        if memory.ending and memory.ending.left is not None and memory.ending.left <= NOTHING:
            self._has_given_up(memory.ending)
            return True
        if memory.clearing is not None and memory.clearing <= NOTHING:
            memory.loads, memory.clearing = [], None
            return True
        if memory.contested is not None and memory.contested <= NOTHING:
            memory.contested = None
            memory.withdraw(errors.CONNECTION_TAKEN_OVER)
            return True
        return False

    def _begin(self) -> bool:
        memory = self._memory
        if memory.ending:
            if self.actions.resume():
                return True
            if memory.ending.left is None and all(task.status.ended or task.lost for task in memory.tasks):
                memory.ending.left = self._settings.put_back * len(memory.loads)
                return True
            return False
        if memory.paused or memory.clearing is not None or memory.mode not in IN_CONTROL:
            return False
        if memory.off:
            sets_out = memory.leg is None and not memory.idle
            memory.leg = self._seconds_of_leg() if sets_out else memory.leg
            return sets_out
        if self.actions.begin():
            return True
        if memory.leg is None and memory.nodes and memory.nodes[0].released and not any(t.stops for t in memory.queue):
            memory.leg = self._seconds_of_leg()
            return True
        return False

    def _is_held(self, task: Task) -> bool:
        return is_drop(task) and (not self.online or self._memory.unsure > 0)

    def _arrive(self) -> None:
        memory = self._memory
        if memory.off:
            memory.off = memory.leg = None
            return
        node, memory.nodes = memory.nodes[0], memory.nodes[1:]
        memory.edges, memory.leg = memory.edges[1:], None
        memory.node_id, memory.sequence_id = node.node_id, node.sequence_id
        here = {action.action_id for action in node.actions}
        for task in memory.tasks:
            task.reached = task.reached or task.action.action_id in here

    def _has_given_up(self, ending: Ending) -> None:
        memory = self._memory
        if memory.leg is not None:
            x, y, _ = self.place()
            memory.off, memory.leg = (x, y), None
        memory.loads, memory.nodes, memory.edges, memory.ending = [], [], [], None
        for task in memory.tasks:
            if task.lost:
                task.status, task.lost = ActionStatus.FAILED, False
        for task in memory.instant:
            if task.action.action_id == ending.cancel:
                task.status = ActionStatus.FINISHED
        if ending.mode:
            self._enter(ending.mode)

    def _enter(self, mode: OperatingMode) -> None:
        memory = self._memory
        memory.mode = mode
        if mode in WITHOUT_PLACE:
            memory.node_id, memory.off = "", None
        elif not memory.node_id:
            memory.node_id = self._floor.depot  # where those who have served it set it down
        if mode.takes_orders:
            memory.withdraw(errors.MOBILE_ROBOT_NOT_AVAILABLE)

    def _last_node(self) -> Place:
        nodes = self._floor.nodes
        return nodes.get(self._memory.node_id) or nodes[self._floor.depot]

    def _seconds_of_leg(self) -> float:
        memory = self._memory
        if memory.off:
            last = self._last_node()
            return math.dist(memory.off, (last.x, last.y)) / self._settings.metres_a_second
        edge, end = memory.edges[0], memory.nodes[0].node_id
        if end == memory.node_id:
            return 0.0
        speed = min(self._settings.metres_a_second, edge.maximum_speed or math.inf)
        return self._floor.edge(memory.node_id, end).length / speed
