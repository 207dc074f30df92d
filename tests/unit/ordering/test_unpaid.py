"""Orders that are ready and unpaid: the index, the sweep that cancels them, and what may go wrong meanwhile."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events.checkout import ApproveOrder
from events.registry import Message
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import active
from functions.ordering import service, views
from functions.ordering.inbox import inbox
from tests.support.contention import ContendedStore
from tests.support.delivery import attributes, delivered
from tests.support.promised import hand_over, promised
from tests.unit.ordering.mall import CHECKED_OUT, NO_BREAD, NO_INK, PAID, collected, names, published

READY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


class Time:
    """A clock that a test sets; the orders become ready at its first time."""

    now = READY


@pytest.fixture
def time() -> Iterator[Time]:
    time = Time()
    with clock.fixed(lambda: time.now):
        yield time


def deliver(*messages: Message) -> None:
    """Deliver messages, each with an id of its own."""
    for message in messages:
        id = f"{type(message).about.name} {message.model_dump_json()}"
        assert inbox.handle(delivered(message, id=id)) == {"batchItemFailures": []}


def deliver_published() -> None:
    """Deliver to the service all that it has published, from the beginning."""
    hand_over(inbox, promised())


def approve(order_id: str = "order-1") -> ApproveOrder:
    return ApproveOrder(order_id=order_id, shopping_list_id=order_id)


def sweep() -> None:
    """Deliver the schedule's tick."""
    body = {"detail-type": "UnpaidOrdersDue", "version": 1, "time": clock.stamp()}
    record = {
        "messageId": "tick",
        "receiptHandle": "tick",
        "body": json.dumps(body),
        "attributes": attributes(),
    }
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}


def status(order_id: str = "order-1") -> str:
    return service.order(order_id).status


def shown() -> list[str]:
    """The orders in the index, whenever they became ready."""
    return list(views.ready_since(READY + timedelta(days=365)))


def rows() -> MemoryViews:
    found = runtime.current().views
    assert isinstance(found, MemoryViews)
    return found


def make_ready(order_id: str) -> None:
    checked_out = CHECKED_OUT.model_copy(update={"basket_id": order_id})
    deliver(checked_out, approve(order_id), collected(list_id=order_id, order_id=order_id))


@pytest.fixture
def ready(time: Time) -> None:
    """An order that is ready and unpaid, and in the index."""
    make_ready("order-1")
    deliver_published()


def test_an_order_is_cancelled_exactly_24_hours_after_ready_and_not_a_second_earlier(time: Time, ready: None) -> None:
    time.now = READY + DAY - SECOND
    sweep()
    assert status() == "ready"
    time.now = READY + DAY
    sweep()
    assert status() == "cancelled"
    cancelled = published()[-1].model_dump()
    assert (cancelled["by"], cancelled["reason"], cancelled["ready"], cancelled["paid"]) == (
        "system",
        "the order was not paid within 24 hours of being ready",
        True,
        False,
    )


def test_the_time_counts_from_ready(time: Time) -> None:
    deliver(CHECKED_OUT, approve())
    time.now = READY + timedelta(days=3)
    deliver(collected())
    deliver_published()
    time.now += DAY - SECOND
    sweep()
    assert status() == "ready"
    time.now += SECOND
    sweep()
    assert status() == "cancelled"


def test_an_order_is_not_in_the_index_before_it_is_ready(time: Time) -> None:
    deliver(CHECKED_OUT, approve())
    deliver_published()
    assert rows().items == {}


@pytest.mark.parametrize("end", ["paid", "cancelled by staff", "expired"])
def test_an_order_paid_or_ended_leaves_the_index_and_its_row_expires_after_14_days(
    time: Time, ready: None, end: str
) -> None:
    assert shown() == ["order-1"]
    assert "expires" not in rows().items["orders", "order-1"]
    if end == "paid":
        deliver(PAID)
    elif end == "cancelled by staff":
        service.cancel("order-1", "not collected", "staff")
    else:
        time.now = READY + DAY
        service.expire("order-1")
    deliver_published()
    assert shown() == []
    expires = int((time.now + timedelta(days=14)).timestamp())
    assert rows().items["orders", "order-1"]["expires"] == {"N": str(expires)}


