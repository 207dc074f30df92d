"""What an invocation costs, counted where the stage asks for it."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel import meter, runtime
from functions.kernel.store import DynamoEventStore
from tests.support import aws
from tests.support.jars import jars
from tests.support.runtime import memory_runtime


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


@pytest.mark.usefixtures("metered")
def test_the_store_asks_dynamodb_what_its_calls_consume(dynamodb: Any) -> None:
    store = DynamoEventStore(dynamodb, aws.event_table(dynamodb))
    with runtime.active(memory_runtime("jars", store=store)), aws.calls(dynamodb) as made:
        jars.create("jar-1", lambda jar: jar.fill(1))
    assert [parameters["ReturnConsumedCapacity"] for _, parameters in made] == ["TOTAL", "TOTAL"]
    assert set(meter.take()) == {"read_units", "write_units"}
