"""What the clients of one schedule know in common: the ids that their requests created."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Product:
    """A product; `price`, in cents, is the one at its creation."""

    id: str
    store_id: str
    price: int


@dataclass(frozen=True)
class Order:
    """An order that a customer believes to have placed."""

    id: str
    customer_id: str
    payment_id: str


@dataclass
class Mall:
    """Products, stores, orders, customers, baskets and robots, in the order of their creation.

    assignments: all that robots were given, as (list id, number). has_tokens: whether customers and robots prove who
    they are with tokens of the mall's own on this day. tokens: what was issued, as (caller, token).
    """

    products: list[Product] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    baskets: list[str] = field(default_factory=list)
    robots: list[str] = field(default_factory=list)
    assignments: list[tuple[str, int]] = field(default_factory=list)
    has_tokens: bool = False
    tokens: list[tuple[str, str]] = field(default_factory=list)


def lines(shopping_list: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The items of a shopping list, as the depot's API names them."""
    for stop in shopping_list["stops"]:
        for item in stop["items"]:
            yield {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}


def rest_amount(cents: int) -> float:
    """An amount as the REST API has it."""
    return cents / 100
