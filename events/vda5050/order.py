"""The order: nodes and edges to traverse and actions to execute there (section 7.3)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from events.vda5050.header import Header
from events.vda5050.shape import Angle, Deviation, Positive, Shape, UInt32


class BlockingType(StrEnum):
    """What an action allows beside it: NONE all, SINGLE driving, SOFT other actions, HARD nothing."""

    NONE = "NONE"
    SINGLE = "SINGLE"
    SOFT = "SOFT"
    HARD = "HARD"


class ActionParameter(Shape):
    """A named value of an action, of any JSON type."""

    key: str
    value: JsonValue


class Action(Shape):
    """What a robot does on a node, on an edge, or at once."""

    action_type: str
    action_id: str
    action_descriptor: str | None = None
    blocking_type: BlockingType
    action_parameters: tuple[ActionParameter, ...] | None = None
    retriable: bool | None = None

    def parameter(self, key: str) -> JsonValue:
        """The value of a parameter, or None where the action has none of that name."""
        return next((each.value for each in self.action_parameters or () if each.key == key), None)


class AllowedDeviation(Shape):
    """The ellipse around a node within which the node counts as reached; metres and radians."""

    a: Positive
    b: Positive
    theta: float


class NodePosition(Shape):
    """Where a node is on a map; metres and radians."""

    x: float
    y: float
    theta: Angle | None = None
    allowed_deviation_xy: Annotated[AllowedDeviation | None, Field(alias="allowedDeviationXY")] = None
    allowed_deviation_theta: Deviation | None = None
    map_id: str


class Node(Shape):
    """A place to reach, with what to do there; an even sequence id."""

    node_id: str
    sequence_id: UInt32
    node_descriptor: str | None = None
    released: bool
    node_position: NodePosition | None = None
    actions: tuple[Action, ...]


class ControlPoint(Shape):
    """A control point of a trajectory."""

    x: float
    y: float
    weight: Annotated[float, Field(gt=0)] | None = None


class Trajectory(Shape):
    """A path as a clamped NURBS curve."""

    degree: Annotated[UInt32, Field(ge=1)] | None = None
    knot_vector: tuple[Annotated[float, Field(ge=0, le=1)], ...] | None = None
    control_points: tuple[ControlPoint, ...]


class CorridorReferencePoint(StrEnum):
    """What must stay within a corridor."""

    KINEMATIC_CENTER = "KINEMATIC_CENTER"
    CONTOUR = "CONTOUR"


class ReleaseLossBehavior(StrEnum):
    """What a robot does when it loses the release of a corridor."""

    STOP = "STOP"
    RETURN = "RETURN"


class Corridor(Shape):
    """How far a robot may leave the trajectory of an edge; metres."""

    left_width: Positive
    right_width: Positive
    corridor_reference_point: CorridorReferencePoint | None = None
    release_required: bool | None = None
    release_loss_behavior: ReleaseLossBehavior | None = None


class OrientationType(StrEnum):
    """What the orientation on an edge refers to: the map, or the path."""

    GLOBAL = "GLOBAL"
    TANGENTIAL = "TANGENTIAL"


class Edge(Shape):
    """The way from the node before it to the node after it; an odd sequence id."""

    edge_id: str
    sequence_id: UInt32
    edge_descriptor: str | None = None
    released: bool
    maximum_speed: float | None = None
    maximum_mobile_robot_height: float | None = None
    minimum_load_handling_device_height: float | None = None
    orientation: float | None = None
    orientation_type: OrientationType | None = None
    direction: str | None = None
    reach_orientation_before_entering: bool | None = None
    maximum_rotation_speed: float | None = None
    trajectory: Trajectory | None = None
    length: float | None = None
    corridor: Corridor | None = None
    actions: tuple[Action, ...]


class Order(Header):
    """What a robot is to do; another update of the same order extends it.

    That fields and types are right does not make an order valid: see `graph.fault`.
    """

    order_id: str
    order_update_id: UInt32
    order_description: str | None = None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def path(self) -> tuple[Node | Edge, ...]:
        """Nodes and edges as they are traversed."""
        parts: list[Node | Edge] = [*self.nodes, *self.edges]
        return tuple(sorted(parts, key=lambda part: part.sequence_id))

    def actions(self) -> tuple[Action, ...]:
        """All actions in the order in which a robot meets them."""
        return tuple(action for part in self.path for action in part.actions)
