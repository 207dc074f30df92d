"""The factsheet: what a robot is and can do (sections 6.10 and 7.10); retained."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from events.vda5050.geometry import MobileRobotGeometry
from events.vda5050.header import Header
from events.vda5050.order import BlockingType
from events.vda5050.shape import Percent, Positive, Shape, UInt32
from events.vda5050.state import BoundingBoxReference, LoadDimensions


class Zone(StrEnum):
    """The types of zones."""

    BLOCKED = "BLOCKED"
    LINE_GUIDED = "LINE_GUIDED"
    RELEASE = "RELEASE"
    COORDINATED_REPLANNING = "COORDINATED_REPLANNING"
    SPEED_LIMIT = "SPEED_LIMIT"
    ACTION = "ACTION"
    PRIORITY = "PRIORITY"
    PENALTY = "PENALTY"
    DIRECTED = "DIRECTED"
    BIDIRECTED = "BIDIRECTED"


class TypeSpecification(Shape):
    """The class of the robot; kinematics, class, localization and navigation are open lists of words."""

    series_name: str
    series_description: str | None = None
    mobile_robot_kinematics: str
    mobile_robot_class: str
    maximum_load_mass: Positive
    localization_types: tuple[str, ...]
    navigation_types: tuple[str, ...]
    supported_zones: tuple[Zone, ...] | None = None


class PhysicalParameters(Shape):
    """Speeds and sizes; metres, seconds, radians."""

    minimum_speed: float
    maximum_speed: float
    minimum_angular_speed: float | None = None
    maximum_angular_speed: float | None = None
    maximum_acceleration: float
    maximum_deceleration: float
    minimum_height: float
    maximum_height: float
    width: float
    length: float


class MaximumStringLengths(Shape):
    """How long texts may be; absent or 0: no limit."""

    maximum_message_length: UInt32 | None = None
    maximum_topic_serial_length: UInt32 | None = None
    maximum_topic_element_length: UInt32 | None = None
    maximum_id_length: UInt32 | None = None
    id_numerical_only: bool | None = None
    maximum_load_id_length: UInt32 | None = None


class MaximumArrayLengths(Shape):
    """How long lists may be, by their names in the messages; absent or 0: no limit."""

    order_nodes: Annotated[UInt32 | None, Field(alias="order.nodes")] = None
    order_edges: Annotated[UInt32 | None, Field(alias="order.edges")] = None
    node_actions: Annotated[UInt32 | None, Field(alias="node.actions")] = None
    edge_actions: Annotated[UInt32 | None, Field(alias="edge.actions")] = None
    action_parameters: Annotated[UInt32 | None, Field(alias="actions.actionsParameters")] = None
    instant_actions: UInt32 | None = None
    trajectory_knot_vector: Annotated[UInt32 | None, Field(alias="trajectory.knotVector")] = None
    trajectory_control_points: Annotated[UInt32 | None, Field(alias="trajectory.controlPoints")] = None
    zone_set_zones: Annotated[UInt32 | None, Field(alias="zoneSet.zones")] = None
    state_node_states: Annotated[UInt32 | None, Field(alias="state.nodeStates")] = None
    state_edge_states: Annotated[UInt32 | None, Field(alias="state.edgeStates")] = None
    state_loads: Annotated[UInt32 | None, Field(alias="state.loads")] = None
    state_action_states: Annotated[UInt32 | None, Field(alias="state.actionStates")] = None
    state_instant_action_states: Annotated[UInt32 | None, Field(alias="state.instantActionStates")] = None
    state_zone_action_states: Annotated[UInt32 | None, Field(alias="state.zoneActionStates")] = None
    state_errors: Annotated[UInt32 | None, Field(alias="state.errors")] = None
    state_information: Annotated[UInt32 | None, Field(alias="state.information")] = None
    error_error_references: Annotated[UInt32 | None, Field(alias="error.errorReferences")] = None
    information_info_references: Annotated[UInt32 | None, Field(alias="information.infoReferences")] = None


class Timing(Shape):
    """How often a robot takes orders and sends states; seconds."""

    minimum_order_interval: Positive
    minimum_state_interval: Positive
    default_state_interval: Positive | None = None
    visualization_interval: Positive | None = None


class ProtocolLimits(Shape):
    """What is too much for a robot."""

    maximum_string_lengths: MaximumStringLengths
    maximum_array_lengths: MaximumArrayLengths
    timing: Timing


class Support(StrEnum):
    """Whether a robot understands an optional field, or needs it."""

    SUPPORTED = "SUPPORTED"
    REQUIRED = "REQUIRED"


class OptionalParameter(Shape):
    """An optional field that a robot understands, such as order.nodes.nodePosition."""

    parameter: str
    support: Support
    description: str | None = None


class Scope(StrEnum):
    """Where an action may be used."""

    INSTANT = "INSTANT"
    NODE = "NODE"
    EDGE = "EDGE"
    ZONE = "ZONE"


class ValueDataType(StrEnum):
    """The type of an action parameter's value."""

    BOOL = "BOOL"
    NUMBER = "NUMBER"
    INTEGER = "INTEGER"
    STRING = "STRING"
    OBJECT = "OBJECT"
    ARRAY = "ARRAY"


