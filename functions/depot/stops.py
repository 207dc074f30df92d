"""What is to be collected: stops at stores with their items, the picked quantities, and the shortages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from functions.kernel.domain.errors import InvalidError

MOST_LINES = 100
MOST_OF_ONE = 999

Key = tuple[str, str]  # a store's id and a product's


@dataclass(frozen=True)
class Line:
    """A quantity of one product of one store, and the store's location."""

    store_id: str
    store_name: str
    location: str
    product_id: str
    product_name: str
    quantity: int


@dataclass(frozen=True)
class Item:
    """A quantity of one product to collect at a stop, and how many of it are picked."""

    product_id: str
    name: str
    quantity: int
    picked: int = 0


@dataclass(frozen=True)
class Stop:
    """A store and the items to collect there."""

    store_id: str
    store_name: str
    location: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Shortage:
    """The quantity of one product of one store that could not be found."""

    store_id: str
    product_id: str
    quantity: int


def planned(lines: Iterable[Line]) -> tuple[Stop, ...]:
    """A stop for each store, in the order in which they are first named. Raises InvalidError.

    Repeated lines add up before the limits are judged.
    """
    stores: dict[str, Line] = {}
    items: dict[str, dict[str, Item]] = {}
    for line in lines:
        _must_be_positive(line.quantity)
        stores.setdefault(line.store_id, line)
        at_store = items.setdefault(line.store_id, {})
        there = at_store.get(line.product_id, Item(line.product_id, line.product_name, 0))
        at_store[line.product_id] = replace(there, quantity=there.quantity + line.quantity)
    listed = [item for at_store in items.values() for item in at_store.values()]
    if not listed:
        raise InvalidError("the shopping list has no items")
    if len(listed) > MOST_LINES:
        raise InvalidError(f"a shopping list holds at most {MOST_LINES} lines")
    if any(item.quantity > MOST_OF_ONE for item in listed):  # a pick could not name more
        raise InvalidError(f"a shopping list holds at most {MOST_OF_ONE} of one product")
    return tuple(
        Stop(store_id, line.store_name, line.location, tuple(items[store_id].values()))
        for store_id, line in stores.items()
    )


def items_at(stops: Iterable[Stop]) -> dict[Key, Item]:
    """The items of all stops, by store and product."""
    return {(stop.store_id, item.product_id): item for stop in stops for item in stop.items}


def each_once(picks: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    """How many of each item are picked. Raises InvalidError where one is named twice, for each number is of all."""
    picked: dict[Key, int] = {}
    for key, quantity in picks:
        if key in picked:
            raise InvalidError(f"the product {key[1]} of the store {key[0]} is named twice")
        picked[key] = quantity
    return picked


def with_picked(stops: tuple[Stop, ...], picked: Mapping[Key, int]) -> tuple[Stop, ...]:
    """The stops with these quantities picked, by store and product; other items stay as they are."""
    return tuple(
        replace(
            stop,
            items=tuple(
                replace(item, picked=picked.get((stop.store_id, item.product_id), item.picked)) for item in stop.items
            ),
        )
        for stop in stops
    )


def not_picked(stops: Iterable[Stop]) -> tuple[Shortage, ...]:
    """The shortages when nothing more is picked."""
    return tuple(
        Shortage(*key, item.quantity - item.picked)
        for key, item in items_at(stops).items()
        if item.picked < item.quantity
    )


def reported(stops: tuple[Stop, ...], shortages: Iterable[Shortage]) -> tuple[Shortage, ...]:
    """The shortages as reported; repeated lines add up. Raises InvalidError for more than is listed."""
    missing: dict[Key, int] = {}
    for short in shortages:
        _must_be_positive(short.quantity)
        key = short.store_id, short.product_id
        missing[key] = missing.get(key, 0) + short.quantity
    listed = items_at(stops)
    for key, quantity in missing.items():
        if key not in listed or quantity > listed[key].quantity:
            raise InvalidError(f"more of the product {key[1]} is short than is on the shopping list")
    return tuple(Shortage(*key, quantity) for key, quantity in missing.items())


def found(stops: tuple[Stop, ...], shortages: Iterable[Shortage]) -> tuple[Stop, ...]:
    """The stops with everything picked except the shortages."""
    picked = {key: item.quantity for key, item in items_at(stops).items()}
    for short in shortages:
        picked[short.store_id, short.product_id] -= short.quantity
    return with_picked(stops, picked)


def _must_be_positive(quantity: int) -> None:
    if quantity < 0:
        raise InvalidError("the item quantity cannot be negative")
    if quantity == 0:
        raise InvalidError("the item quantity cannot be zero")
