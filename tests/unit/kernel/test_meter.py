"""What an invocation costs, counted where the stage asks for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import meter
from functions.kernel.runtime.views import Row
from tests.support import aws
from tests.support.store_suite import a_commit


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    meter.take()
    yield
    meter.take()


def test_nothing_is_counted_unless_the_stage_asks_for_it() -> None:
    meter.note("bus_entries", 3)
    assert meter.capacity() == {}
    assert meter.take() == {}


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLBOTS_METER", "1")


@pytest.mark.usefixtures("metered")
def test_what_is_counted_is_taken_once() -> None:
    meter.note("bus_entries", 3)
    meter.note("bus_entries")
    meter.note("read_units", 0.5)
    assert meter.take() == {"bus_entries": 4, "read_units": 0.5}
    assert meter.take() == {}


@pytest.mark.usefixtures("metered")
def test_what_dynamodb_says_that_a_call_consumed_is_counted() -> None:
    meter.note_capacity("write_units", {"ConsumedCapacity": {"CapacityUnits": 2.0}})
    meter.note_capacity("write_units", {"ConsumedCapacity": [{"CapacityUnits": 4.0}, {"CapacityUnits": 2.0}]})
    meter.note_capacity("write_units", {})
    assert meter.take() == {"write_units": 8.0}


CALLS: list[tuple[str, Callable[[DynamoEventStore, DynamoViews], object]]] = [
    ("read_units", lambda store, views: list(store.backwards("Jar#jar-1", page=1))),
    ("read_units", lambda store, views: store.read("Jar#jar-1", 1)),
    ("read_units", lambda store, views: views.get("here", "a")),
    ("read_units", lambda store, views: views.query("here")),
    ("write_units", lambda store, views: store.commit(a_commit("Jar#jar-2"))),
    ("write_units", lambda store, views: views.put(Row("here", "b", {}), 1)),
]


@pytest.mark.usefixtures("metered")
@pytest.mark.parametrize(("what", "work"), CALLS)
def test_what_every_call_of_a_table_costs_is_counted(
    dynamodb: Any, what: str, work: Callable[[DynamoEventStore, DynamoViews], object]
) -> None:
    store = DynamoEventStore(dynamodb, aws.event_table(dynamodb))
    views = DynamoViews(dynamodb, aws.view_table(dynamodb, []))
    store.commit(a_commit("Jar#jar-1"))
    views.put(Row("here", "a", {}), 1)
    meter.take()
    work(store, views)
    assert set(meter.take()) == {what}


TRANSACTIONS: list[Callable[[DynamoEventStore, DynamoViews], object]] = [
    lambda store, views: store.commit(a_commit("Jar#jar-2"), a_commit("Jar#jar-3")),
    lambda store, views: views.put(Row("here", "b", {}, counts={("here", "c"): {"n": 1}}), 1),
]


@pytest.mark.usefixtures("metered")
@pytest.mark.parametrize("work", TRANSACTIONS)
def test_what_a_transaction_costs_is_counted(
    dynamodb: Any, work: Callable[[DynamoEventStore, DynamoViews], object]
) -> None:
    store = DynamoEventStore(dynamodb, aws.event_table(dynamodb))
    views = DynamoViews(dynamodb, aws.view_table(dynamodb, []))
    # The fake in this process does not say what a transaction consumes.
    consumed = 200, {"ConsumedCapacity": [{"TableName": "table", "CapacityUnits": 8.0}]}
    with aws.answering(dynamodb, "TransactWriteItems", consumed), aws.calls(dynamodb) as made:
        work(store, views)
    assert [parameters["ReturnConsumedCapacity"] for _, parameters in made] == ["TOTAL"]
    assert meter.take() == {"write_units": 8.0}
