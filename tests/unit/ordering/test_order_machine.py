"""Whatever happens to orders, in whatever order, repeated or with the news late, at every moment:

1. an order is as a simple model says, and refuses what the model refuses;
2. its total is the sum of its lines, of which there are 1 to 100 (none when nothing was found), each of 1 to 999;
3. neither its total nor the quantity of any product ever rises after it was placed;
4. it goes only from pending to approved, rejected or cancelled, from approved to ready or cancelled, from ready to
   completed or cancelled; what is rejected, cancelled or completed never changes again;
5. it is completed if, and only if, it is ready and paid, and what is ready or paid stays so;
6. the system calls it off only when nothing was found, or after 24 hours ready and unpaid; and a sweep leaves no order
   that was heard to be ready so any longer;
7. its stored events alone give the same order as its snapshot does;
8. it says each step once, with the state of then; and every command gets an answer that tells how the order stands.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from events.checkout import ApproveOrder, RejectOrder
from events.ordering import UnpaidOrdersDue
from events.registry import Message
from events.shapes import LineItem, Shortage
from functions.kernel.domain.errors import NotFoundError, RefusedError
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.runtime import active
from functions.ordering import service
from functions.ordering.domain import Caller, Order
from functions.ordering.inbox import inbox
from tests.support.delivery import delivered
from tests.support.promised import hand_over, promised
from tests.support.runtime import RecordingBus, memory_runtime
from tests.unit.ordering.mall import BREAD, CHECKED_OUT, INK, PAID, Catalogue, collected

BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = 86_400
ORDERS = ("order-0", "order-1")
BASKETS = {"bread": [BREAD], "bread and ink": [BREAD, INK], "bread twice": [BREAD, INK, BREAD]}
NEXT = {
    "pending": {"approved", "rejected", "cancelled"},
    "approved": {"ready", "cancelled"},
    "ready": {"completed", "cancelled"},
}
SOME = st.integers(0, 99)
WHICH = st.sampled_from(ORDERS)
OWN_LIST = st.sampled_from([True, True, True, False])
STEP = st.sampled_from(["approve", "collect", "pay", "approve", "collect", "reject", "customer", "staff"])
SHORT = st.fixed_dictionaries({}, optional={"bread": st.integers(0, 5), "ink": st.integers(0, 2)})


@dataclass
class Model:
    """What an order is expected to be: how many of each product, and how far it has come."""

    items: dict[str, int]
    status: str = "pending"
    own_list: str | None = None
    ready_at: int | None = None
    paid: bool = False
    early: dict[str, dict[str, int]] = field(default_factory=dict)

    def collect(self, short: dict[str, int], now: int) -> None:
        left = {product: max(0, quantity - short.get(product, 0)) for product, quantity in self.items.items()}
        self.items = {product: quantity for product, quantity in left.items() if quantity}
        if self.items:
            self.status, self.ready_at = "completed" if self.paid else "ready", now
        else:
            self.status = "cancelled"

    def approve(self, list_id: str, now: int) -> bool:
        if self.status == "pending":
            self.status, self.own_list = "approved", list_id
            if list_id in self.early:
                self.collect(self.early[list_id], now)
            return True
        return self.status not in ("rejected", "cancelled")

    def reject(self) -> bool:
        if self.status == "pending":
            self.status = "rejected"
        return self.status in ("rejected", "cancelled")

    def note_collected(self, list_id: str, short: dict[str, int], now: int) -> None:
        if self.status == "pending":
            self.early.setdefault(list_id, short)
        elif self.status == "approved" and list_id == self.own_list:
            self.collect(short, now)

    def pay(self) -> None:
        if self.status in NEXT and not self.paid:
            self.paid = True
            self.status = "completed" if self.status == "ready" else self.status

    def cancel(self, by: Caller) -> bool:
        if self.status in ("pending", "approved") or (self.status == "ready" and by != "customer"):
            self.status = "cancelled"
        return self.status == "cancelled"


class Orders(RuleBasedStateMachine):
    """A saga, robots, payments, customers and staff who say anything at any time, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.models: dict[str, Model] = {}
        self.heard: set[str] = set()
        self.sent: list[tuple[str, Message]] = []
        self.seen: dict[str, Order] = {}
        self.open = ExitStack()

    @initialize(basket=st.sampled_from(sorted(BASKETS)))
    def the_first_basket_is_checked_out(self, basket: str) -> None:
        self.open.enter_context(active(memory_runtime("ordering", invoke=Catalogue())))
        self.open.enter_context(clock.fixed(lambda: BEGUN + timedelta(seconds=self.now)))
        self.place(ORDERS[0], basket)

    def teardown(self) -> None:
        self.open.close()

    def place(self, order_id: str, basket: str) -> None:
        items = BASKETS[basket]
        self.models.setdefault(order_id, Model(_quantities(items)))
        self.hear(CHECKED_OUT.model_copy(update={"basket_id": order_id, "items": tuple(items)}))

    def hear(self, message: Message, id: str = "", *, fails: bool = False) -> str:
        """Let the service hear a message; its id."""
        id = id or f"message-{len(self.sent)}"
        self.sent.append((id, message))
        assert bool(inbox.handle(delivered(message, id=id))["batchItemFailures"]) == fails
        return id

    def answers(self, id: str) -> list[dict[str, Any]]:
        """The answers to a command, by name and data."""
        sent = [*promised(), *cast(RecordingBus, runtime.current().bus).messages]
        return [
            {"name": message.name, **message.detail["data"]}
            for message in sent
            if message.detail["metadata"]["causation_id"] == id and message.name.endswith(("Accepted", "Refused"))
        ]

    @rule(order_id=WHICH, basket=st.sampled_from(sorted(BASKETS)))
    def a_basket_is_checked_out(self, order_id: str, basket: str) -> None:
        self.place(order_id, basket)

    @rule(steps=st.lists(st.tuples(STEP, WHICH, OWN_LIST, SHORT), min_size=1, max_size=6))
    def others_say_something(self, steps: list[tuple[str, str, bool, dict[str, int]]]) -> None:
        for step, order_id, own, short in steps:
            self.say(step, order_id, own, short)
            self.every_order_is_as_the_model_says()
            self.orders_only_go_forward()

    def say(self, step: str, order_id: str, own: bool, short: dict[str, int]) -> None:
        {
            "approve": lambda: self.the_saga_approves(order_id, own),
            "reject": lambda: self.the_saga_rejects(order_id),
            "collect": lambda: self.a_list_is_completed(order_id, own, short),
            "pay": lambda: self.an_invoice_is_paid(order_id),
            "customer": lambda: self.somebody_cancels(order_id, "customer"),
            "staff": lambda: self.somebody_cancels(order_id, "staff"),
        }[step]()

    def the_saga_approves(self, order_id: str, own: bool) -> None:
        list_id = order_id if own else "list-9"
        model = self.models.get(order_id)
        accepted = model is not None and model.approve(list_id, self.now)
        (answer,) = self.answers(self.hear(ApproveOrder(order_id=order_id, shopping_list_id=list_id)))
        status = model.status if model else "rejected"
        assert answer == (
            {"name": "OrderApprovalAccepted", "order_id": order_id}
            if accepted
            else {"name": "OrderApprovalRefused", "order_id": order_id, "status": status}
        )

    def the_saga_rejects(self, order_id: str) -> None:
        model = self.models.get(order_id)
        accepted = model is None or model.reject()
        (answer,) = self.answers(self.hear(RejectOrder(order_id=order_id, reason="the customer is disabled")))
        assert answer == (
            {"name": "OrderRejectionAccepted", "order_id": order_id}
            if accepted
            else {"name": "OrderRejectionRefused", "order_id": order_id, "status": model and model.status}
        )

    def a_list_is_completed(self, order_id: str, own: bool, short: dict[str, int]) -> None:
        list_id = order_id if own else "list-9"
        shortages = [
            Shortage(store_id="bakery" if product == "bread" else "paper", product_id=product, quantity=quantity)
            for product, quantity in short.items()
        ]
        if order_id in self.models:
            self.models[order_id].note_collected(list_id, short, self.now)
        self.hear(collected(*shortages, list_id=list_id, order_id=order_id), fails=order_id not in self.models)

    @rule(order_id=WHICH)
    def a_list_that_staff_made_is_completed(self, order_id: str) -> None:
        self.hear(collected(list_id="list-7", order_id=order_id, by_staff=True))

    def an_invoice_is_paid(self, order_id: str) -> None:
        if order_id in self.models:
            self.models[order_id].pay()
        paid = PAID.model_copy(update={"invoice_id": order_id, "order_id": order_id})
        self.hear(paid, fails=order_id not in self.models)

    def somebody_cancels(self, order_id: str, by: Caller) -> None:
        expected: type[Exception] | None = NotFoundError
        if order_id in self.models:
            expected = None if self.models[order_id].cancel(by) else RefusedError
        refusal: type[Exception] | None = None
        try:
            service.cancel(order_id, "changed my mind", by)
        except (NotFoundError, RefusedError) as error:
            refusal = type(error)
        assert refusal == expected

    @rule(at=SOME)
    def a_message_that_was_handled_comes_once_more(self, at: int) -> None:
        id, message = self.sent[at % len(self.sent)]
        stream_knows = any(
            commit.cause and commit.cause.id == id for o in self.models for commit in service.orders.history(o)
        )
        if stream_knows:
            before = [service.order(order_id) for order_id in self.models]
            self.hear(message, id)
            assert [service.order(order_id) for order_id in self.models] == before

    @rule(news=st.one_of(st.just(range(100)), st.lists(SOME, min_size=1, max_size=5)))
    def the_service_hears_what_it_said_in_some_order(self, news: Sequence[int]) -> None:
        said = promised()
        for at in [n % len(said) for n in news[: len(said)]]:
            message = said[at]
            hand_over(inbox, [message])
            if message.name == "OrderReadied":
                self.heard.add(message.detail["data"]["order_id"])

    @rule(seconds=st.sampled_from([DAY, DAY - 1, 1]), strikes=st.sampled_from([1, 2, 0]))
    def time_passes(self, seconds: int, strikes: int) -> None:
        self.now += seconds
        for strike in range(strikes):
            tick = delivered(UnpaidOrdersDue(time=clock.stamp()), id=f"tick-{self.now}-{strike}")
            assert inbox.handle(tick) == {"batchItemFailures": []}
        for id, model in self.models.items():
            overdue = model.ready_at is not None and self.now - model.ready_at >= DAY
            if strikes and id in self.heard and model.status == "ready" and overdue:
                model.status = "cancelled"

    @invariant()
    def every_order_is_as_the_model_says(self) -> None:
        for id, model in self.models.items():
            order = service.order(id)
            assert (order.status, order.paid, order.ready) == (model.status, model.paid, model.ready_at is not None)
            assert _quantities(order.items) == model.items
            prices = {"bread": 450, "ink": 799}
            assert order.total == sum(prices[product] * quantity for product, quantity in model.items.items())
            assert all(1 <= item.quantity <= 999 for item in order.items)
            assert len(order.items) <= 100
            assert (order.status == "completed") == (order.ready and order.paid)
            assert service.orders.as_of(id) == order

    @invariant()
    def orders_only_go_forward(self) -> None:
        for id in self.models:
            order = service.order(id)
            before = self.seen.get(id, order)
            assert before.status in NEXT or order == before
            assert order.status in _reachable(before.status)
            assert order.total <= before.total
            assert order.ready >= before.ready
            assert order.paid >= before.paid
            self.seen[id] = order

    @invariant()
    def each_step_is_said_once_with_the_state_of_then(self) -> None:
        for id, model in self.models.items():
            said = [
                message
                for message in promised()
                if message.detail["data"]["order_id"] == id and not message.name.endswith(("Accepted", "Refused"))
            ]
            names = [message.name for message in said]
            assert names[0] == "OrderCreated"
            assert len(set(names)) == len(names)
            assert said[-1].detail["data"]["status"] == model.status
            for message in said:
                data = message.detail["data"]
                assert data["total"] == sum(item["price"] * item["quantity"] for item in data["items"])
                overdue = model.ready_at is not None and self.now - model.ready_at >= DAY
                if data.get("by") == "system" and data["reason"] != "changed my mind":
                    assert (overdue and not data["paid"]) if data["ready"] else data["items"] == []


def _quantities(items: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in cast("list[LineItem]", items):
        found[item.product_id] = found.get(item.product_id, 0) + item.quantity
    return found


def _reachable(status: str) -> set[str]:
    return {status}.union(*(_reachable(step) for step in NEXT.get(status, set())))


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=60, stateful_step_count=15, deadline=None, derandomize=True)
