"""Invariants of baskets, whatever commands come in whatever order, repeated, or with late events from the catalogue:

1. a basket holds what a simple model holds, and refuses what the model refuses, with the same kind of error;
2. its total is the sum of its lines, below 2^53; one line per product, at most 100, of 1 to 999 each, at the price and
   under the names that the product had when it was first added;
3. it goes from open to checked out, cancelled or abandoned, once, and never changes after that;
4. it is abandoned only by a sweep, and only 30 minutes or more after the last touch; and a sweep leaves no basket whose
   BasketStarted was received open longer than that;
5. its stored events alone give the same basket as its snapshot does;
6. it publishes its start and its end, once each, with its state at that time, and nothing else;
7. an open basket whose BasketStarted was received is in the index, at a time no later than its last touch.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.baskets import UntouchedBasketsDue
from events.stores import ProductAdded, ProductPriceChanged, ProductRemoved, StoreParticipationToggled
from functions.baskets import service, views
from functions.baskets.domain import Basket, Product
from functions.baskets.inbox import inbox
from functions.kernel.domain.errors import InvalidError, MallBotsError, NotFoundError, RefusedError
from functions.kernel.runtime import clock, context
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import active
from tests.support.delivery import delivered
from tests.support.promised import hand_over, promised
from tests.support.runtime import memory_runtime
from tests.unit.baskets.mall import ADA, BAKERY, BREAD, Owners, consume

PRODUCTS = ("bread", "cake", "gold")
PRICES = (450, 0, 2**52)
FILLERS = 98  # lines of a basket that is nearly full, a cent each
FILLER = Product("filler", "bakery", "Corner Bakery", "Crumb", 1, participating=True)
BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HALF_AN_HOUR = 1800
SOME = st.integers(0, 9)
QUANTITY = st.sampled_from([1, 2, 1, 2, 998, 999, 1000, 0, -1])
STEP = st.sampled_from(["add"] * 9 + ["remove"] * 4 + ["check out without a payment", "add", "check out", "cancel"])
RARELY = st.sampled_from([False] * 5 + [True])
ENDS = {"BasketCheckedOut": "checked_out", "BasketCancelled": "cancelled", "BasketAbandoned": "abandoned"}

Refusal = type[MallBotsError] | None


@dataclass
class Offer:
    """A product as it is in the catalogue."""

    name: str
    price: int
    version: int = 1
    removed: bool = False


@dataclass
class Model:
    """The expected basket: each product's first name and price, and its quantity."""

    touched: int
    fillers: int = 0
    status: str = "open"
    held: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(price * quantity for _, price, quantity in self.held.values())

    @property
    def lines(self) -> int:
        return len(self.held) + self.fillers

    def add(self, id: str, offer: Offer, quantity: int, now: int, allowed: bool) -> Refusal:
        if offer.removed:
            return NotFoundError
        if self.status != "open":
            return RefusedError
        if quantity < 1:
            return InvalidError
        if not allowed:
            return RefusedError
        name, price, before = self.held.get(id, (offer.name, offer.price, 0))
        too_many_lines = before == 0 and self.lines == 100
        if too_many_lines or before + quantity > 999 or self.total + self.fillers + price * quantity > 2**53 - 1:
            return InvalidError
        self.held[id] = (name, price, before + quantity)
        self.touched = now
        return None

    def remove(self, id: str, quantity: int, now: int) -> Refusal:
        if self.status != "open":
            return RefusedError
        if quantity < 1:
            return InvalidError
        if id in self.held:
            name, price, before = self.held.pop(id)
            if before > quantity:
                self.held = {**self.held, id: (name, price, before - quantity)}
            self.touched = now
        return None

    def check_out(self, payment_id: str) -> Refusal:
        if self.status != "open":
            return RefusedError
        if not payment_id or self.lines == 0:
            return InvalidError
        self.status = "checked_out"
        return None


