"""What all models of the standard share: camelCase names, exact JSON types, unknown fields ignored, absent for None."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

# The range of an angle is ±Pi, which the standard's own schemas and many robots round up, to milliradians at worst.
_PI = math.pi + 1e-3
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"

UInt32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
Angle = Annotated[float, Field(ge=-_PI, le=_PI)]  # radians
Deviation = Annotated[float, Field(ge=0, le=_PI)]  # radians
Positive = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Timestamp = Annotated[str, Field(pattern=_TIME)]  # ISO 8601 in UTC, ending in Z


class Shape(BaseModel):
    """An object of a message: immutable; snake_case here, the standard's camelCase on the wire.

    Models are built when first needed, so that a function that imports them starts as fast as before.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="ignore",
        defer_build=True,
        allow_inf_nan=False,
    )
