"""What a robot does at once: cancel its order, pause, go on, retry, skip (section 6.2.1)."""

from collections.abc import Callable, Iterable

from clients.robot.execution import IN_CONTROL, Execution
from clients.robot.factsheet import MOST_INSTANT_ACTIONS
from clients.robot.judging import error
from clients.robot.memory import Ending, Memory, Task
from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction, InstantActions
from events.vda5050.order import Action
from events.vda5050.state import ActionStatus

KNOWN = 300  # ids of instant actions that came, so that one which comes again is not executed again
IN_ANY_MODE = (InstantAction.CANCEL_ORDER, InstantAction.STATE_REQUEST, InstantAction.FACTSHEET_REQUEST)


class InstantWork:
    """Executes instant actions, each once by its id."""

    def __init__(self, memory: Memory, work: Execution) -> None:
        self._memory = memory
        self._work = work
        self._does: dict[str, Callable[[Task], bool]] = {
            InstantAction.CANCEL_ORDER: self._cancel,
            InstantAction.START_PAUSE: lambda task: self._done(task, work.pause),
            InstantAction.STOP_PAUSE: lambda task: self._done(task, work.resume),
            InstantAction.RETRY: lambda task: self._with_retriable(task, work.actions.retry),
            InstantAction.SKIP_RETRY: lambda task: self._with_retriable(task, work.actions.skip),
            InstantAction.STATE_REQUEST: lambda task: self._done(task, lambda: None),
            InstantAction.FACTSHEET_REQUEST: lambda task: self._done(task, lambda: None),
            InstantAction.CLEAR_INSTANT_ACTIONS: lambda task: self._done(task, self._clear),
        }

    @staticmethod
    def asks_for_factsheet(message: InstantActions) -> bool:
        return any(action.action_type == InstantAction.FACTSHEET_REQUEST for action in message.actions)

    def receive(self, actions: Iterable[Action]) -> None:
        """Execute those that are new; what cannot be executed fails, with an error."""
        for action in actions:
            if action.action_id not in self._memory.known_instant:
                self._execute(Task(action))

    def _execute(self, task: Task) -> None:
        memory = self._memory
        memory.known_instant = [*memory.known_instant, task.action.action_id][-KNOWN:]
        does = self._does.get(task.action.action_type)
        possible = memory.mode in IN_CONTROL or task.action.action_type in IN_ANY_MODE
        if does and possible and does(task):
            memory.withdraw(errors.INVALID_INSTANT_ACTION)
        else:
            task.status = ActionStatus.FAILED
            if task.action.action_type != InstantAction.CANCEL_ORDER:
                why = f"the robot cannot {task.action.action_type} now"
                memory.report(error(errors.INVALID_INSTANT_ACTION, why, actionId=task.action.action_id))
        memory.instant.append(task)
        if len(memory.instant) > MOST_INSTANT_ACTIONS:
            oldest = next(each for each in memory.instant if each.status.ended)
            memory.instant.remove(oldest)
            why, hint = f"no more than {MOST_INSTANT_ACTIONS} are reported", "send clearInstantActions"
            memory.report(error(errors.INSTANT_ACTION_STATES_FULL, why, hint))

    def _cancel(self, task: Task) -> bool:
        memory, wanted = self._memory, task.action.parameter("orderId")
        active = memory.order.order_id if memory.order and not memory.idle and not memory.ending else None
        if active is None or wanted not in (None, active):
            why = "the order is not active" if wanted else "no order is active"
            memory.report(error(errors.NO_ORDER_TO_CANCEL, why, actionId=task.action.action_id))
            return False
        task.status = ActionStatus.RUNNING
        self._work.give_up(Ending(cancel=task.action.action_id))
        return True

    def _with_retriable(self, task: Task, do: Callable[[Task], None]) -> bool:
        wanted = task.action.parameter("actionId")
        for each in self._memory.tasks:
            if each.action.action_id == wanted and each.status is ActionStatus.RETRIABLE and not each.lost:
                do(each)
                return self._done(task, lambda: None)
        return False

    def _clear(self) -> None:
        memory = self._memory
        memory.instant = [each for each in memory.instant if not each.status.ended]
        memory.withdraw(errors.INSTANT_ACTION_STATES_FULL)

    @staticmethod
    def _done(task: Task, do: Callable[[], None]) -> bool:
        do()
        task.status = ActionStatus.FINISHED
        return True
