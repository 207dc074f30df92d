"""Shopping lists and the robots that collect them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from functions.depot.stops import Line, Shortage, Stop, found, items_at, not_picked, planned, reported, with_picked
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
    """at: RFC 3339; earlier code did not keep it."""

    at: str = ""


@dataclass(frozen=True)
class Picked(DomainEvent):
    store_id: str
    product_id: str
    quantity: int


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
        self._must_have_number(assignment)
        self.must_be("active")
        item = items_at(self.stops).get((store_id, product_id))
        if item is None:
            raise NotFoundError(f"the product {product_id} of the store {store_id} is not on the shopping list")
        if quantity < 0:
            raise InvalidError("the item quantity cannot be negative")
        if quantity > item.quantity:
            raise InvalidError(f"only {item.quantity} of this product are on the shopping list")
        if quantity != item.picked:
            self.record(Picked(store_id, product_id, quantity))

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


@dataclass(frozen=True)
class Registered(DomainEvent):
    name: str


@dataclass(frozen=True)
class CameOnline(DomainEvent):
    pass


@dataclass(frozen=True)
class WentOffline(DomainEvent):
    pass


@dataclass(frozen=True)
class TookList(DomainEvent):
    list_id: str


@dataclass(frozen=True)
class Finished(DomainEvent):
    pass


@dataclass(frozen=True)
class TokensRevoked(DomainEvent):
    """Tokens of the generations before are not valid any more."""

    is_a_step: ClassVar[bool] = False  # an idle robot goes on waiting for a list, and keeps its place

    generation: int


@dataclass
class Bot(Aggregate):
    """offline → idle → active → idle → …, and offline from either.

    list_id: the list that it works on now. session: how many times it has come online; nothing here reads it.
    generation: of the tokens that are valid; a robot is registered with the first.
    """

    snapshot_schema: ClassVar[int] = 3  # the second did not know generations, so it would make revoked tokens valid

    status: str = ""
    name: str = ""
    list_id: str | None = None
    session: int = 0
    generation: int = 1

    def register(self, name: str) -> None:
        """Register it, once. Raises InvalidError."""
        if not name.strip():
            raise InvalidError("the bot name cannot be blank")
        if self.is_new:
            self.record(Registered(name))

    def come_online(self) -> None:
        """It is online: idle if it was offline, else as before."""
        if self.status == "offline":
            self.record(CameOnline())

    def go_offline(self) -> None:
        """It is offline, without a list."""
        if self.status != "offline":
            self.record(WentOffline())

    def assign(self, list_id: str) -> None:
        """Assign it a list. Raises RefusedError unless it is idle."""
        self.must_be("idle")
        self.record(TookList(list_id))

    def finish(self) -> None:
        """It is done with its list. Raises RefusedError."""
        self.must_be("active")
        self.record(Finished())

    def revoke_tokens(self) -> None:
        """Make its tokens invalid: those that are issued from now on have the next generation."""
        self.record(TokensRevoked(self.generation + 1))

    @applies(TokensRevoked)
    def _tokens_revoked(self, event: TokensRevoked) -> None:
        self.generation = event.generation

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.status = "offline"
        self.name = event.name

    @applies(CameOnline)
    def _came_online(self, event: CameOnline) -> None:
        self.status = "idle"
        self.session += 1

    @applies(WentOffline)
    def _went_offline(self, event: WentOffline) -> None:
        self.status = "offline"
        self.list_id = None

    @applies(TookList)
    def _took_list(self, event: TookList) -> None:
        self.status = "active"
        self.list_id = event.list_id

    @applies(Finished)
    def _finished(self, event: Finished) -> None:
        self.status = "idle"
        self.list_id = None
