"""How a robot works its order off: it drives, collects and drops while time passes, and stops when it must."""

import math
from collections.abc import Callable

from clients.robot import factsheet
from clients.robot.judging import error
from clients.robot.memory import Ending, Memory, Task
from clients.robot.settings import Settings
from events.floor.plan import Floor
from events.vda5050 import errors
from events.vda5050.collecting import COLLECT, DROP, PRODUCT_ID, QUANTITY
from events.vda5050.state import ActionStatus, Error, ErrorLevel, Load, OperatingMode

NOTHING = 1e-6  # seconds: what is left of a duration by rounding
MOST_ERRORS = 20  # that it reports: the oldest go first
LOW, FULL = 20.0, 99.9  # percent of the battery
HALTING = (ErrorLevel.CRITICAL, ErrorLevel.FATAL)
IN_CONTROL = (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC)  # of the robot is the gateway
WITHOUT_PLACE = (OperatingMode.STARTUP, OperatingMode.SERVICE, OperatingMode.TEACH_IN)


class Execution:
    """The work on what the memory holds.

    Nothing is handed over at the depot while the robot is not online or unsure, which counts down the seconds in which
    the gateway may still withdraw the order.
    """

    def __init__(self, memory: Memory, settings: Settings, floor: Floor, chance: Callable[[], float]) -> None:
        self.online = False
        self.unsure = 0.0
        self._memory = memory
        self._settings = settings
        self._floor = floor
        self._chance = chance

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
        if self.unsure > 0 and self.online:
            ends.append(self.unsure)
        if memory.charging:
            ends.append((100 - memory.charge) / (10 * self._settings.percent_a_second))
        return max(0.0, min(ends, default=math.inf))

    def go_on(self) -> None:
        """End what has no time left, and begin whatever may begin, until nothing more follows at this moment."""
        while self._end() or self._begin():
            pass
        self._mind_the_battery()

    def report(self, problem: Error) -> None:
        """Add an error to the state; the same one is there once."""
        others = [each for each in self._memory.errors if each != problem]
        self._memory.errors = [*others, problem][-MOST_ERRORS:]

    def give_up(self, ending: Ending) -> None:
        """End the order: what has not begun or can be cancelled fails, the rest is finished, the load put back."""
        memory = self._memory
        memory.cancelled, memory.ending, memory.clearing = True, ending, None
        for task in memory.tasks:
            if not task.status.ended and not (task.at_work and not factsheet.can_be_stopped(task.action.action_type)):
                task.status = ActionStatus.FAILED

    def clear(self) -> None:
        """Put back what is in the basket, before anything else begins: it is of no order that goes on."""
        memory = self._memory
        if memory.loads and memory.clearing is None and not memory.ending:
            memory.clearing = self._settings.put_back * len(memory.loads)

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
        """Hand nothing over for so many seconds online, and begin what was under way again: its list may be gone.

        What belongs to an order that is being given up fails instead: nothing begins before that has ended.
        """
        self.unsure = seconds
        for task in self._memory.tasks:
            if task.at_work and self._is_held(task):
                task.status = ActionStatus.FAILED if self._memory.ending else ActionStatus.WAITING

    def pause(self) -> None:
        memory = self._memory
        memory.paused = True
        for task in memory.tasks:
            if task.at_work and factsheet.can_be_stopped(task.action.action_type):
                task.paused_in, task.status = task.status, ActionStatus.PAUSED

    def resume(self) -> None:
        memory = self._memory
        memory.paused = False
        for task in memory.tasks:
            if task.status is ActionStatus.PAUSED and task.paused_in:
                task.status, task.paused_in = task.paused_in, None

    def retry(self, task: Task) -> None:
        self._settle(task)
        task.status = ActionStatus.WAITING

    def skip(self, task: Task) -> None:
        self._settle(task)
        self._lose(task)

    def place(self) -> tuple[float, float, float]:
        """Where the robot is: x and y in metres, and the angle in radians."""
        memory, nodes = self._memory, self._floor.nodes
        here = nodes.get(memory.node_id) or nodes[self._floor.depot]
        if memory.leg is None or not memory.nodes:
            return here.x, here.y, 0.0
        there = nodes[memory.nodes[0].node_id]
        whole = self._seconds_of_leg()
        done = 1 - memory.leg / whole if whole else 1.0
        way = (there.x - here.x, there.y - here.y)
        return here.x + done * way[0], here.y + done * way[1], math.atan2(way[1], way[0])

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
        if self.online:
            self.unsure = self.unsure - seconds if self.unsure - seconds > NOTHING else 0.0

    def _end(self) -> bool:
        memory = self._memory
        for task in memory.tasks:
            if task.at_work and task.left <= NOTHING:
                self._end_task(task)
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
        return False

    def _begin(self) -> bool:
        memory = self._memory
        if memory.ending:
            if memory.ending.left is None and all(task.status.ended for task in memory.tasks):
                memory.ending.left = self._settings.put_back * len(memory.loads)
                return True
            return False
        if memory.paused or memory.clearing is not None or memory.mode not in IN_CONTROL:
            return False
        task = self._next_task()
        if task:
            self._start(task)
            return True
        if memory.leg is None and memory.nodes and memory.nodes[0].released and not any(t.stops for t in memory.queue):
            memory.leg = self._seconds_of_leg()
            return True
        return False

    def _next_task(self) -> Task | None:
        """The next action that its blocking type, and that of those before it, allows to begin (figure 11)."""
        before = False
        for task in self._memory.queue:
            if task.alone and before:
                return None
            if task.status is ActionStatus.WAITING:
                return None if self._is_held(task) else task
            if task.alone:
                return None
            before = True
        return None

    def _is_held(self, task: Task) -> bool:
        return task.action.action_type == DROP and (not self.online or self.unsure > 0)

    def _start(self, task: Task) -> None:
        if self._settings.prepare:
            task.status, task.left = ActionStatus.INITIALIZING, self._settings.prepare
        else:
            self._run(task)

    def _run(self, task: Task) -> None:
        collects = task.action.action_type == COLLECT
        task.status, task.left = ActionStatus.RUNNING, self._settings.collect if collects else self._settings.drop

    def _end_task(self, task: Task) -> None:
        if task.status is ActionStatus.INITIALIZING:
            self._run(task)
        elif self._chance() < self._settings.failing:
            self._fail(task)
        elif task.action.action_type == COLLECT:
            self._end_collect(task)
        else:
            self._memory.loads = []
            task.status = ActionStatus.FINISHED

    def _fail(self, task: Task) -> None:
        action, collects = task.action, task.action.action_type == COLLECT
        can_be_retried = action.retriable and not self._memory.ending
        if can_be_retried:
            task.status = ActionStatus.RETRIABLE
        else:
            self._lose(task)
        kind, why = (errors.PICK_FAILED, "not gripped") if collects else (errors.DROP_FAILED, "not put down")
        hint = "retry the action, or skip it" if can_be_retried else None
        self.report(error(kind, f"the goods were {why}", hint, actionId=action.action_id))

    def _lose(self, task: Task) -> None:
        """End an action without success: a collect took nothing; what a drop did not put down goes back."""
        collects = task.action.action_type == COLLECT
        task.status, task.result = ActionStatus.FAILED, "0" if collects else None
        if not collects:
            self.clear()

    def _end_collect(self, task: Task) -> None:
        action, wanted = task.action, task.action.parameter(QUANTITY)
        quantity = wanted if isinstance(wanted, int) else 0
        found = int(self._chance() * quantity) if self._chance() < self._settings.short else quantity
        task.status, task.result = ActionStatus.FINISHED, str(found)
        if found:
            self._memory.loads = [*self._memory.loads, Load(load_id=str(action.parameter(PRODUCT_ID)))]

    def _settle(self, task: Task) -> None:
        """Take back the error of an action that failed and could be retried."""
        mine = error(errors.PICK_FAILED, "", actionId=task.action.action_id).error_references
        self._memory.errors = [each for each in self._memory.errors if each.error_references != mine]

    def _arrive(self) -> None:
        memory = self._memory
        node, memory.nodes = memory.nodes[0], memory.nodes[1:]
        memory.edges, memory.leg = memory.edges[1:], None
        memory.node_id, memory.sequence_id = node.node_id, node.sequence_id
        here = {action.action_id for action in node.actions}
        for task in memory.tasks:
            task.reached = task.reached or task.action.action_id in here

    def _has_given_up(self, ending: Ending) -> None:
        memory = self._memory
        memory.loads, memory.nodes, memory.edges, memory.leg, memory.ending = [], [], [], None, None
        for task in memory.instant:
            if task.action.action_id == ending.cancel:
                task.status = ActionStatus.FINISHED
        if ending.mode:
            self._enter(ending.mode)

    def _enter(self, mode: OperatingMode) -> None:
        memory = self._memory
        memory.mode = mode
        if mode in WITHOUT_PLACE:
            memory.node_id = ""
        elif not memory.node_id:
            memory.node_id = self._floor.depot  # where those who have served it set it down
        if mode.takes_orders:
            gone = errors.MOBILE_ROBOT_NOT_AVAILABLE
            memory.errors = [each for each in memory.errors if each.error_type != gone]

    def _seconds_of_leg(self) -> float:
        memory = self._memory
        edge, end = memory.edges[0], memory.nodes[0].node_id
        if end == memory.node_id:
            return 0.0
        speed = min(self._settings.metres_a_second, edge.maximum_speed or math.inf)
        return self._floor.edge(memory.node_id, end).length / speed

    def _mind_the_battery(self) -> None:
        memory = self._memory
        memory.charging = memory.idle and memory.charge < FULL
        known = {each.error_type for each in memory.errors}
        hint = "let it stand and charge"
        if memory.charge < LOW and errors.BATTERY_LOW not in known:
            self.report(error(errors.BATTERY_LOW, f"less than {LOW:.0f} % are left", hint))
        if memory.charge <= NOTHING and errors.BATTERY_EMPTY not in known:
            self.report(error(errors.BATTERY_EMPTY, "nothing is left: the robot stands still", hint))
        if memory.charge >= LOW:
            batteries = (errors.BATTERY_LOW, errors.BATTERY_EMPTY)
            memory.errors = [each for each in memory.errors if each.error_type not in batteries]