class Baskets(RuleBasedStateMachine):
    """Customers who fill baskets, a clerk who changes the catalogue, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.toggles = 0
        self.offers = {id: Offer(id, price) for id, price in zip(PRODUCTS, PRICES, strict=True)}
        self.participating = self.required = False
        self.models: dict[str, Model] = {}
        self.received: set[str] = set()
        self.done: list[tuple[str, Callable[[], object]]] = []
        self.seen: dict[str, Basket] = {}
        self.open = ExitStack()

    @initialize(required=RARELY, nearly_full=RARELY)
    def the_mall_opens(self, required: bool, nearly_full: bool) -> None:
        self.required = required
        stage = {"MALLBOTS_REQUIRE_PARTICIPATION": str(int(required))}
        self.open.enter_context(active(memory_runtime("baskets", invoke=Owners(), settings=stage)))
        self.open.enter_context(clock.fixed(lambda: BEGUN + timedelta(seconds=self.now)))
        consume(ADA)
        consume(BAKERY)
        for id, offer in self.offers.items():
            consume(ProductAdded.model_validate(self.state(id, offer)))
        self.opened(nearly_full)

    def teardown(self) -> None:
        self.open.close()

    def state(self, id: str, offer: Offer) -> dict[str, object]:
        return {
            **BREAD.model_dump(),
            "product_id": id,
            "name": offer.name,
            "price": offer.price,
            "removed": offer.removed,
        }

    def basket(self, at: int) -> str:
        return list(self.models)[at % len(self.models)]

    def act(self, basket_id: str, action: Callable[[], object], expected: Refusal) -> None:
        """Run an action and assert the outcome that the model expects."""
        version = service.basket(basket_id).version
        cause = f"request-{len(self.done)}-{version}-{self.now}"
        outcome: Refusal = None
        with context.within(Context(cause=Cause(cause))):
            try:
                action()
            except MallBotsError as error:
                outcome = type(error)
        assert outcome == expected
        if service.basket(basket_id).version > version:
            self.done.append((cause, action))

    def opened(self, nearly_full: bool) -> None:
        basket_id = service.start("ada")
        self.models[basket_id] = Model(self.now, fillers=FILLERS if nearly_full else 0)
        if nearly_full:
            service.baskets.change(basket_id, self.fill)

    @precondition(lambda self: len(self.models) < 2)
    @rule()
    def another_basket_is_started(self) -> None:
        self.opened(nearly_full=False)

    def fill(self, basket: Basket) -> None:
        for n in range(FILLERS):
            basket.add_item(replace(FILLER, product_id=f"filler-{n}"), 1, clock.stamp())

    @rule(steps=st.lists(st.tuples(STEP, SOME, st.sampled_from(PRODUCTS), QUANTITY), min_size=3, max_size=12))
    def customers_use_their_baskets(self, steps: list[tuple[str, int, str, int]]) -> None:
        for step, at, product, quantity in steps:
            self.do(step, self.basket(at), product, quantity)
            self.every_basket_matches_the_model()

    def do(self, step: str, id: str, product: str, quantity: int) -> None:
        {
            "add": lambda: self.add(id, product, quantity),
            "remove": lambda: self.remove(id, product, quantity),
            "check out": lambda: self.check_out(id, "payment-1"),
            "check out without a payment": lambda: self.check_out(id, ""),
            "cancel": lambda: self.cancel(id),
        }[step]()

    def add(self, id: str, product: str, quantity: int) -> None:
        allowed = self.participating or not self.required
        expected = self.models[id].add(product, self.offers[product], quantity, self.now, allowed)
        self.act(id, lambda: service.add_item(id, product, quantity), expected)

    def remove(self, id: str, product: str, quantity: int) -> None:
        expected = self.models[id].remove(product, quantity, self.now)
        self.act(id, lambda: service.remove_item(id, product, quantity), expected)

    def check_out(self, id: str, payment: str) -> None:
        self.act(id, lambda: service.check_out(id, payment), self.models[id].check_out(payment))

    def cancel(self, id: str) -> None:
        model = self.models[id]
        expected = None if model.status == "open" else RefusedError
        model.status = "cancelled" if model.status == "open" else model.status
        self.act(id, lambda: service.cancel(id), expected)

    @precondition(lambda self: self.done)
    @rule(at=SOME)
    def a_request_is_repeated(self, at: int) -> None:
        cause, action = self.done[-1 - at % len(self.done)]
        with context.within(Context(cause=Cause(cause))):
            action()

    @rule(product=st.sampled_from(PRODUCTS), price=st.sampled_from([0, 1, 500, 2**52]))
    def a_product_is_repriced_and_rebranded(self, product: str, price: int) -> None:
        offer = self.offers[product]
        if not offer.removed:
            self.offers[product] = changed = Offer(f"{offer.name}+", price, offer.version + 1)
            event = {**self.state(product, changed), "previous_price": offer.price}
            consume(ProductPriceChanged.model_validate(event), stream_version=changed.version)

    @rule()
    def a_product_is_removed(self) -> None:
        product = PRODUCTS[0]
        offer = self.offers[product]
        if not offer.removed:
            self.offers[product] = gone = Offer(offer.name, offer.price, offer.version + 1, removed=True)
            consume(ProductRemoved.model_validate(self.state(product, gone)), stream_version=gone.version)

    @rule()
    def the_store_toggles_its_participation(self) -> None:
        self.participating = not self.participating
        self.toggles += 1
        event = {**BAKERY.model_dump(), "participating": self.participating}
        consume(StoreParticipationToggled.model_validate(event), stream_version=1 + self.toggles)

    @rule(positions=st.one_of(st.just(range(10)), st.lists(SOME, min_size=1, max_size=5)))
    def the_service_receives_its_own_events_in_some_order(self, positions: Sequence[int]) -> None:
        published = promised()
        for at in [n % len(published) for n in positions[: len(published)]]:
            message = published[at]
            hand_over(inbox, [message])
            if message.name == "BasketStarted":
                self.received.add(message.detail["data"]["basket_id"])

    @rule(seconds=st.sampled_from([HALF_AN_HOUR, HALF_AN_HOUR - 1, 1]), sweeps=st.sampled_from([1, 2, 0]))
    def time_passes(self, seconds: int, sweeps: int) -> None:
        self.now += seconds
        for _ in range(sweeps):
            self.sweep()

    def sweep(self) -> None:
        tick = delivered(UntouchedBasketsDue(time=clock.stamp()), id=f"tick-{self.now}")
        assert inbox.handle(tick) == {"batchItemFailures": []}
        for id, model in self.models.items():
            if id in self.received and model.status == "open" and self.now - model.touched >= HALF_AN_HOUR:
                model.status = "abandoned"

    @invariant()
    def every_basket_matches_the_model(self) -> None:
        for id, model in self.models.items():
            basket = service.basket(id)
            held = {line.product_id: (line.product_name, line.price, line.quantity) for line in basket.lines}
            fillers = {product for product in held if product.startswith("filler")}
            assert len(held) == len(basket.lines) <= 100
            assert len(fillers) == model.fillers
            assert {product: line for product, line in held.items() if product not in fillers} == model.held
            assert basket.status == model.status
            assert basket.total == model.total + model.fillers < 2**53
            assert all(1 <= line.quantity <= 999 for line in basket.lines)
            assert clock.read(basket.touched_at) == BEGUN + timedelta(seconds=model.touched)

    @invariant()
    def a_basket_that_has_ended_does_not_change(self) -> None:
        for id in self.models:
            before, basket = self.seen.get(id), service.basket(id)
            assert before is None or before.status == "open" or basket == before
            self.seen[id] = basket

    @invariant()
    def stored_events_alone_give_the_same_basket(self) -> None:
        for id in self.models:
            assert service.baskets.as_of(id) == service.basket(id)

    @invariant()
    def a_basket_publishes_its_start_and_its_end_once(self) -> None:
        for id, model in self.models.items():
            published = [message for message in promised() if message.detail["data"]["basket_id"] == id]
            started, *ended = (message.name for message in published)
            assert started == "BasketStarted"
            assert [ENDS[name] for name in ended] == ([] if model.status == "open" else [model.status])
            assert published[-1].detail["data"]["status"] == model.status
            assert published[-1].detail["data"]["total"] == (0 if not ended else model.total + model.fillers)

    @invariant()
    def an_open_basket_is_in_the_index_when_it_is_due(self) -> None:
        for id in self.received:
            if self.models[id].status == "open":
                touched = BEGUN + timedelta(seconds=self.models[id].touched)
                assert id in views.untouched_since(touched)


TestBaskets = Baskets.TestCase
TestBaskets.settings = settings(max_examples=80, stateful_step_count=12, deadline=None, derandomize=True)
