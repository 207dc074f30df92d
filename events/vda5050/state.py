"""The state: all that a robot reports of itself and of its order (sections 6.6 and 7.8)."""

from enum import StrEnum

from events.vda5050.header import Header
from events.vda5050.order import Trajectory
from events.vda5050.shape import Angle, Percent, Positive, Shape, Share, Timestamp, UInt32


class OnRobot(StrEnum):
    """Whether a map or zone set on the robot is in use."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class Map(Shape):
    """A map that is stored on the robot."""

    map_id: str
    map_version: str
    map_status: OnRobot
    map_descriptor: str | None = None


class ZoneSet(Shape):
    """A zone set that is stored on the robot."""

    zone_set_id: str
    map_id: str
    zone_set_status: OnRobot


class StatePosition(Shape):
    """Where a node is, as a robot repeats it: without deviations. Metres and radians."""

    x: float
    y: float
    theta: Angle | None = None
    map_id: str


class NodeState(Shape):
    """A node that is still to be traversed."""

    node_id: str
    sequence_id: UInt32
    node_descriptor: str | None = None
    released: bool
    node_position: StatePosition | None = None


class EdgeState(Shape):
    """An edge that is still to be traversed."""

    edge_id: str
    sequence_id: UInt32
    edge_descriptor: str | None = None
    released: bool
    trajectory: Trajectory | None = None


class PlannedPath(Shape):
    """The path that a robot has planned within its order."""

    trajectory: Trajectory
    traversed_nodes: tuple[str, ...] | None = None


class Waypoint(Shape):
    """The end of a segment of a path, and when the robot expects to be there."""

    x: float
    y: float
    theta: Angle | None = None
    eta: Timestamp


class IntermediatePath(Shape):
    """The path just before a robot, as far as its sensors see."""

    polyline: tuple[Waypoint, ...]


class MobileRobotPosition(Shape):
    """Where a robot is; metres and radians. Not to be trusted where it is not localized."""

    x: float
    y: float
    theta: Angle
    map_id: str
    localized: bool
    localization_score: Share | None = None
    deviation_range: float | None = None


class Velocity(Shape):
    """How fast a robot moves, in its own coordinates; metres and radians a second."""

    vx: float | None = None
    vy: float | None = None
    omega: float | None = None


class BoundingBoxReference(Shape):
    """The middle of a load's lower side, in the robot's coordinates."""

    x: float
    y: float
    z: float
    theta: float | None = None


class LoadDimensions(Shape):
    """The size of a load; metres."""

    length: float
    width: float
    height: float | None = None


class Load(Shape):
    """Something that a robot carries."""

    load_id: str | None = None
    load_type: str | None = None
    load_position: str | None = None
    bounding_box_reference: BoundingBoxReference | None = None
    load_dimensions: LoadDimensions | None = None
    weight: Positive | None = None


class RequestStatus(StrEnum):
    """How far a robot's request is."""

    REQUESTED = "REQUESTED"
    GRANTED = "GRANTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class ZoneRequestType(StrEnum):
    """What a robot asks for a zone."""

    ACCESS = "ACCESS"
    REPLANNING = "REPLANNING"


class ZoneRequest(Shape):
    """A robot asks to enter a zone, or to plan anew within it."""

    request_id: str
    request_type: ZoneRequestType
    zone_id: str
    zone_set_id: str
    request_status: RequestStatus
    trajectory: Trajectory | None = None


class EdgeRequestType(StrEnum):
    """What a robot asks for an edge."""

    CORRIDOR = "CORRIDOR"


class EdgeRequest(Shape):
    """A robot asks to leave the trajectory of an edge."""

    request_id: str
    request_type: EdgeRequestType
    edge_id: str
    sequence_id: UInt32
    request_status: RequestStatus


class ActionStatus(StrEnum):
    """How far an action is; FINISHED and FAILED are final."""

    WAITING = "WAITING"
    INITIALIZING = "INITIALIZING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RETRIABLE = "RETRIABLE"
    FINISHED = "FINISHED"
    FAILED = "FAILED"

    @property
    def ended(self) -> bool:
        """Whether nothing follows this status."""
        return self in (ActionStatus.FINISHED, ActionStatus.FAILED)


