"""The messages that the ordering service consumes, and its replies. Every message is delivered three times."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any, cast

import pytest

from events.checkout import ApproveOrder, RejectOrder
from events.registry import Command
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.ordering import service
from functions.ordering.inbox import inbox
from tests.support.delivery import delivered
from tests.support.runtime import RecordingBus, RecordingQueue
from tests.unit.ordering.mall import (
    BREAD,
    CHECKED_OUT,
    INK,
    NO_BREAD,
    NO_INK,
    PAID,
    collected,
    deliver,
    names,
    outgoing,
    published,
)

APPROVE = ApproveOrder(order_id="order-1", shopping_list_id="order-1")
REJECT = RejectOrder(order_id="order-1", reason="the customer is disabled")


def replies(command: Command, runtime: Runtime, id: str) -> list[tuple[str, dict[str, Any]]]:
    """All replies, in commits or on the bus, to a command of this id that is delivered twice."""
    bus = cast(RecordingBus, runtime.bus)
    bus.messages.clear()
    event = delivered(command, id=id)
    for _ in range(2):
        assert inbox.handle(event) == {"batchItemFailures": []}
    sent = [*outgoing(command.order_id), *bus.messages]  # type: ignore[attr-defined]
    return [
        (message.name, message.detail["data"])
        for message in sent
        if message.detail["metadata"]["causation_id"] == id and message.name.endswith(("Accepted", "Refused"))
    ]


def test_a_checked_out_basket_becomes_one_pending_order_with_its_id() -> None:
    deliver(CHECKED_OUT)
    (created,) = published()
    assert type(created).about.name == "OrderCreated"
    assert created.model_dump() == {
        "order_id": "order-1",
        "customer_id": "ada",
        "payment_id": "payment-1",
        "items": (BREAD.model_dump(), INK.model_dump()),
        "total": 1699,
        "status": "pending",
        "ready": False,
        "paid": False,
        "shopping_list_id": None,
        "created_at": service.order("order-1").created_at,
        "approved_at": None,
        "readied_at": None,
    }


def test_an_order_keeps_the_time_at_which_it_was_placed() -> None:
    with clock.fixed(lambda: datetime(2026, 1, 5, 9, 0, tzinfo=UTC)):
        deliver(CHECKED_OUT)
    deliver(APPROVE)
    assert published()[-1].model_dump()["created_at"] == "2026-01-05T09:00:00.000000Z"


def test_each_event_of_an_order_has_the_times_of_its_stages_so_far() -> None:
    for hour, message in ((9, CHECKED_OUT), (10, APPROVE), (11, collected()), (12, PAID)):
        with clock.fixed(lambda hour=hour: datetime(2026, 1, 5, hour, 0, tzinfo=UTC)):  # type: ignore[misc]
            deliver(message)
    times = {
        type(event).about.name: [
            event.created_at[11:13],
            *((at or "")[11:13] for at in (event.approved_at, event.readied_at)),
        ]
        for event in published()
    }
    assert times == {
        "OrderCreated": ["09", "", ""],
        "OrderApproved": ["09", "10", ""],
        "OrderReadied": ["09", "10", "11"],
        "OrderPaid": ["09", "10", "11"],
        "OrderCompleted": ["09", "10", "11"],
    }


@pytest.mark.parametrize("messages", list(permutations([APPROVE, collected(NO_INK), PAID])))
def test_approval_list_and_payment_complete_an_order_in_any_sequence(messages: list[Any]) -> None:
    for message in (CHECKED_OUT, *messages):
        deliver(message)
    order = service.order("order-1")
    assert (order.status, order.ready, order.paid, order.total) == ("completed", True, True, 900)
    assert sorted(names()) == ["OrderApproved", "OrderCompleted", "OrderCreated", "OrderPaid", "OrderReadied"]


def test_an_approved_collected_and_paid_order_is_complete() -> None:
    for message in (CHECKED_OUT, APPROVE, collected(NO_INK), PAID):
        deliver(message)
    assert names() == ["OrderCreated", "OrderApproved", "OrderReadied", "OrderPaid", "OrderCompleted"]
    states = [
        {name: message.model_dump()[name] for name in ("status", "ready", "paid", "total", "shopping_list_id")}
        for message in published()[1:]
    ]
    assert [tuple(state.values()) for state in states] == [
        ("approved", False, False, 1699, "order-1"),
        ("ready", True, False, 900, "order-1"),
        ("ready", True, True, 900, "order-1"),
        ("completed", True, True, 900, "order-1"),
    ]
    assert published()[2].model_dump()["shortages"] == (NO_INK.model_dump(),)
    assert published()[2].model_dump()["items"] == (BREAD.model_dump(),)


def test_an_order_may_be_paid_before_its_items_are_there() -> None:
    for message in (CHECKED_OUT, APPROVE, PAID, collected()):
        deliver(message)
    assert names() == ["OrderCreated", "OrderApproved", "OrderPaid", "OrderReadied", "OrderCompleted"]


def test_a_list_completed_before_the_approval_makes_the_order_ready_at_its_approval() -> None:
    for message in (CHECKED_OUT, collected(NO_INK), PAID):
        deliver(message)
    assert service.order("order-1").status == "pending"
    deliver(APPROVE)
    assert names() == ["OrderCreated", "OrderPaid", "OrderApproved", "OrderReadied", "OrderCompleted"]
    assert service.order("order-1").total == 900


def test_an_order_of_which_nothing_was_found_is_cancelled_by_the_system() -> None:
    for message in (CHECKED_OUT, APPROVE, collected(NO_BREAD, NO_INK)):
        deliver(message)
    cancelled = published()[-1].model_dump()
    assert names()[-1] == "OrderCancelled"
    assert {name: cancelled[name] for name in ("status", "items", "total", "reason", "by")} == {
        "status": "cancelled",
        "items": (),
        "total": 0,
        "reason": "nothing of the order was found",
        "by": "system",
    }


def test_facts_that_arrive_after_the_end_of_an_order_change_nothing_and_are_no_error(runtime: Runtime) -> None:
    deliver(CHECKED_OUT)
    service.cancel("order-1", "changed my mind", "customer")
    deliver(collected())
    deliver(PAID)
    assert names() == ["OrderCreated", "OrderCancelled"]
    assert published()[-1].model_dump()["by"] == "customer"
    assert cast(RecordingQueue, runtime.dead_letters).sent == []


def test_a_list_that_staff_made_makes_no_order_ready_and_may_name_an_unknown_one(
    runtime: Runtime,
) -> None:
    deliver(CHECKED_OUT)
    deliver(APPROVE)
    deliver(collected(list_id="list-9", by_staff=True))
    deliver(collected(list_id="list-9", order_id="unknown", by_staff=True), id="other")
    assert names() == ["OrderCreated", "OrderApproved"]
    assert cast(RecordingQueue, runtime.dead_letters).sent == []


def test_another_list_makes_no_order_ready() -> None:
    for message in (CHECKED_OUT, APPROVE, collected(list_id="list-9")):
        deliver(message)
    assert service.order("order-1").status == "approved"


@pytest.mark.parametrize("fact", [collected(), PAID])
def test_a_fact_about_an_order_not_yet_known_is_retried(fact: Any, runtime: Runtime) -> None:
    assert inbox.handle(delivered(fact)) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    assert cast(RecordingQueue, runtime.queue).retry_in_seconds == {"receipt-0": 2}
    deliver(CHECKED_OUT)
    assert inbox.handle(delivered(fact)) == {"batchItemFailures": []}
    assert service.order("order-1").version == 2


class TestReplies:
    def test_every_try_of_an_approval_is_accepted(self, runtime: Runtime) -> None:
        deliver(CHECKED_OUT)
        accepted = ("OrderApprovalAccepted", {"order_id": "order-1"})
        assert replies(APPROVE, runtime, "try-1") == [accepted, accepted]
        assert replies(APPROVE, runtime, "try-2") == [accepted, accepted]
        assert names() == ["OrderCreated", "OrderApproved"]

    def test_an_approval_is_accepted_after_later_steps(self, runtime: Runtime) -> None:
        for message in (CHECKED_OUT, APPROVE, collected(), PAID):
            deliver(message)
        assert replies(APPROVE, runtime, "late")[0] == ("OrderApprovalAccepted", {"order_id": "order-1"})

    @pytest.mark.parametrize("status", ["cancelled", "rejected"])
    def test_a_late_approval_is_refused_with_the_status(self, status: str, runtime: Runtime) -> None:
        deliver(CHECKED_OUT)
        if status == "rejected":
            deliver(REJECT)
        else:
            service.cancel("order-1", "changed my mind", "customer")
        refused = ("OrderApprovalRefused", {"order_id": "order-1", "status": status})
        assert replies(APPROVE, runtime, "late") == [refused, refused]
        assert service.order("order-1").status == status

    def test_an_approval_of_an_unknown_order_is_refused(self, runtime: Runtime) -> None:
        refused = ("OrderApprovalRefused", {"order_id": "order-1", "status": "rejected"})
        assert replies(APPROVE, runtime, "try-1") == [refused, refused]

    def test_every_try_of_a_rejection_is_accepted_and_published_once_with_its_reason(self, runtime: Runtime) -> None:
        deliver(CHECKED_OUT)
        accepted = ("OrderRejectionAccepted", {"order_id": "order-1"})
        assert replies(REJECT, runtime, "try-1") == [accepted, accepted]
        assert replies(REJECT, runtime, "try-2") == [accepted, accepted]
        assert names() == ["OrderCreated", "OrderRejected"]
        rejected = published()[-1].model_dump()
        assert (rejected["status"], rejected["reason"]) == ("rejected", "the customer is disabled")

    def test_a_rejection_of_a_cancelled_order_is_accepted(self, runtime: Runtime) -> None:
        deliver(CHECKED_OUT)
        service.cancel("order-1", "changed my mind", "customer")
        assert replies(REJECT, runtime, "try-1")[0] == ("OrderRejectionAccepted", {"order_id": "order-1"})
        assert service.order("order-1").status == "cancelled"

    @pytest.mark.parametrize(
        ("then", "status"), [([], "approved"), ([collected()], "ready"), ([collected(), PAID], "completed")]
    )
    def test_a_rejection_of_an_approved_order_is_refused_with_the_status(
        self, then: list[Any], status: str, runtime: Runtime
    ) -> None:
        for message in (CHECKED_OUT, APPROVE, *then):
            deliver(message)
        refused = ("OrderRejectionRefused", {"order_id": "order-1", "status": status})
        assert replies(REJECT, runtime, "late") == [refused, refused]
        assert service.order("order-1").status == status

    def test_a_rejection_of_an_unknown_order_is_accepted(self, runtime: Runtime) -> None:
        accepted = ("OrderRejectionAccepted", {"order_id": "order-1"})
        assert replies(REJECT, runtime, "try-1") == [accepted, accepted]
