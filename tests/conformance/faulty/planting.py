"""How faulty robots are planted: our own with one fault each, which the case that is named must find."""

from collections.abc import Callable
from typing import Any

from clients.robot.machine import Publication
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.vda5050.state import ActionState, Error, State
from tests.conformance.faulty.altered import Altered
from tests.conformance.faulty.faults import Fault
from tests.conformance.gateway import PlayedGateway
from tests.conformance.links import MachineLink, Make, our_robot
from tests.conformance.robots.cases import ROBOT_CASES

Change = Callable[[State], State]


ROBOT_FAULTS: list[Fault] = []


def fault(found_by: str, words: str) -> Callable[[Make], Make]:
    """Declare a faulty robot; its fault is the name of the function, words a pattern of the reason that tells it."""

    def declare(make: Make) -> Make:
        assert found_by in ROBOT_CASES.known, found_by
        name = make.__name__.replace("_", " ")
        ROBOT_FAULTS.append(Fault(name, found_by, words, lambda: PlayedGateway(MachineLink(make))))
        return make

    return declare


def states(change: Change) -> Callable[[Memory, Settings], Any]:
    """A robot whose states are changed."""

    def outgoing(each: Publication) -> Publication:
        return each._replace(message=change(each.message)) if isinstance(each.message, State) else each

    return lambda memory, settings: Altered(our_robot(memory, settings), outgoing)


def changed(**changes: object) -> Change:
    return lambda state: state.model_copy(update=changes)


def each_action(change: Callable[[ActionState], ActionState]) -> Change:
    return lambda state: state.model_copy(update={"action_states": tuple(map(change, state.action_states))})


def each_error(change: Callable[[Error], Error | None]) -> Change:
    return lambda state: state.model_copy(
        update={"errors": tuple(kept for error in state.errors if (kept := change(error)))}
    )
