"""`make snapshots`: before code with a raised snapshot schema is deployed, it finds its snapshots made."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from functions.kernel.eventstore import loading
from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.commit import Cause, Commit, StoredEvent
from functions.kernel.runtime.context import Context
from functions.stores import service
from functions.stores.domain import Product
from infra.operate import snapshots
from infra.operate.__main__ import main, parser
from infra.operate.snapshots import aggregates, renew_all
from tests.support import aws
from tests.support.runtime import memory_runtime

CHANGES = 40


class Place:
    """A deployment of the stores service with a table of commits."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb, self._table = dynamodb, table
        self.store = DynamoEventStore(dynamodb, table)

    def client(self, service: str, **config: Any) -> Any:
        return self._dynamodb

    def outputs(self) -> dict[str, Mapping[str, str]]:
        return {"mallbots-prod-stores": {"EventsTable": self._table}}

    def product(self, id: str) -> Product:
        with runtime.active(memory_runtime("stores", store=self.store)):
            return service.products.get(id)


@pytest.fixture
def place() -> Iterator[Place]:
    """A table with a product of many price changes, and one of few."""
    memory = MemoryEventStore()
    with runtime.active(memory_runtime("stores", store=memory)):
        for id, changes in (("long", CHANGES), ("short", 3)):
            for n in range(changes):
                with context.within(Context(cause=Cause(f"{id}-{n}"))):
                    if n == 0:
                        service.products.create(id, lambda product: product.add("store-1", "Lamp", "", "L", 100))
                    else:
                        service.products.change(id, lambda product, n=n: product.increase_price(100 + n))  # type: ignore[misc]
    with aws.local_aws():
        dynamodb = aws.client("dynamodb")
        found = Place(dynamodb, aws.event_table(dynamodb))
        for item in memory.log:
            found.store.commit(from_item(item))
        yield found


def queries(place: Place, id: str) -> int:
    with aws.calls(place.client("dynamodb")) as made:
        assert place.product(id).price == 99 + (CHANGES if id == "long" else 3)
    return len(made)


def test_the_first_load_by_code_with_a_raised_schema_is_one_query(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Product, "snapshot_schema", 2)
    assert queries(place, "long") == 3  # of 4, 16 and 64 items
    assert renew_all(place, "stores", long=20) == 1
    assert queries(place, "long") == 1


def test_code_of_the_schema_before_goes_on_with_its_own_snapshots(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(Product, "snapshot_schema", 2)
        renew_all(place, "stores", long=20)
    assert queries(place, "long") == 1
    with runtime.active(memory_runtime("stores", store=place.store)):
        for price in (1_000, 1_001):
            service.products.change("long", lambda product, price=price: product.increase_price(price))  # type: ignore[misc]
    with monkeypatch.context() as newer, aws.calls(place.client("dynamodb")) as made:
        newer.setattr(Product, "snapshot_schema", 2)
        assert place.product("long").price == 1_001
    assert len(made) == 1


def test_the_commits_themselves_stay_as_they_were(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(place.store.forwards("Product#long"))
    monkeypatch.setattr(Product, "snapshot_schema", 2)
    renew_all(place, "stores", long=20)
    after = list(place.store.forwards("Product#long"))
    assert after == before
    assert [commit.snapshot for commit in after] == [commit.snapshot for commit in before]
    assert [commit.version for commit in after if commit.renewed] == [CHANGES]
    [renewed] = [commit.renewed for commit in after if commit.renewed]
    assert (renewed.schema, renewed.state["price"]) == (2, 99 + CHANGES)


def test_a_renewed_snapshot_knows_the_causes_of_its_stream(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Product, "snapshot_schema", 2)
    renew_all(place, "stores", long=20)
    with runtime.active(memory_runtime("stores", store=place.store)):
        for n in (0, 7, CHANGES - 1):
            with context.within(Context(cause=Cause(f"long-{n}"))) as working:
                service.products.change("long", lambda product: product.increase_price(5_000))
            assert working.recorded
            assert working.recorded.version == n + 1
    assert place.product("long").price == 99 + CHANGES


def test_what_has_usable_snapshots_is_left_alone(place: Place) -> None:
    assert renew_all(place, "stores", long=0) == 0


def test_a_stream_that_the_code_cannot_read_is_reported_and_holds_up_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = Commit("Product#odd", 1, "id", (StoredEvent.of("Gilded", 1, {}),), "2026-03-01T10:00:00.000000Z")
    place.store.commit(unknown)
    monkeypatch.setattr(Product, "snapshot_schema", 2)
    reported: list[str] = []
    assert renew_all(place, "stores", reported.append, long=0) == 1
    assert reported == [
        "Product#odd cannot be read by this code: Product#odd holds Gilded, which this code does not know"
    ]


def test_a_stream_whose_snapshot_would_be_too_large_is_reported_and_left_as_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Product, "snapshot_schema", 2)
    monkeypatch.setattr(loading, "RENEWED_LIMIT", 20)
    reported: list[str] = []
    assert renew_all(place, "stores", reported.append, long=20) == 0
    [line] = reported
    assert re.fullmatch(r"Product#long was left out: its snapshot has \d+ bytes, 20 at most", line)
    assert not any(commit.renewed for commit in place.store.forwards("Product#long"))


def test_a_large_stream_that_needs_no_snapshot_is_not_reported(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "RENEWED_LIMIT", 20)
    reported: list[str] = []
    assert renew_all(place, "stores", reported.append, long=0) == 0
    assert reported == []


@pytest.mark.parametrize(("made", "said"), [(0, "0 snapshots were"), (1, "1 snapshot was"), (2, "2 snapshots were")])
def test_the_command_says_how_many_snapshots_it_made(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made: int, said: str
) -> None:
    monkeypatch.setattr(snapshots, "renew_all", lambda *_arguments: made)
    assert snapshots.run(parser().parse_args(["snapshots", "--service", "stores"]), place) == 0
    assert capsys.readouterr().out == f"{said} made.\n"


def test_the_kinds_of_a_services_streams_are_those_of_its_repositories() -> None:
    assert set(aggregates("payments")) == {"Payment", "Invoice", "Difference", "Reconciliation"}
    assert set(aggregates("depot")) == {"ShoppingList", "Bot"}


def test_the_command_needs_a_service(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["snapshots", "--stage", "prod"])
    assert "--service" in capsys.readouterr().err
