"""The actions of a robot's order: which of them may begin, what pauses them, and how each of them ends."""

from collections.abc import Callable

from clients.robot import factsheet
from clients.robot.judging import error
from clients.robot.memory import Memory, Task
from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.collecting import COLLECT, DROP, PRODUCT_ID, QUANTITY
from events.vda5050.state import ActionStatus, Load


class Actions:
    """The work on the actions that the memory holds; each change of a status is one of table 12 of the standard.

    is_held: whether an action may not go on now, though the order lets it.
    """

    def __init__(
        self, memory: Memory, settings: Settings, chance: Callable[[], float], is_held: Callable[[Task], bool]
    ) -> None:
        self._memory = memory
        self._settings = settings
        self._chance = chance
        self._is_held = is_held

    def begin(self) -> bool:
        """Go on with an action that was paused, or begin the next one; returns whether there was one."""
        if self.resume():
            return True
        following = self._next()
        if following:
            self._start(following)
        return following is not None

    def resume(self) -> bool:
        """Go on with an action that was paused; returns whether there was one."""
        for task in self._memory.queue:
            if task.status is ActionStatus.PAUSED and not task.lost and not self._is_held(task):
                task.status, task.paused_in = task.paused_in or ActionStatus.RUNNING, None
                return True
        return False

    def end(self, task: Task) -> None:
        """End what had no more time left: the preparation of an action, or the action."""
        if task.status is ActionStatus.INITIALIZING:
            self._run(task)
        elif self._chance() < self._settings.failing:
            self._fail(task)
        elif task.action.action_type == COLLECT:
            self._end_collect(task)
        else:
            self._memory.loads = []
            task.status = ActionStatus.FINISHED

    def pause(self) -> None:
        """Pause what can be paused."""
        for task in self._memory.tasks:
            if task.at_work and factsheet.can_be_stopped(task.action.action_type):
                self._pause(task)

    def hold(self) -> None:
        """Pause what is held. Of an order that is given up it fails once another robot may have the list."""
        for task in self._memory.queue:
            if self._is_held(task) and (task.at_work or task.status is ActionStatus.PAUSED):
                if self._memory.ending and self._memory.unsure > 0:
                    task.lost = True
                elif task.at_work:
                    self._pause(task)

    def cancel(self) -> None:
        """Give all up but those that are at work and cannot be cancelled."""
        for task in self._memory.tasks:
            if not task.status.ended and not (task.at_work and not factsheet.can_be_stopped(task.action.action_type)):
                task.lost = True

    def retry(self, task: Task) -> None:
        """Begin an action again; it stays RETRIABLE until it may begin."""
        self._settle(task)
        task.again = True

    def skip(self, task: Task) -> None:
        self._settle(task)
        self._lose(task)

    def clear(self) -> None:
        """Put back what is in the basket, before anything else begins: it is of no order that goes on."""
        memory = self._memory
        if memory.loads and memory.clearing is None and not memory.ending:
            memory.clearing = self._settings.put_back * len(memory.loads)

    def _next(self) -> Task | None:
        """The next action that its blocking type, and that of those before it, allows to begin (figure 11)."""
        before = False
        for task in self._memory.queue:
            if task.alone and before:
                return None
            if task.status is ActionStatus.WAITING or task.again:
                return None if self._is_held(task) else task
            if task.alone:
                return None
            before = True
        return None

    def _start(self, task: Task) -> None:
        task.again = False
        if self._settings.prepare:
            task.status, task.left = ActionStatus.INITIALIZING, self._settings.prepare
        else:
            self._run(task)

    def _run(self, task: Task) -> None:
        collects = task.action.action_type == COLLECT
        task.status, task.left = ActionStatus.RUNNING, self._settings.collect if collects else self._settings.drop

    @staticmethod
    def _pause(task: Task) -> None:
        task.paused_in, task.status = task.status, ActionStatus.PAUSED

    def _fail(self, task: Task) -> None:
        action, collects = task.action, task.action.action_type == COLLECT
        can_be_retried = action.retriable and not self._memory.ending
        if can_be_retried:
            task.status = ActionStatus.RETRIABLE
        else:
            self._lose(task)
        kind, why = (errors.PICK_FAILED, "not gripped") if collects else (errors.DROP_FAILED, "not put down")
        hint = "retry the action, or skip it" if can_be_retried else None
        self._memory.report(error(kind, f"the goods were {why}", hint, actionId=action.action_id))

    def _lose(self, task: Task) -> None:
        """End an action without success: a collect took nothing; what a drop did not put down goes back."""
        collects = task.action.action_type == COLLECT
        task.result = "0" if collects else None
        if self._memory.ending:
            task.lost = True
            return
        task.status = ActionStatus.FAILED
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


def is_drop(task: Task) -> bool:
    return task.action.action_type == DROP
