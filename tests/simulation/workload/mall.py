"""What the people of one schedule know of their mall, and of what each other did."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Product:
    """Something that is sold; `price` in cents is what it said on the shelf when it was put there."""

    id: str
    store_id: str
    price: int


@dataclass(frozen=True)
class Order:
    """What a customer checked out, as far as they know."""

    id: str
    customer_id: str
    payment_id: str


@dataclass
class Scene:
    """Products on the shelves, orders placed, customers registered, and robots, in the order in which they came.

    seen: assignments that robots were given, as (list id, number); old ones are kept. keys: Idempotency-Keys in use,
    for those who come by the same. closing: no robot takes up anything new.
    """

    products: list[Product] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    robots: list[str] = field(default_factory=list)
    seen: list[tuple[str, int]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    closing: bool = False


def lines(shopping_list: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a list asks for, line by line, as its own API wants a line named."""
    for stop in shopping_list["stops"]:
        for item in stop["items"]:
            yield {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}


def on_the_wire(cents: int) -> float:
    """An amount as REST has it."""
    return cents / 100
