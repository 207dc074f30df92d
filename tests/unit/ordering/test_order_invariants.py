"""Invariants of orders, with messages in any order, repeated or late:

1. an order is as a simple model says, and refuses what the model refuses;
2. its total is the sum of its lines, of which there are 1 to 100 (none when nothing was found), each of 1 to 999;
3. neither its total nor the quantity of any product ever rises after it was placed;
4. it goes only from pending to approved, rejected or cancelled, from approved to ready or cancelled, from ready to
   completed or cancelled; what is rejected, cancelled or completed never changes again;
5. it is completed if, and only if, it is ready and paid, and what is ready or paid stays so;
6. the system cancels it only when nothing was found, or after 24 hours ready and unpaid; a sweep cancels every such
   order whose OrderReadied was consumed;
7. its stored events alone give the same order as its snapshot does;
8. it publishes each step once, with the state at that step; and the reply to a command tells the order's status.
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
    """What an order is expected to be: the quantity of each product, and its state."""

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

    def make_ready(self, list_id: str, short: dict[str, int], now: int) -> None:
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
    """A saga, robots, payments, customers and staff that act at any time, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.models: dict[str, Model] = {}
        self.indexed: set[str] = set()  # orders whose OrderReadied was consumed
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
        self.deliver(CHECKED_OUT.model_copy(update={"basket_id": order_id, "items": tuple(items)}))

    def deliver(self, message: Message, id: str = "", *, fails: bool = False) -> str:
        """Deliver a message; returns its id."""
        id = id or f"message-{len(self.sent)}"
        self.sent.append((id, message))
        assert bool(inbox.handle(delivered(message, id=id))["batchItemFailures"]) == fails
        return id

    def replies(self, id: str) -> list[dict[str, Any]]:
        """The replies to a command, by name and data."""
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
    def others_act(self, steps: list[tuple[str, str, bool, dict[str, int]]]) -> None:
        for step, order_id, own, short in steps:
            self.act(step, order_id, own, short)
            self.every_order_is_as_the_model_says()
            self.orders_only_go_forward()

    def act(self, step: str, order_id: str, own: bool, short: dict[str, int]) -> None:
        {
            "approve": lambda: self.the_saga_approves(order_id, own),
            "reject": lambda: self.the_saga_rejects(order_id),
            "collect": lambda: self.a_list_is_completed(order_id, own, short),
            "pay": lambda: self.an_invoice_is_paid(order_id),
            "customer": lambda: self.the_order_is_cancelled(order_id, "customer"),
            "staff": lambda: self.the_order_is_cancelled(order_id, "staff"),
        }[step]()

    def the_saga_approves(self, order_id: str, own: bool) -> None:
        list_id = order_id if own else "list-9"
        model = self.models.get(order_id)
        accepted = model is not None and model.approve(list_id, self.now)
        (reply,) = self.replies(self.deliver(ApproveOrder(order_id=order_id, shopping_list_id=list_id)))
        status = model.status if model else "rejected"
        assert reply == (
            {"name": "OrderApprovalAccepted", "order_id": order_id}
            if accepted
            else {"name": "OrderApprovalRefused", "order_id": order_id, "status": status}
        )

    def the_saga_rejects(self, order_id: str) -> None:
        model = self.models.get(order_id)
        accepted = model is None or model.reject()
        (reply,) = self.replies(self.deliver(RejectOrder(order_id=order_id, reason="the customer is disabled")))
        assert reply == (
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
            self.models[order_id].make_ready(list_id, short, self.now)
        self.deliver(collected(*shortages, list_id=list_id, order_id=order_id), fails=order_id not in self.models)

    @rule(order_id=WHICH)
    def a_list_that_staff_made_is_completed(self, order_id: str) -> None:
        self.deliver(collected(list_id="list-7", order_id=order_id, by_staff=True))

    def an_invoice_is_paid(self, order_id: str) -> None:
        if order_id in self.models:
            self.models[order_id].pay()
        paid = PAID.model_copy(update={"invoice_id": order_id, "order_id": order_id})
        self.deliver(paid, fails=order_id not in self.models)

    def the_order_is_cancelled(self, order_id: str, by: Caller) -> None:
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
    def a_message_that_was_handled_is_redelivered(self, at: int) -> None:
        id, message = self.sent[at % len(self.sent)]
        stream_knows = any(
            commit.cause and commit.cause.id == id for o in self.models for commit in service.orders.history(o)
        )
        if stream_knows:
            before = [service.order(order_id) for order_id in self.models]
            self.deliver(message, id)
            assert [service.order(order_id) for order_id in self.models] == before

    @rule(chosen=st.one_of(st.just(range(100)), st.lists(SOME, min_size=1, max_size=5)))
    def its_own_events_are_delivered_in_some_order(self, chosen: Sequence[int]) -> None:
        published = promised()
        for at in [n % len(published) for n in chosen[: len(published)]]:
            message = published[at]
            hand_over(inbox, [message])
            if message.name == "OrderReadied":
                self.indexed.add(message.detail["data"]["order_id"])

    @rule(seconds=st.sampled_from([DAY, DAY - 1, 1]), ticks=st.sampled_from([1, 2, 0]))
    def time_passes(self, seconds: int, ticks: int) -> None:
        self.now += seconds
        for number in range(ticks):
            tick = delivered(UnpaidOrdersDue(time=clock.stamp()), id=f"tick-{self.now}-{number}")
            assert inbox.handle(tick) == {"batchItemFailures": []}
        for id, model in self.models.items():
            overdue = model.ready_at is not None and self.now - model.ready_at >= DAY
            if ticks and id in self.indexed and model.status == "ready" and overdue:
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
    def each_step_is_published_once_with_its_state(self) -> None:
        for id, model in self.models.items():
            published = [
                message
                for message in promised()
                if message.detail["data"]["order_id"] == id and not message.name.endswith(("Accepted", "Refused"))
            ]
            names = [message.name for message in published]
            assert names[0] == "OrderCreated"
            assert len(set(names)) == len(names)
            assert published[-1].detail["data"]["status"] == model.status
            for message in published:
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
