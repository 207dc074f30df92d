"""The stores of the mall, and their products."""

from dataclasses import dataclass

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError


@dataclass(frozen=True)
class Created(DomainEvent):
    name: str
    location: str


@dataclass(frozen=True)
class ParticipationToggled(DomainEvent):
    participating: bool


@dataclass(frozen=True)
class Rebranded(DomainEvent):
    name: str


@dataclass
class Store(Aggregate):
    """A store. Only products of participating stores can be put into a basket, where the stage requires that."""

    name: str = ""
    location: str = ""
    participating: bool = False

    def create(self, name: str, location: str) -> None:
        """Create the store. Raises InvalidError for a blank name or location."""
        if not self.is_new:
            return
        _must_not_be_blank(name, "the store name cannot be blank")
        _must_not_be_blank(location, "the store location cannot be blank")
        self.record(Created(name, location))

    def enable_participation(self) -> None:
        """Let the store participate. Raises InvalidError when it does already."""
        if self.participating:
            raise InvalidError("the store is already participating")
        self.record(ParticipationToggled(True))

    def disable_participation(self) -> None:
        """End the store's participation. Raises InvalidError when it does not participate."""
        if not self.participating:
            raise InvalidError("the store is already not participating")
        self.record(ParticipationToggled(False))

    def rebrand(self, name: str) -> None:
        """Change the name. Raises InvalidError for a blank one."""
        _must_not_be_blank(name, "the store name cannot be blank")
        if name != self.name:
            self.record(Rebranded(name))

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.name = event.name
        self.location = event.location

    @applies(ParticipationToggled)
    def _participation_toggled(self, event: ParticipationToggled) -> None:
        self.participating = event.participating

    @applies(Rebranded)
    def _rebranded(self, event: Rebranded) -> None:
        self.name = event.name


@dataclass(frozen=True)
class Added(DomainEvent):
    store_id: str
    name: str
    description: str
    sku: str
    price: int


@dataclass(frozen=True)
class Relabelled(DomainEvent):
    name: str
    description: str


@dataclass(frozen=True)
class PriceChanged(DomainEvent):
    price: int
    previous_price: int


@dataclass(frozen=True)
class Removed(DomainEvent):
    pass


@dataclass
class Product(Aggregate):
    """A product of one store; `price` is in cents. `removed` is final: then it takes no more commands."""

    store_id: str = ""
    name: str = ""
    description: str = ""
    sku: str = ""
    price: int = 0
    removed: bool = False

    def add(self, store_id: str, name: str, description: str, sku: str, price: int) -> None:
        """Add the product to its store. Raises InvalidError for a blank name or a negative price."""
        if not self.is_new:
            return
        _must_not_be_blank(name, "the product name cannot be blank")
        _must_not_be_negative(price)
        self.record(Added(store_id, name, description, sku, price))

    def rebrand(self, name: str, description: str | None) -> None:
        """Change name and description; None keeps the description. Raises InvalidError for a blank name."""
        self._must_not_be_removed()
        _must_not_be_blank(name, "the product name cannot be blank")
        label = name, self.description if description is None else description
        if label != (self.name, self.description):
            self.record(Relabelled(*label))

    def increase_price(self, price: int) -> None:
        """Increase the price to the given one, or keep it. Raises InvalidError for a lower one."""
        self._must_not_be_removed()
        if price < self.price:
            raise InvalidError("an increased price cannot be lower than the price now")
        self._change_price(price)

    def decrease_price(self, price: int) -> None:
        """Decrease the price to the given one, or keep it. Raises InvalidError for a higher or a negative one."""
        self._must_not_be_removed()
        _must_not_be_negative(price)
        if price > self.price:
            raise InvalidError("a decreased price cannot be higher than the price now")
        self._change_price(price)

    def remove(self) -> None:
        """Remove the product from its store. Raises InvalidError when it was removed before."""
        self._must_not_be_removed()
        self.record(Removed())

    def _change_price(self, price: int) -> None:
        if price != self.price:
            self.record(PriceChanged(price, self.price))

    def _must_not_be_removed(self) -> None:
        if self.removed:
            raise InvalidError("the product was removed")

    @applies(Added)
    def _added(self, event: Added) -> None:
        self.store_id = event.store_id
        self.name = event.name
        self.description = event.description
        self.sku = event.sku
        self.price = event.price

    @applies(Relabelled)
    def _relabelled(self, event: Relabelled) -> None:
        self.name = event.name
        self.description = event.description

    @applies(PriceChanged)
    def _price_changed(self, event: PriceChanged) -> None:
        self.price = event.price

    @applies(Removed)
    def _removed(self, event: Removed) -> None:
        self.removed = True


def _must_not_be_blank(text: str, message: str) -> None:
    if not text.strip():
        raise InvalidError(message)


def _must_not_be_negative(price: int) -> None:
    if price < 0:
        raise InvalidError("the product price cannot be negative")