@pytest.mark.parametrize("before_ready", ["paid", "cancelled", "rejected", "nothing found"])
def test_an_order_that_never_awaits_its_payment_is_never_in_the_index(time: Time, before_ready: str) -> None:
    deliver(CHECKED_OUT)
    if before_ready == "rejected":
        service.reject("order-1", "the customer is disabled")
    elif before_ready == "cancelled":
        service.cancel("order-1", "changed my mind", "customer")
    elif before_ready == "paid":
        deliver(approve(), PAID, collected())
    else:
        deliver(approve(), collected(NO_BREAD, NO_INK))
    messages = promised()
    for n in range(len(messages)):
        hand_over(inbox, messages[n : n + 1])
        assert shown() == []
    time.now = READY + timedelta(days=2)
    before = names()
    sweep()
    assert names() == before


def test_an_event_that_arrives_after_the_end_does_not_bring_the_row_back(time: Time) -> None:
    make_ready("order-1")
    deliver(PAID)
    hand_over(inbox, promised()[::-1])
    assert shown() == []


def test_an_order_paid_since_the_index_was_read_is_left_alone_and_leaves_the_index(time: Time, ready: None) -> None:
    time.now = READY + DAY
    deliver(PAID)
    sweep()
    assert (status(), shown()) == ("completed", [])
    assert "OrderCancelled" not in names()


def test_a_sweep_writes_the_row_of_an_ended_order_as_its_event_does(time: Time, ready: None) -> None:
    time.now = READY + DAY
    deliver(PAID)
    time.now += SECOND * 90
    sweep()
    swept = rows().items.pop(("orders", "order-1"))
    deliver_published()
    assert rows().items["orders", "order-1"] == swept


@pytest.mark.parametrize("faster", ["payment", "staff"])
def test_a_payment_or_cancellation_just_before_the_sweep_takes_effect(time: Time, faster: str) -> None:
    store = ContendedStore()
    with active(replace(runtime.current(), store=store)):
        make_ready("order-1")
        deliver_published()
        time.now = READY + DAY

        def in_between() -> None:
            with context.within(Context()):
                if faster == "payment":
                    service.mark_paid("order-1")
                else:
                    service.cancel("order-1", "not collected", "staff")

        store.before = [in_between]
        sweep()
        assert names()[-1] == ("OrderCompleted" if faster == "payment" else "OrderCancelled")
        assert names().count("OrderCancelled") == (0 if faster == "payment" else 1)
        assert faster == "payment" or published()[-1].model_dump()["by"] == "staff"
        assert shown() == []


def test_a_row_that_a_replay_brings_back_is_taken_out_again(time: Time, ready: None) -> None:
    deliver(PAID)
    deliver_published()
    rows().items.clear()  # as when they have expired
    hand_over(inbox, [message for message in promised() if message.name == "OrderReadied"])
    assert shown() == ["order-1"]
    time.now = READY + DAY
    sweep()
    assert (status(), shown()) == ("completed", [])


def test_a_sweep_of_a_thousand_orders_reads_all_pages_and_cancels_those_that_are_due(time: Time) -> None:
    due = [f"order-{n}" for n in range(1000)]
    for order_id in due:
        make_ready(order_id)
    time.now = READY + SECOND
    make_ready("later")
    deliver_published()
    time.now = READY + DAY
    sweep()
    assert {status(order_id) for order_id in due} == {"cancelled"}
    assert (status("later"), shown()) == ("ready", ["later"])


def test_a_second_sweep_publishes_nothing_more(time: Time, ready: None) -> None:
    time.now = READY + DAY
    for _ in range(2):
        sweep()
    assert names().count("OrderCancelled") == 1


def test_an_order_that_cannot_be_read_rings_the_alarm_and_the_others_are_cancelled(
    time: Time, ready: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_ready("order-2")
    deliver_published()
    runtime.current().store.commit(
        Commit(
            stream="Order#order-1",
            version=service.order("order-1").version + 1,
            id="commit-of-newer-code",
            events=(StoredEvent.of("Gilded", 1, {}),),
            time=clock.stamp(),
            correlation_id="flow-1",
            causation_id=None,
            actor="system",
        )
    )
    monkeypatch.setenv("MALLBOTS_SERVICE", "ordering")
    time.now = READY + DAY
    sweep()
    assert status("order-2") == "cancelled"
    assert shown() == ["order-1"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["OrderNotExpired"] for line in lines if "OrderNotExpired" in line] == [[1.0]]


def test_the_limit_is_a_setting_of_the_stage(time: Time, ready: None) -> None:
    with active(replace(runtime.current(), settings={"MALLBOTS_ORDER_UNPAID": "5400"})):
        time.now = READY + timedelta(minutes=90) - SECOND
        sweep()
        assert status() == "ready"
        time.now += SECOND
        sweep()
        assert published()[-1].model_dump()["reason"] == "the order was not paid within 1.5 hours of being ready"