class ActionState(Shape):
    """How far an action is, and its result."""

    action_id: str
    action_type: str | None = None
    action_descriptor: str | None = None
    action_status: ActionStatus
    action_result: str | None = None


class PowerSupply(Shape):
    """The battery: percent, volts, amperes, metres. Health and range: whole by the text, any number by the schema."""

    state_of_charge: Percent
    battery_voltage: float | None = None
    battery_current: float | None = None
    battery_health: Percent | None = None
    charging: bool
    range: Positive | None = None


class OperatingMode(StrEnum):
    """Who is in control of the robot."""

    STARTUP = "STARTUP"
    AUTOMATIC = "AUTOMATIC"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    INTERVENED = "INTERVENED"
    MANUAL = "MANUAL"
    SERVICE = "SERVICE"
    TEACH_IN = "TEACH_IN"

    @property
    def takes_orders(self) -> bool:
        """Whether a robot may be given orders in this mode (table 10)."""
        return self in (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC, OperatingMode.INTERVENED)


class ErrorLevel(StrEnum):
    """WARNING and URGENT: goes on; CRITICAL: cannot go on with this order; FATAL: takes no other order either."""

    WARNING = "WARNING"
    URGENT = "URGENT"
    CRITICAL = "CRITICAL"
    FATAL = "FATAL"


class ErrorReference(Shape):
    """What an error is about: the kind of an id, and the id."""

    reference_key: str
    reference_value: str


class Translation(Shape):
    """A text in another language (ISO 639-1)."""

    translation_key: str
    translation_value: str


class Error(Shape):
    """An error that is active; its type is one of `errors`, or the maker's own."""

    error_type: str
    error_references: tuple[ErrorReference, ...] | None = None
    error_description: str | None = None
    error_description_translations: tuple[Translation, ...] | None = None
    error_hint: str | None = None
    error_hint_translations: tuple[Translation, ...] | None = None
    error_level: ErrorLevel


class InfoLevel(StrEnum):
    """What information is for."""

    DEBUG = "DEBUG"
    INFO = "INFO"


class InfoReference(Shape):
    """What information is about."""

    reference_key: str
    reference_value: str


class Information(Shape):
    """Something to show or to debug with; no rule depends on it."""

    info_type: str
    info_references: tuple[InfoReference, ...] | None = None
    info_descriptor: str | None = None
    info_level: InfoLevel


class EmergencyStop(StrEnum):
    """Which emergency stop is active, by where it must be acknowledged."""

    MANUAL = "MANUAL"
    REMOTE = "REMOTE"
    NONE = "NONE"


class SafetyState(Shape):
    """Emergency stop and protective field."""

    active_emergency_stop: EmergencyStop
    field_violation: bool


class State(Header):
    """All that a robot reports. `order_id` stays when an order has ended, until there is another."""

    maps: tuple[Map, ...] | None = None
    zone_sets: tuple[ZoneSet, ...] | None = None
    order_id: str
    order_update_id: UInt32
    last_node_id: str
    last_node_sequence_id: UInt32
    node_states: tuple[NodeState, ...]
    edge_states: tuple[EdgeState, ...]
    planned_path: PlannedPath | None = None
    intermediate_path: IntermediatePath | None = None
    mobile_robot_position: MobileRobotPosition | None = None
    velocity: Velocity | None = None
    loads: tuple[Load, ...] | None = None
    driving: bool
    paused: bool | None = None
    new_base_request: bool | None = None
    zone_requests: tuple[ZoneRequest, ...] | None = None
    edge_requests: tuple[EdgeRequest, ...] | None = None
    distance_since_last_node: float | None = None
    action_states: tuple[ActionState, ...]
    instant_action_states: tuple[ActionState, ...]
    zone_action_states: tuple[ActionState, ...] | None = None
    power_supply: PowerSupply
    operating_mode: OperatingMode
    errors: tuple[Error, ...]
    information: tuple[Information, ...] | None = None
    safety_state: SafetyState

    @property
    def idle(self) -> bool:
        """Whether nothing of the order is left to do (section 6.6.8)."""
        ended = all(action.action_status.ended for action in self.action_states)
        return ended and not self.node_states and not self.edge_states
