"""Untouched baskets: the index, the sweep that abandons them, and what can go wrong in between."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.baskets import service, views
from functions.baskets.inbox import inbox
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import active
from tests.support.contention import ContendedStore
from tests.support.delivery import attributes
from tests.support.promised import hand_over, promised
from tests.unit.baskets.mall import opened

OPENED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = 86_400


class Time:
    """The time, in minutes and seconds since the baskets were opened."""

    now = OPENED

    def is_at(self, minutes: int, seconds: int = 0) -> None:
        self.now = OPENED + timedelta(minutes=minutes, seconds=seconds)


@pytest.fixture
def time() -> Iterator[Time]:
    time = Time()
    with clock.fixed(lambda: time.now):
        yield time


def consume_all() -> None:
    """Deliver all events of the service to it, from the beginning."""
    hand_over(inbox, promised())


def sweep() -> None:
    """Deliver one tick of the schedule."""
    body = {"detail-type": "UntouchedBasketsDue", "version": 1, "time": clock.stamp()}
    record = {
        "messageId": "tick",
        "receiptHandle": "tick",
        "body": json.dumps(body),
        "attributes": attributes(),
    }
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}


def status(basket_id: str) -> str:
    return service.basket(basket_id).status


def shown() -> list[str]:
    """The baskets in the index, at whatever time."""
    return list(views.untouched_since(OPENED + timedelta(days=365)))


def row(basket_id: str) -> dict[str, dict[str, str]]:
    rows = runtime.current().views
    assert isinstance(rows, MemoryViews)
    return rows.items["baskets", basket_id]


@pytest.fixture
def basket(time: Time) -> str:
    """An open basket whose BasketStarted was received."""
    basket_id = opened()
    consume_all()
    return basket_id


def test_a_basket_is_abandoned_after_exactly_30_minutes_and_not_a_second_earlier(time: Time, basket: str) -> None:
    time.is_at(29, 59)
    sweep()
    assert status(basket) == "open"
    time.is_at(30)
    sweep()
    assert status(basket) == "abandoned"


def test_a_sweep_sees_the_last_touch_and_writes_the_row_once_each_half_hour(time: Time, basket: str) -> None:
    started = row(basket)
    for minute in (10, 20, 29):
        time.is_at(minute)
        service.add_item(basket, "bread", 1)
        sweep()
        assert row(basket) == started
    time.is_at(30)
    sweep()
    assert (status(basket), shown()) == ("open", [basket])
    assert row(basket)["untouched_sort"] == {"S": clock.stamp(OPENED + timedelta(minutes=29))}
    time.is_at(58, 59)
    sweep()
    assert status(basket) == "open"
    time.is_at(59)
    sweep()
    assert status(basket) == "abandoned"


@pytest.mark.parametrize("end", ["abandoned", "cancelled", "checked_out"])
def test_a_basket_that_has_ended_leaves_the_index_and_its_row_expires_after_14_days(
    time: Time, basket: str, end: str
) -> None:
    service.add_item(basket, "bread", 1)
    if end == "abandoned":
        time.is_at(30)
        service.abandon(basket)
    elif end == "cancelled":
        service.cancel(basket)
    else:
        service.check_out(basket, "payment-1")
    consume_all()
    assert shown() == []
    assert row(basket)["expires"] == {"N": str(int(time.now.timestamp()) + 14 * DAY)}


def test_an_open_basket_does_not_expire_whatever_its_age(time: Time, basket: str) -> None:
    assert "expires" not in row(basket)


def test_a_start_that_is_received_after_the_end_does_not_put_the_basket_back_into_the_index(time: Time) -> None:
    basket = opened()
    service.cancel(basket)
    hand_over(inbox, promised()[::-1])
    assert shown() == []


def test_a_basket_checked_out_since_the_index_was_read_is_not_abandoned_and_leaves_the_index(
    time: Time, basket: str
) -> None:
    service.add_item(basket, "bread", 1)
    time.is_at(29)
    service.check_out(basket, "payment-1")
    time.is_at(31)
    sweep()
    assert status(basket) == "checked_out"
    assert shown() == []
    swept = row(basket)
    assert swept["expires"] == {"N": str(int((OPENED + timedelta(minutes=29, days=14)).timestamp()))}
    runtime.current().views.delete("baskets", basket)
    consume_all()
    assert row(basket) == swept
    assert "BasketAbandoned" not in [message.name for message in promised()]


@pytest.mark.parametrize("late", ["touch", "checkout"])
def test_a_customer_who_commits_just_before_the_sweep_keeps_the_basket(time: Time, late: str) -> None:
    store = ContendedStore()
    with active(replace(runtime.current(), store=store)):
        basket = opened()
        service.add_item(basket, "bread", 1)
        consume_all()
        time.is_at(30)

        def customer() -> None:
            with context.within(Context()):
                if late == "touch":
                    service.add_item(basket, "bread", 1)
                else:
                    service.check_out(basket, "payment-1")

        store.before = [customer]
        sweep()
        assert status(basket) == ("open" if late == "touch" else "checked_out")
        assert shown() == ([basket] if late == "touch" else [])


def test_a_row_that_a_replay_put_back_is_removed_by_the_sweep(time: Time, basket: str) -> None:
    service.cancel(basket)
    consume_all()
    rows = runtime.current().views
    assert isinstance(rows, MemoryViews)
    del rows.items["baskets", basket]  # as when it has expired
    time.is_at(60)
    hand_over(inbox, promised()[:1])
    assert shown() == [basket]
    sweep()
    assert (status(basket), shown()) == ("cancelled", [])
    assert row(basket)["expires"] == {"N": str(int(OPENED.timestamp()) + 14 * DAY)}


def test_a_sweep_of_a_thousand_baskets_reads_all_pages_and_abandons_those_that_are_due(time: Time) -> None:
    opened()
    due = [service.start("ada") for _ in range(999)]
    time.is_at(1)
    later = service.start("ada")
    consume_all()
    time.is_at(30)
    sweep()
    assert {status(basket) for basket in due} == {"abandoned"}
    assert (status(later), shown()) == ("open", [later])
    assert [message.name for message in promised()].count("BasketAbandoned") == 1000


def test_a_second_sweep_publishes_nothing(time: Time, basket: str) -> None:
    for minute in (30, 31):
        time.is_at(minute)
        sweep()
    assert [message.name for message in promised()].count("BasketAbandoned") == 1


def test_a_basket_that_cannot_be_read_does_not_block_others_and_rings_the_alarm(
    time: Time, basket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [service.start("ada") for _ in range(2)]
    consume_all()
    runtime.current().store.commit(
        Commit(
            stream=f"Basket#{basket}",
            version=2,
            id="commit-of-newer-code",
            events=(StoredEvent.of("Gilded", 1, {}),),
            time=clock.stamp(),
            correlation_id="flow-1",
            causation_id=None,
            actor="system",
        )
    )
    monkeypatch.setenv("MALLBOTS_SERVICE", "baskets")
    time.is_at(30)
    sweep()
    assert [status(other) for other in others] == ["abandoned", "abandoned"]
    assert shown() == [basket]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["BasketNotAbandoned"] for line in lines if "BasketNotAbandoned" in line] == [[1.0]]


def test_an_abandonment_is_a_flow_of_its_own_by_the_system(time: Time, basket: str) -> None:
    time.is_at(30)
    sweep()
    started, abandoned = (message.detail["metadata"] for message in promised())
    assert abandoned["actor"] == "system"
    assert abandoned["correlation_id"] != started["correlation_id"]


def test_the_limit_is_a_setting_of_the_stage(time: Time, basket: str) -> None:
    with active(replace(runtime.current(), settings={"MALLBOTS_BASKET_UNTOUCHED": "90"})):
        time.is_at(1, 29)
        sweep()
        assert status(basket) == "open"
        time.is_at(1, 30)
        sweep()
        assert status(basket) == "abandoned"
