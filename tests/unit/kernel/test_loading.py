"""Loading aggregates: one suite on both event stores, and what a load costs on DynamoDB."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, UnknownEventError, applies, upcasts
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.eventstore.repository import Repository
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.runtime import ids, runtime
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import EventStore
from tests.support import aws
from tests.support.jars import Chest, Filled, Jar, jars
from tests.support.loading_suite import LoadingSuite
from tests.support.runtime import memory_runtime
from tests.support.store_suite import noise


class TestOnMemory(LoadingSuite):
    @pytest.fixture
    def store(self) -> EventStore:
        return MemoryEventStore()


class TestOnDynamo(LoadingSuite):
    @pytest.fixture
    def store(self, dynamodb: Any) -> EventStore:
        return DynamoEventStore(dynamodb, aws.event_table(dynamodb))


@contextmanager
def on_dynamo(dynamodb: Any, write: Callable[[], object]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Write in memory, which is quick, and bring it all into a table; gives the calls made within the block.

    Its container knows the epochs of the table, which it reads once in five minutes.
    """
    memory, dynamo = MemoryEventStore(), DynamoEventStore(dynamodb, aws.event_table(dynamodb))
    with runtime.active(memory_runtime("jars", store=memory)):
        write()
    for item in memory.log:
        dynamo.commit(from_item(item))
    dynamo.epochs()
    with runtime.active(memory_runtime("jars", store=dynamo)), aws.calls(dynamodb) as made:
        yield made


def test_a_command_on_a_stream_of_5000_events_costs_one_query_of_at_most_four_items_and_one_put(dynamodb: Any) -> None:
    def write() -> None:
        for _ in range(100):
            jars.create("long", lambda jar: jar.fill_each(*[1] * 50))

    with on_dynamo(dynamodb, write) as made:
        jar = jars.change("long", lambda jar: jar.fill(1))
    assert (jar.version, jar.coins) == (5001, 5001)
    assert [operation for operation, _ in made] == ["Query", "PutItem"]
    query = made[0][1]
    assert (query["Limit"], query["ConsistentRead"], query["ScanIndexForward"]) == (4, True, False)


def test_a_load_finds_a_snapshot_in_one_query_whatever_it_takes(dynamodb: Any) -> None:
    def write() -> None:
        for n in range(11):
            jars.create("long", lambda jar, n=n: jar.fill(1, noise(900, n)))  # type: ignore[misc]

    with on_dynamo(dynamodb, write) as made:
        for coins in range(11, 16):
            assert jars.change("long", lambda jar, n=coins: jar.fill(1, noise(900, n))).coins == coins + 1  # type: ignore[misc]
    assert [operation for operation, _ in made] == ["Query", "PutItem"] * 5


def test_a_load_follows_the_pages_of_a_stream_whose_commits_are_large(dynamodb: Any) -> None:
    def write() -> None:
        for n in range(11):
            jars.create("large", lambda jar, n=n: jar.fill(1, noise(300_000, n)))  # type: ignore[misc]

    with on_dynamo(dynamodb, write) as made:
        assert jars.get("large").coins == 11
    assert [operation for operation, _ in made] == ["Query"] * 3
    assert [bool(query.get("ExclusiveStartKey")) for _, query in made] == [False, True, True]


@dataclass(frozen=True)
class Weighed(DomainEvent):
    version: ClassVar[int] = 3
    grams: int
    scale: str


@upcasts(Weighed, from_version=1)
def _kilograms_to_grams(data: dict[str, Any]) -> dict[str, Any]:
    return {"grams": data["kilograms"] * 1000}


@upcasts(Weighed, from_version=2)
def _name_the_scale(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "scale": "the old one"}


@dataclass(frozen=True)
class Packed(DomainEvent):
    version: ClassVar[int] = 2
    boxes: int


@dataclass
class Parcel(Aggregate):
    grams: int = 0
    scales: tuple[str, ...] = ()

    @applies(Weighed)
    def _weighed(self, event: Weighed) -> None:
        self.grams, self.scales = event.grams, (*self.scales, event.scale)

    @applies(Packed)
    def _packed(self, event: Packed) -> None: ...


parcels = Repository(Parcel, Publisher("jars"))


def stored_parcel(*events: StoredEvent) -> None:
    stream = Parcel.stream("parcel")
    time = "2026-03-01T10:00:00.000000Z"
    runtime.current().store.commit(Commit(stream=stream, version=1, id=ids.new(), events=events, time=time))


@pytest.fixture
def memory() -> Iterator[None]:
    with runtime.active(memory_runtime("jars")):
        yield


@pytest.mark.usefixtures("memory")
def test_events_of_every_version_are_read_in_their_newest_shape() -> None:
    stored_parcel(
        StoredEvent.of("Weighed", 1, {"kilograms": 2}),
        StoredEvent.of("Weighed", 2, {"grams": 2500}),
        StoredEvent.of("Weighed", 3, {"grams": 2600, "scale": "new", "unknown": "and ignored"}),
    )
    assert (parcels.get("parcel").grams, parcels.get("parcel").scales) == (2600, ("the old one", "the old one", "new"))


@pytest.mark.usefixtures("memory")
def test_a_new_event_is_stored_under_the_newest_version_of_its_shape() -> None:
    parcels.create("parcel", lambda parcel: parcel.record(Weighed(1, "new")))
    [commit] = parcels.history("parcel")
    assert commit.events == (StoredEvent.of("Weighed", 3, {"grams": 1, "scale": "new"}),)


@pytest.mark.usefixtures("memory")
def test_an_old_event_that_nobody_upcasts_stops_its_stream_with_a_clear_error() -> None:
    stored_parcel(StoredEvent.of("Packed", 1, {}))
    with pytest.raises(UnknownEventError, match="Packed has no upcaster from version 1"):
        parcels.get("parcel")


@pytest.mark.usefixtures("memory")
def test_an_event_that_lacks_a_field_stops_its_stream_with_a_clear_error() -> None:
    stored_parcel(StoredEvent.of("Weighed", 3, {"grams": 1}))
    with pytest.raises(UnreadableError, match="stored data is not a Weighed"):
        parcels.get("parcel")


@pytest.mark.filterwarnings("ignore")
def test_what_could_not_be_read_again_is_not_stored_at_all() -> None:
    heavy: Any = "heavy"
    with runtime.active(memory_runtime("jars")) as running:
        with pytest.raises(TypeError, match="Weighed cannot be stored"):
            parcels.create("parcel", lambda parcel: parcel.record(Weighed(heavy, "new")))
        assert list(running.store.forwards(Parcel.stream("parcel"))) == []


@pytest.mark.parametrize("thing", [Filled(1, "note"), Jar("id", 3, 7, ("a", "b"), "sealed"), Chest("id", 1)])
def test_events_and_states_come_back_from_their_stored_form(thing: Filled | Jar) -> None:
    assert codec.from_text(type(thing), codec.to_text(thing)) == thing
