"""Shapes that several messages share: amounts, line items, stops."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Above 2^53 a JSON number is no longer exact in every reader.
Cents = Annotated[int, Field(strict=True, ge=0, lt=2**53, description="An amount of money in cents.")]
Quantity = Annotated[int, Field(strict=True, ge=0, description="A number of items.")]
Time = Annotated[str, Field(description="RFC 3339, in UTC.", json_schema_extra={"format": "date-time"})]


class Shape(BaseModel):
    """A part of messages: like them immutable, strict when created, lenient when read."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LineItem(Shape):
    """A quantity of one product of one store, with names and price as they were when it was chosen."""

    store_id: str
    product_id: str
    store_name: str
    product_name: str
    price: Cents
    quantity: Quantity


class StopItem(Shape):
    """A quantity of one product to collect at a stop, and how many have been picked."""

    product_id: str
    name: str
    quantity: Quantity
    picked: Quantity


class Stop(Shape):
    """One store on a robot's route, and the items to collect there."""

    store_id: str
    store_name: str
    location: str
    items: tuple[StopItem, ...]


class Shortage(Shape):
    """How many of one product of one store could not be found."""

    store_id: str
    product_id: str
    quantity: Quantity


class Picked(Shape):
    """How many of one product of one store have been picked in all."""

    store_id: str
    product_id: str
    quantity: Quantity
