"""States as robots report them: a robot that is idle at a parking place, and what is else."""

from typing import Any

from events.floor.plan import plan
from events.vda5050.state import EmergencyStop, OperatingMode, PowerSupply, SafetyState, State

TIME = "2026-03-14T09:26:53.589Z"


def state(robot: str, header: int = 0, **more: Any) -> State:
    """A robot's state."""
    fields: dict[str, Any] = {
        "header_id": header,
        "timestamp": TIME,
        "serial_number": robot,
        "order_id": "",
        "order_update_id": 0,
        "last_node_id": plan().parking[0],
        "last_node_sequence_id": 0,
        "node_states": (),
        "edge_states": (),
        "driving": False,
        "action_states": (),
        "instant_action_states": (),
        "power_supply": PowerSupply(state_of_charge=80, charging=False),
        "operating_mode": OperatingMode.AUTOMATIC,
        "errors": (),
        "safety_state": SafetyState(active_emergency_stop=EmergencyStop.NONE, field_violation=False),
    }
    return State(**(fields | more))
