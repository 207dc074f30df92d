"""Position and planned path, more often than in the state (sections 6.7 and 7.9)."""

from events.vda5050.header import Header
from events.vda5050.shape import UInt32
from events.vda5050.state import IntermediatePath, MobileRobotPosition, PlannedPath, Velocity


class Visualization(Header):
    """Where a robot is and where it is going, for those who look at it; no rule depends on it."""

    reference_state_header_id: UInt32
    planned_path: PlannedPath | None = None
    intermediate_path: IntermediatePath | None = None
    mobile_robot_position: MobileRobotPosition | None = None
    velocity: Velocity | None = None
