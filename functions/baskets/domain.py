"""A basket: what a customer chooses at a kiosk before ordering it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.kernel.domain.sizes import must_fit

MOST_LINES = 100
MOST_OF_ONE = 999
TOTAL_LIMIT = 2**53  # cents; above it a JSON number is no longer exact in every reader


@dataclass(frozen=True)
class Product:
    """A product as it is in the catalogue; `price` is in cents, `participating` says whether its store participates."""

    product_id: str
    store_id: str
    store_name: str
    name: str
    price: int
    participating: bool


@dataclass(frozen=True)
class Line:
    """A quantity of one product, with the names and the price (in cents) that it had when it was first added."""

    store_id: str
    product_id: str
    store_name: str
    product_name: str
    price: int
    quantity: int


@dataclass(frozen=True)
class Started(DomainEvent):
    customer_id: str
    at: str


@dataclass(frozen=True)
class ItemAdded(DomainEvent):
    """`line` is the product's line after the event, with its whole quantity."""

    line: Line
    at: str


@dataclass(frozen=True)
class ItemRemoved(DomainEvent):
    """`left` is the quantity that stays in the basket; at 0 the line is removed."""

    product_id: str
    left: int
    at: str


@dataclass(frozen=True)
class Cancelled(DomainEvent):
    pass


@dataclass(frozen=True)
class CheckedOut(DomainEvent):
    payment_id: str


@dataclass(frozen=True)
class Abandoned(DomainEvent):
    pass


@dataclass
class Basket(Aggregate):
    """open → checked_out, cancelled or abandoned; a basket that has ended does not change any more.

    `lines` has one line per product. `touched_at` (RFC 3339) is when the basket was started, or when an item was last
    added or removed: 30 minutes later (the stage's MALLBOTS_BASKET_UNTOUCHED) an open basket is abandoned.
    """

    status: str = ""
    customer_id: str = ""
    payment_id: str | None = None
    lines: tuple[Line, ...] = ()
    touched_at: str = ""

    @property
    def total(self) -> int:
        """The sum of the lines, in cents."""
        return sum(line.price * line.quantity for line in self.lines)

    def start(self, customer_id: str, at: str) -> None:
        """Start the basket of a customer. Raises InvalidError for a blank customer id."""
        if not self.is_new:
            return
        if not customer_id.strip():
            raise InvalidError("the customer id cannot be blank")
        self.record(Started(customer_id, at))

    def add_item(self, product: Product, quantity: int, at: str, *, participating_only: bool = False) -> None:
        """Add a quantity of a product; a product that is already in the basket keeps its price and names.

        Raises RefusedError when the basket is not open, or with `participating_only` when the product's store does not
        participate; InvalidError for a quantity, a line or a total out of bounds.
        """
        self.must_be("open")
        _must_be_countable(quantity)
        if participating_only and not product.participating:
            raise RefusedError(f"the store {product.store_name} is not participating")
        existing = self._line(product.product_id)
        if existing is None and len(self.lines) == MOST_LINES:
            raise InvalidError(f"a basket holds at most {MOST_LINES} lines")
        line = existing or Line(
            product.store_id, product.product_id, product.store_name, product.name, product.price, quantity=0
        )
        if line.quantity + quantity > MOST_OF_ONE:
            raise InvalidError(f"a basket holds at most {MOST_OF_ONE} of one product")
        if self.total + line.price * quantity >= TOTAL_LIMIT:
            raise InvalidError("the basket's total must be below 2^53 cents")
        self.record(ItemAdded(replace(line, quantity=line.quantity + quantity), at))

    def add_items(self, items: Iterable[tuple[Product, int]], at: str, *, participating_only: bool = False) -> None:
        """Add quantities of several products, all of them or none. Raises as `add_item` does, also for no items."""
        items = list(items)
        if not items:
            raise InvalidError("name at least one item")
        for product, quantity in items:
            self.add_item(product, quantity, at, participating_only=participating_only)

    def remove_item(self, product_id: str, quantity: int, at: str) -> None:
        """Remove a quantity of a product, or all of it when there is less; a product that is not in it is no error.

        Raises RefusedError when the basket is not open, InvalidError for a quantity below 1.
        """
        self.must_be("open")
        _must_be_countable(quantity)
        line = self._line(product_id)
        if line:
            self.record(ItemRemoved(product_id, max(0, line.quantity - quantity), at))

    def cancel(self) -> None:
        """Cancel the basket. Raises RefusedError when it is not open."""
        self.must_be("open")
        self.record(Cancelled())

    def check_out(self, payment_id: str) -> None:
        """Order the items. Raises RefusedError when it is not open, InvalidError without a payment id or items.

        Also for lines that are too large together: an order, a saga or a shopping list could not be stored later.
        """
        self.must_be("open")
        if not payment_id.strip():
            raise InvalidError("the payment id cannot be blank")
        if not self.lines:
            raise InvalidError("the basket has no items")
        must_fit(self.lines, "the basket")
        self.record(CheckedOut(payment_id))

    def abandon(self, now: datetime, untouched: timedelta) -> None:
        """Abandon the basket if it is open and was not touched for at least `untouched`; otherwise change nothing.

        The sweep finds baskets by an index that may be stale, so one that was touched since, or has ended, is no error.
        """
        if self.status == "open" and now - datetime.fromisoformat(self.touched_at) >= untouched:
            self.record(Abandoned())

    @applies(Started)
    def _started(self, event: Started) -> None:
        self.status = "open"
        self.customer_id = event.customer_id
        self.touched_at = event.at

    @applies(ItemAdded)
    def _item_added(self, event: ItemAdded) -> None:
        self.touched_at = event.at
        if self._line(event.line.product_id) is None:
            self.lines += (event.line,)
        else:
            self._put(event.line)

    @applies(ItemRemoved)
    def _item_removed(self, event: ItemRemoved) -> None:
        self.touched_at = event.at
        line = self._line(event.product_id)
        if line and event.left:
            self._put(replace(line, quantity=event.left))
        else:
            self.lines = tuple(other for other in self.lines if other.product_id != event.product_id)

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = "cancelled"

    @applies(CheckedOut)
    def _checked_out(self, event: CheckedOut) -> None:
        self.status = "checked_out"
        self.payment_id = event.payment_id

    @applies(Abandoned)
    def _abandoned(self, event: Abandoned) -> None:
        self.status = "abandoned"

    def _line(self, product_id: str) -> Line | None:
        return next((line for line in self.lines if line.product_id == product_id), None)

    def _put(self, line: Line) -> None:
        self.lines = tuple(line if other.product_id == line.product_id else other for other in self.lines)


def _must_be_countable(quantity: int) -> None:
    if quantity < 0:
        raise InvalidError("the item quantity cannot be negative")
    if quantity == 0:
        raise InvalidError("the item quantity cannot be zero")
