"""The outlines and wheels of a robot, for its factsheet."""

from typing import Annotated

from pydantic import Field, JsonValue

from events.vda5050.shape import Shape


class WheelPosition(Shape):
    """Where a wheel is, in the robot's coordinates."""

    x: float
    y: float
    theta: float | None = None


class WheelDefinition(Shape):
    """A wheel; metres."""

    type: str
    is_active_driven: bool
    is_active_steered: bool
    position: WheelPosition
    diameter: float
    width: float
    center_displacement: float | None = None
    constraints: str | None = None


class Vertex(Shape):
    """A corner of an outline; metres."""

    x: float
    y: float


class Envelope2d(Shape):
    """An outline of the robot: a closed, simple polygon."""

    envelope2d_id: Annotated[str, Field(alias="envelope2dId")]
    vertices: tuple[Vertex, ...]
    description: str | None = None


class Envelope3d(Shape):
    """A body of the robot, in a format of its own."""

    envelope3d_id: Annotated[str, Field(alias="envelope3dId")]
    format: str
    data: dict[str, JsonValue] | None = None
    url: str | None = None
    description: str | None = None


class MobileRobotGeometry(Shape):
    """Wheels and outlines."""

    wheel_definitions: tuple[WheelDefinition, ...] | None = None
    envelopes2d: Annotated[tuple[Envelope2d, ...] | None, Field(alias="envelopes2d")] = None
    envelopes3d: Annotated[tuple[Envelope3d, ...] | None, Field(alias="envelopes3d")] = None
