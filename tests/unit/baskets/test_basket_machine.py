"""Whatever is done to baskets, in whatever order, repeated or with the news late, at every moment:

1. a basket holds what a simple model says that it holds, and refuses what the model refuses, in the same way;
2. its total is the sum of its lines, below 2^53; one line a product, at most 100, of 1 to 999 each, at the price and
   under the names that the product had when it was first put in;
3. it goes from open to checked out, cancelled or abandoned, once, and is never changed after that;
4. it is abandoned only by a sweep, and only 30 minutes or more after the last touch; and a sweep leaves no basket of
   whose start was heard open longer than that;
5. its stored events alone give the same basket as its snapshot does;
6. it says that it started, and how it ended, once each and with the state of then, and nothing else;
7. an open basket of whose start was heard is in the index, at a time no later than its last touch.
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
from tests.unit.baskets.mall import ADA, BAKERY, BREAD, Owners, hear

PRODUCTS = ("bread", "cake", "gold")
PRICES = (450, 0, 2**52)
FILLERS = 98  # lines of a basket that is nearly full, a cent each
FILLER = Product("filler", "bakery", "Corner Bakery", "Crumb", 1, participating=True)
BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HALF_AN_HOUR = 1800
SOME = st.integers(0, 9)
QUANTITY = st.sampled_from([1, 2, 1, 2, 998, 999, 1000, 0, -1])
STEP = st.sampled_from(
    ["put in"] * 9 + ["take out"] * 4 + ["check out without a payment", "put in", "check out", "cancel"]
)
RARELY = st.sampled_from([False] * 5 + [True])
ENDS = {"BasketCheckedOut": "checked_out", "BasketCancelled": "cancelled", "BasketAbandoned": "abandoned"}

Refusal = type[MallBotsError] | None


@dataclass
class Offer:
    """A product as the catalogue has it."""

    name: str
    price: int
    version: int = 1
    removed: bool = False


@dataclass
class Model:
    """What a basket is expected to be: each product's first name and price, and how many of it."""

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
    """Customers who choose, a clerk who changes the catalogue, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.news = 0
        self.offers = {id: Offer(id, price) for id, price in zip(PRODUCTS, PRICES, strict=True)}
        self.participating = self.required = False
        self.models: dict[str, Model] = {}
        self.heard: set[str] = set()
        self.done: list[tuple[str, Callable[[], object]]] = []
        self.seen: dict[str, Basket] = {}
        self.open = ExitStack()

    @initialize(required=RARELY, nearly_full=RARELY)
    def the_mall_opens(self, required: bool, nearly_full: bool) -> None:
        self.required = required
        stage = {"MALLBOTS_REQUIRE_PARTICIPATION": str(int(required))}
        self.open.enter_context(active(memory_runtime("baskets", invoke=Owners(), settings=stage)))
        self.open.enter_context(clock.fixed(lambda: BEGUN + timedelta(seconds=self.now)))
        hear(ADA)
        hear(BAKERY)
        for id, offer in self.offers.items():
            hear(ProductAdded.model_validate(self.state(id, offer)))
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

    def ask(self, basket_id: str, action: Callable[[], object], expected: Refusal) -> None:
        """Ask for something and see that it goes as the model says."""
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
    def another_basket_is_taken(self) -> None:
        self.opened(nearly_full=False)

    def fill(self, basket: Basket) -> None:
        for n in range(FILLERS):
            basket.add_item(replace(FILLER, product_id=f"filler-{n}"), 1, clock.stamp())

    @rule(steps=st.lists(st.tuples(STEP, SOME, st.sampled_from(PRODUCTS), QUANTITY), min_size=3, max_size=12))
    def customers_do_something(self, steps: list[tuple[str, int, str, int]]) -> None:
        for step, at, product, quantity in steps:
            self.do(step, self.basket(at), product, quantity)
            self.every_basket_is_as_the_model_says()

    def do(self, step: str, id: str, product: str, quantity: int) -> None:
        {
            "put in": lambda: self.put_in(id, product, quantity),
            "take out": lambda: self.take_out(id, product, quantity),
            "check out": lambda: self.check_out(id, "payment-1"),
            "check out without a payment": lambda: self.check_out(id, ""),
            "cancel": lambda: self.cancel(id),
        }[step]()

    def put_in(self, id: str, product: str, quantity: int) -> None:
        allowed = self.participating or not self.required
        expected = self.models[id].add(product, self.offers[product], quantity, self.now, allowed)
        self.ask(id, lambda: service.add_item(id, product, quantity), expected)

    def take_out(self, id: str, product: str, quantity: int) -> None:
        expected = self.models[id].remove(product, quantity, self.now)
        self.ask(id, lambda: service.remove_item(id, product, quantity), expected)

    def check_out(self, id: str, payment: str) -> None:
        self.ask(id, lambda: service.check_out(id, payment), self.models[id].check_out(payment))

    def cancel(self, id: str) -> None:
        model = self.models[id]
        expected = None if model.status == "open" else RefusedError
        model.status = "cancelled" if model.status == "open" else model.status
        self.ask(id, lambda: service.cancel(id), expected)

    @precondition(lambda self: self.done)
    @rule(at=SOME)
    def a_request_comes_once_more(self, at: int) -> None:
        cause, action = self.done[-1 - at % len(self.done)]
        with context.within(Context(cause=Cause(cause))):
            action()

    @rule(product=st.sampled_from(PRODUCTS), price=st.sampled_from([0, 1, 500, 2**52]))
    def a_product_is_repriced_and_rebranded(self, product: str, price: int) -> None:
        offer = self.offers[product]
        if not offer.removed:
            self.offers[product] = changed = Offer(f"{offer.name}+", price, offer.version + 1)
            said = {**self.state(product, changed), "previous_price": offer.price}
            hear(ProductPriceChanged.model_validate(said), stream_version=changed.version)

    @rule()
    def a_product_is_removed(self) -> None:
        product = PRODUCTS[0]
        offer = self.offers[product]
        if not offer.removed:
            self.offers[product] = gone = Offer(offer.name, offer.price, offer.version + 1, removed=True)
            hear(ProductRemoved.model_validate(self.state(product, gone)), stream_version=gone.version)

    @rule()
    def the_store_takes_part_or_leaves(self) -> None:
        self.participating = not self.participating
        self.news += 1
        said = {**BAKERY.model_dump(), "participating": self.participating}
        hear(StoreParticipationToggled.model_validate(said), stream_version=1 + self.news)

    @rule(news=st.one_of(st.just(range(10)), st.lists(SOME, min_size=1, max_size=5)))
    def the_service_hears_what_it_said_in_some_order(self, news: Sequence[int]) -> None:
        said = promised()
        for at in [n % len(said) for n in news[: len(said)]]:
            message = said[at]
            hand_over(inbox, [message])
            if message.name == "BasketStarted":
                self.heard.add(message.detail["data"]["basket_id"])

    @rule(seconds=st.sampled_from([HALF_AN_HOUR, HALF_AN_HOUR - 1, 1]), strikes=st.sampled_from([1, 2, 0]))
    def time_passes(self, seconds: int, strikes: int) -> None:
        self.now += seconds
        for _ in range(strikes):
            self.the_clock_strikes()

    def the_clock_strikes(self) -> None:
        tick = delivered(UntouchedBasketsDue(time=clock.stamp()), id=f"tick-{self.now}")
        assert inbox.handle(tick) == {"batchItemFailures": []}
        for id, model in self.models.items():
            if id in self.heard and model.status == "open" and self.now - model.touched >= HALF_AN_HOUR:
                model.status = "abandoned"

    @invariant()
    def every_basket_is_as_the_model_says(self) -> None:
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
    def what_has_ended_stays_as_it_was(self) -> None:
        for id in self.models:
            before, basket = self.seen.get(id), service.basket(id)
            assert before is None or before.status == "open" or basket == before
            self.seen[id] = basket

    @invariant()
    def stored_events_alone_give_the_same_basket(self) -> None:
        for id in self.models:
            assert service.baskets.as_of(id) == service.basket(id)

    @invariant()
    def a_basket_says_once_that_it_started_and_how_it_ended(self) -> None:
        for id, model in self.models.items():
            said = [message for message in promised() if message.detail["data"]["basket_id"] == id]
            started, *ended = (message.name for message in said)
            assert started == "BasketStarted"
            assert [ENDS[name] for name in ended] == ([] if model.status == "open" else [model.status])
            assert said[-1].detail["data"]["status"] == model.status
            assert said[-1].detail["data"]["total"] == (0 if not ended else model.total + model.fillers)

    @invariant()
    def an_open_basket_is_found_when_it_is_due(self) -> None:
        for id in self.heard:
            if self.models[id].status == "open":
                touched = BEGUN + timedelta(seconds=self.models[id].touched)
                assert id in views.untouched_since(touched)


TestBaskets = Baskets.TestCase
TestBaskets.settings = settings(max_examples=80, stateful_step_count=12, deadline=None, derandomize=True)
