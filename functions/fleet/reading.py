"""From what robots and the broker say to what decides something. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from events.floor.plan import plan
from events.vda5050 import collecting
from events.vda5050.state import ActionState, ActionStatus, EmergencyStop, Error, ErrorLevel, OperatingMode, State
from functions.fleet.orders import drop_id, line_of
from functions.fleet.reports import Pick, Report

# What is kept of a robot's words, which may take 128 KB: a page of robots is one answer, and each row is paid by size.
MOST_ERRORS, MOST_REFERENCES, MOST_RETRIABLE = 20, 4, 20
LONGEST_TEXT, LONGEST_NAME = 300, 200  # characters
FARTHEST = 1e6  # metres from the floor plan's origin: what is farther away is no place
LONGEST_ID = 500  # characters of an order's or action's id: those of the mall have about 150
KEEPS_FROM_GOING_ON = (ErrorLevel.CRITICAL, ErrorLevel.FATAL)


class BrokerEvent(BaseModel):
    """What the broker says of a connection that began or ended.

    https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @property
    def is_taken_over(self) -> bool:
        """Whether the connection ended because another one began under the same client id."""
        return self.reason == "DUPLICATE_CLIENTID"

    client_id: Annotated[str, Field(alias="clientId")]
    event_type: Annotated[str, Field(alias="eventType", pattern="^(connected|disconnected)$")]
    session: Annotated[str, Field(alias="sessionIdentifier")] = ""
    version: Annotated[int, Field(alias="versionNumber")] = 0
    reason: Annotated[str, Field(alias="disconnectReason")] = ""
    in_order: Annotated[bool, Field(alias="clientInitiatedDisconnect")] = False


def report(state: State, at: str) -> Report:
    """What of a state decides something; at: when the broker received it."""
    levels = {error.error_level for error in state.errors}
    mode = state.operating_mode
    stopped = state.safety_state.active_emergency_stop is not EmergencyStop.NONE
    node = state.last_node_id if state.last_node_id in plan().nodes else ""
    return Report(
        at=at,
        header=state.header_id,
        order_id=state.order_id,
        idle=state.idle,
        picked=picked(state),
        dropped=any(
            action.action_id == drop_id(state.order_id) and action.action_status is ActionStatus.FINISHED
            for action in state.action_states
        ),
        able=mode.takes_orders
        and ErrorLevel.FATAL not in levels
        and bool(node)
        and not stopped
        and not (state.idle and state.paused),  # one at work goes on: staff see that it is paused
        charge=state.power_supply.state_of_charge,
        goes_on=levels.isdisjoint(KEEPS_FROM_GOING_ON) and not stopped,
        node=node,
        listens=mode in (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC),
        cancels=mode.takes_orders,
        received=frozenset(action.action_id for action in state.instant_action_states),
        ended=frozenset(action.action_id for action in state.instant_action_states if action.action_status.ended),
        retriable=frozenset(retriable(state)),
    )


def picked(state: State) -> tuple[Pick, ...]:
    """What the collects of an order took that have ended.

    One that finished without saying how many took all; one that failed, none. None takes more than it should.
    """
    found: dict[tuple[str, str], Pick] = {}
    for action in state.action_states:
        line = line_of(state.order_id, action.action_id)
        if line and action.action_status.ended:
            quantity = min(_taken(action, line.quantity), line.quantity)
            found[line.store_id, line.product_id] = Pick(line.store_id, line.product_id, quantity)
    return tuple(found.values())


def retriable(state: State) -> tuple[str, ...]:
    """The actions that failed and wait until staff decide: see `service.retry` and `service.skip`."""
    return tuple(a.action_id for a in state.action_states if a.action_status is ActionStatus.RETRIABLE)


def row(state: State, shown: Report, faults: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What the console shows of a robot: its state, its errors and ours, and which actions staff may retry."""
    position = state.mobile_robot_position
    is_near = position is not None and max(abs(position.x), abs(position.y)) <= FARTHEST
    return {
        "node": shown.node or None,
        "x": position.x if position and is_near else None,
        "y": position.y if position and is_near else None,
        "driving": state.driving,
        "paused": bool(state.paused),
        "mode": str(state.operating_mode),
        "battery": state.power_supply.state_of_charge,
        "order": None if state.idle else state.order_id,
        "errors": [*(_error(error) for error in state.errors[:MOST_ERRORS]), *faults],
        "retriable": sorted(id for id in shown.retriable if len(id) <= LONGEST_ID)[:MOST_RETRIABLE],
        "listens": shown.listens,
    }


def _error(error: Error) -> dict[str, Any]:
    references = (error.error_references or ())[:MOST_REFERENCES]
    return {
        "type": error.error_type[:LONGEST_NAME],
        "level": str(error.error_level),
        "description": (error.error_description or "")[:LONGEST_TEXT],
        "hint": (error.error_hint or "")[:LONGEST_TEXT],
        "references": [[r.reference_key[:LONGEST_NAME], r.reference_value[:LONGEST_NAME]] for r in references],
    }


def _taken(action: ActionState, wanted: int) -> int:
    said = collecting.collected(action.action_result)
    if said is not None:
        return said
    return wanted if action.action_status is ActionStatus.FINISHED else 0