class ParameterOfAction(Shape):
    """A parameter that an action takes."""

    key: str
    value_data_type: ValueDataType
    description: str | None = None
    is_optional: bool | None = None


class MobileRobotAction(Shape):
    """An action that a robot can execute."""

    action_type: str
    action_description: str | None = None
    action_scopes: tuple[Scope, ...]
    action_parameters: tuple[ParameterOfAction, ...] | None = None
    action_result: str | None = None
    blocking_types: tuple[BlockingType, ...] | None = None
    pause_allowed: bool
    cancel_allowed: bool


class ProtocolFeatures(Shape):
    """Which optional fields and which actions a robot understands; what is not named it does not."""

    optional_parameters: tuple[OptionalParameter, ...]
    mobile_robot_actions: tuple[MobileRobotAction, ...]


class LoadSet(Shape):
    """A kind of load that a robot handles; kilograms, metres, radians, seconds."""

    set_name: str
    load_type: str
    load_positions: tuple[str, ...] | None = None
    bounding_box_reference: BoundingBoxReference | None = None
    load_dimensions: LoadDimensions | None = None
    maximum_weight: Positive | None = None
    minimum_loadhandling_height: float | None = None
    maximum_loadhandling_height: float | None = None
    minimum_loadhandling_depth: float | None = None
    maximum_loadhandling_depth: float | None = None
    minimum_loadhandling_tilt: float | None = None
    maximum_loadhandling_tilt: float | None = None
    maximum_speed: float | None = None
    maximum_acceleration: float | None = None
    maximum_deceleration: float | None = None
    pick_time: Positive | None = None
    drop_time: Positive | None = None
    description: str | None = None


class LoadSpecification(Shape):
    """What a robot can carry, and where."""

    load_positions: tuple[str, ...] | None = None
    load_sets: tuple[LoadSet, ...] | None = None


class VersionInfo(Shape):
    """A version of a part of a robot."""

    key: str
    value: str


class Network(Shape):
    """A robot's network."""

    dns_servers: tuple[str, ...] | None = None
    ntp_servers: tuple[str, ...] | None = None
    local_ip_address: str | None = None
    netmask: str | None = None
    default_gateway: str | None = None


class BatteryCharging(Shape):
    """When to charge; percent and seconds."""

    critical_low_charging_level: Percent | None = None
    maximum_desired_charging_level: Percent | None = None
    minimum_desired_charging_level: Percent | None = None
    minimum_charging_time: Positive | None = None


class MobileRobotConfiguration(Shape):
    """Versions, network and charging."""

    versions: tuple[VersionInfo, ...] | None = None
    network: Network | None = None
    battery_charging: BatteryCharging | None = None


class Factsheet(Header):
    """What a robot is, what it can do, and what is too much for it."""

    type_specification: TypeSpecification
    physical_parameters: PhysicalParameters
    protocol_limits: ProtocolLimits
    protocol_features: ProtocolFeatures
    mobile_robot_geometry: MobileRobotGeometry
    load_specification: LoadSpecification
    mobile_robot_configuration: MobileRobotConfiguration | None = None
