"""The items of an order, with their prices, and the shortages: what of them could not be found."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from functions.kernel.domain.errors import InvalidError, NotFoundError

MOST_LINES = 100
MOST_OF_ONE = 999
TOTAL_LIMIT = 2**53  # cents; above it a JSON number is no longer exact in every reader


@dataclass(frozen=True)
class Item:
    """A quantity of one product of one store, with its names and price (in cents) at the time of the order."""

    store_id: str
    product_id: str
    store_name: str
    product_name: str
    price: int
    quantity: int


@dataclass(frozen=True)
class Shortage:
    """The quantity of one product of one store that could not be found."""

    store_id: str
    product_id: str
    quantity: int


@dataclass(frozen=True)
class Wanted:
    """An item as staff order it; without a price (in cents) it costs what the catalogue says."""

    store_id: str
    product_id: str
    quantity: int
    price: int | None = None

    def priced(self, catalogued: Item) -> Item:
        """The item by the catalogue. Raises NotFoundError for another store's, InvalidError for another price."""
        if self.store_id != catalogued.store_id:
            raise NotFoundError("product was not located")
        if self.price not in (None, catalogued.price):
            raise InvalidError(f"the price of {catalogued.product_name} is not the catalogue's")
        return replace(catalogued, quantity=self.quantity)


def without(items: tuple[Item, ...], shortages: Iterable[Shortage]) -> tuple[Item, ...]:
    """The items less the shortages, taken from a product's last lines first; more than was ordered takes all."""
    short: dict[tuple[str, str], int] = {}
    for shortage in shortages:
        key = shortage.store_id, shortage.product_id
        short[key] = short.get(key, 0) + shortage.quantity
    left: list[Item] = []
    for item in reversed(items):
        key = item.store_id, item.product_id
        missing = min(item.quantity, short.get(key, 0))
        if missing:
            short[key] -= missing
            item = replace(item, quantity=item.quantity - missing)
        if item.quantity:
            left.append(item)
    return tuple(reversed(left))


def added_up(items: Iterable[Item]) -> tuple[Item, ...]:
    """The items with one line for each product of a store, in the order in which they are first named.

    Raises InvalidError for a quantity below 1: no sum may hide it.
    """
    lines: dict[tuple[str, str, int], Item] = {}
    for item in items:
        if item.quantity < 0:
            raise InvalidError("the item quantity cannot be negative")
        if item.quantity == 0:
            raise InvalidError("the item quantity cannot be zero")
        key = item.store_id, item.product_id, item.price
        lines[key] = replace(lines[key], quantity=lines[key].quantity + item.quantity) if key in lines else item
    return tuple(lines.values())


def must_be_orderable(items: tuple[Item, ...]) -> None:
    """Raises InvalidError for no items, and for lines (added up), a quantity or a total above the limits."""
    if not items:
        raise InvalidError("the order has no items")
    if len(items) > MOST_LINES:
        raise InvalidError(f"an order holds at most {MOST_LINES} lines")
    if any(item.quantity > MOST_OF_ONE for item in items):
        raise InvalidError(f"an order holds at most {MOST_OF_ONE} of one product")
    if sum(item.price * item.quantity for item in items) >= TOTAL_LIMIT:
        raise InvalidError("the order's total must be below 2^53 cents")
