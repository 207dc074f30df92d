"""Shopping lists, which robots collect (bot.py)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from functions.depot.stops import Key, Line, Shortage, Stop, found, items_at, not_picked, planned, reported, with_picked
from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError


@dataclass(frozen=True)
class Created(DomainEvent):
    order_id: str
    stops: tuple[Stop, ...]
    by_staff: bool


@dataclass(frozen=True)
class Initiated(DomainEvent):
    pass


@dataclass(frozen=True)
class Assigned(DomainEvent):
    bot_id: str
    assignment: int


@dataclass(frozen=True)
class Started(DomainEvent):
    """at: RFC 3339; earlier code did not keep it. is_followed: whether the same report says more."""

    at: str = ""
    is_followed: bool = False


@dataclass(frozen=True)
class Picked(DomainEvent):
    """is_followed: whether the same report says more."""

    store_id: str
    product_id: str
    quantity: int
    is_followed: bool = False


@dataclass(frozen=True)
class GivenBack(DomainEvent):
    pass


@dataclass(frozen=True)
class Completed(DomainEvent):
    shortages: tuple[Shortage, ...]


@dataclass(frozen=True)
class Cancelled(DomainEvent):
    """Nothing more is to be collected. As the first event of a list it prevents a later creation."""

    order_id: str


@dataclass
class ShoppingList(Aggregate):
    """pending → available → assigned → active → completed, or → cancelled before that; given back → available.

    bot_id: the robot that has it, or completed it. assignment: the number of the latest one, 0 before the first.
    started_at: when its robot started (RFC 3339), "" where that is not known.
    """

    snapshot_schema: ClassVar[int] = 2  # the first did not keep when its robot started

    status: str = ""
    order_id: str = ""
    stops: tuple[Stop, ...] = ()
    by_staff: bool = False
    bot_id: str | None = None
    assignment: int = 0
    started_at: str = ""

    @property
    def robot(self) -> str | None:
        """The robot that works on it now."""
        return self.bot_id if self.status in ("assigned", "active") else None

    def create(self, order_id: str, lines: Iterable[Line], *, by_staff: bool) -> None:
        """Plan what is to be collected. Raises InvalidError, and RefusedError when it was cancelled before."""
        if self.status == "cancelled":
            raise RefusedError("the shopping list is cancelled", self.status)
        if not order_id.strip():
            raise InvalidError("the order id cannot be blank")
        if self.is_new:
            self.record(Created(order_id, planned(lines), by_staff))

    def initiate(self) -> None:
        """Make it available to robots. Raises RefusedError when it is cancelled."""
        if self.status in ("available", "assigned", "active", "completed"):
            return
        self.must_be("pending")
        self.record(Initiated())

    def initiate_by_staff(self) -> None:
        """The same for a list that staff created. Raises RefusedError for one that its order's checkout initiates."""
        if self.status == "pending" and not self.by_staff:
            raise RefusedError("the shopping list waits for its order's checkout", self.status)
        self.initiate()

    def assign(self, bot_id: str) -> None:
        """Assign it to a robot, under the next number. Raises RefusedError."""
        self.must_be("available")
        self.record(Assigned(bot_id, self.assignment + 1))

    def start(self, assignment: int, at: str) -> None:
        """The robot starts to collect, at a time (RFC 3339). Raises RefusedError, also for another assignment."""
        self._must_have_number(assignment)
        if self.status == "active":
            return
        self.must_be("assigned")
        self.record(Started(at))

    def pick(self, assignment: int, store_id: str, product_id: str, quantity: int) -> None:
        """The robot has picked `quantity` of a product in all. Raises RefusedError, NotFoundError, InvalidError."""
        self.pick_items(assignment, {(store_id, product_id): quantity})

    def pick_items(self, assignment: int, picked: Mapping[Key, int]) -> None:
        """The robot has picked that many of each of these items in all. Raises as `pick` does, also for no items."""
        self._must_have_number(assignment)
        self.must_be("active")
        if not picked:
            raise InvalidError("name at least one item")
        said = [
            Picked(*key, quantity)
            for key, quantity in picked.items()
            if quantity != self._picked_of(*key, at_most=quantity)
        ]
        for position, event in enumerate(said, start=1):
            self.record(replace(event, is_followed=position < len(said)))

    def collect(self, bot_id: str, assignment: int, picked: Mapping[Key, int], *, done: bool, at: str) -> None:
        """Its robot reports at a time (RFC 3339) all that it has picked; `done`: what it did not pick is short.

        Reports come in any order, so one that is not the last says of each item at least how many are picked: a lower
        number is an earlier one. The last says how many it is. Raises RefusedError where it is not this robot's under
        this assignment, and NotFoundError or InvalidError for picks that the list does not have.
        """
        if self.status == "completed" and (self.bot_id, self.assignment) == (bot_id, assignment):
            return
        self.must_be("assigned", "active")
        if self.bot_id != bot_id:
            raise RefusedError("another bot has the shopping list", self.status)
        self._must_have_number(assignment)
        said: list[Started | Picked] = [Started(at)] if self.status == "assigned" else []
        for key, quantity in picked.items():
            before = self._picked_of(*key, at_most=quantity)
            if quantity > before or (done and quantity < before):
                said.append(Picked(*key, quantity))
        for position, event in enumerate(said, start=1):
            self.record(replace(event, is_followed=done or position < len(said)))
        if done:
            listed = items_at(self.stops)
            missing = {key: item.quantity - picked.get(key, 0) for key, item in listed.items()}
            self.record(Completed(tuple(Shortage(*key, short) for key, short in missing.items() if short)))

    def _picked_of(self, store_id: str, product_id: str, at_most: int) -> int:
        """How many of an item are picked. Raises NotFoundError, and InvalidError where `at_most` cannot be picked."""
        item = items_at(self.stops).get((store_id, product_id))
        if item is None:
            raise NotFoundError(f"the product {product_id} of the store {store_id} is not on the shopping list")
        if at_most < 0:
            raise InvalidError("the item quantity cannot be negative")
        if at_most > item.quantity:
            raise InvalidError(f"only {item.quantity} of this product are on the shopping list")
        return item.picked

    def complete(self, shortages: Iterable[Shortage] | None = None, assignment: int | None = None) -> None:
        """Its items are at the depot, except the shortages. Raises RefusedError, InvalidError.

        Without `shortages`, all was found if the robot never started, else what it did not pick is short. Staff
        complete without an assignment's number.
        """
        if assignment is not None:
            self._must_have_number(assignment)
        self.must_be("assigned", "active")
        if shortages is not None:
            self.record(Completed(reported(self.stops, shortages)))
        else:
            self.record(Completed(not_picked(self.stops) if self.status == "active" else ()))

    def give_back(self) -> None:
        """Its robot went offline: it is available again, and nothing of it is picked. Raises RefusedError."""
        self.must_be("assigned", "active")
        self.record(GivenBack())

    def cancel(self) -> None:
        """Nothing more is to be collected. Raises RefusedError once it is completed."""
        if self.status == "cancelled":
            return
        self.must_be("pending", "available", "assigned", "active")
        self.record(Cancelled(self.order_id))

    def cancel_for_order(self) -> None:
        """Its order was cancelled or rejected. Never refused, so that it can compensate at any time.

        A list that does not exist yet is recorded as cancelled (its id is its order's). A completed one stays
        completed: its goods are at the depot, and staff take them back to the stores.
        """
        if self.is_new:
            self.record(Cancelled(self.id))
        elif self.status != "completed":
            self.cancel()

    def _must_have_number(self, assignment: int) -> None:
        if assignment != self.assignment:
            raise RefusedError(f"this is not assignment {assignment} of the shopping list any more", self.status)

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.status = "pending"
        self.order_id = event.order_id
        self.stops = event.stops
        self.by_staff = event.by_staff

    @applies(Initiated)
    def _initiated(self, event: Initiated) -> None:
        self.status = "available"

    @applies(Assigned)
    def _assigned(self, event: Assigned) -> None:
        self.status = "assigned"
        self.bot_id = event.bot_id
        self.assignment = event.assignment

    @applies(Started)
    def _started(self, event: Started) -> None:
        self.status = "active"
        self.started_at = event.at

    @applies(Picked)
    def _picked(self, event: Picked) -> None:
        self.stops = with_picked(self.stops, {(event.store_id, event.product_id): event.quantity})

    @applies(GivenBack)
    def _given_back(self, event: GivenBack) -> None:
        self.status = "available"
        self.bot_id = None
        self.stops = with_picked(self.stops, dict.fromkeys(items_at(self.stops), 0))

    @applies(Completed)
    def _completed(self, event: Completed) -> None:
        self.status = "completed"
        self.stops = found(self.stops, event.shortages)

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = "cancelled"
        self.order_id = event.order_id
        self.bot_id = None
