"""`make restore-epoch --in-place` of customers: what was sealed or erased since the moment stays sealed and erased."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.customers import migration, service
from functions.customers.domain import Customer
from functions.kernel.eventstore.item import from_item, to_item
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Cause, Snapshot, StoredEvent
from infra.operate import restore_epoch
from infra.operate.__main__ import parser
from infra.operate.apply_erasures import apply
from tests.infra.restored import listed
from tests.infra.test_operate_erasures import Place
from tests.simulation.check.stored_form import unpacked
from tests.support import aws
from tests.unit.customers.before_keys import ADA, PERSONAL, streams
from tests.unit.customers.before_keys import store as sample_store

OF_ADA = f"Customer#{ADA}"


@pytest.fixture
def place() -> Iterator[Place]:
    """Customers whose commits are of before they had keys."""
    with aws.local_aws():
        made = Place()
        for item in sample_store().log:
            made.dynamodb.put_item(TableName=made.serving.events, Item=item)
        yield made


@pytest.fixture
def restored(place: Place) -> str:
    """As of then; all has been sealed since."""
    copied = place.backup().events
    with runtime.active(place.at_work()):
        for stream in streams():
            migration.seal(stream)
    return copied


def commits(place: Place) -> dict[tuple[str, str], dict[str, Any]]:
    found = place.items(place.serving.events)
    return {(one["stream"]["S"], one["version"]["N"]): one for one in found if "#of-this" not in one["stream"]["S"]}


def put_in_place(place: Place, restored: str) -> None:
    options = parser().parse_args(["restore-epoch", "--service", "customers", "--table", restored, "--in-place"])
    assert restore_epoch.run(options, place) == 0


def test_what_was_sealed_since_stays_so(place: Place, restored: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = commits(place)
    put_in_place(place, restored)
    found, said = listed(capsys)
    assert (found, "sealed since: left so" in said) == ([], True)
    assert commits(place) == before
    assert not [text for text in PERSONAL if text in str([unpacked(item) for item in before.values()])]


def test_a_sealed_commit_that_was_damaged_is_as_restored_until_it_is_sealed_again(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = commits(place)
    other = sealed[OF_ADA, "2"]["body"]
    place.dynamodb.put_item(TableName=place.serving.events, Item=sealed[OF_ADA, "1"] | {"body": other})
    put_in_place(place, restored)
    assert [(one["stream"], one["version"]) for one in listed(capsys)[0]] == [(OF_ADA, 1)]
    [was] = [one for one in place.items(restored) if (one["stream"]["S"], one["version"]["N"]) == (OF_ADA, "1")]
    assert commits(place) == sealed | {(OF_ADA, "1"): was}


@pytest.mark.parametrize(
    "damage",
    [
        {"actor": "operator:ada"},
        {"correlation_id": "another"},
        {"messages": ()},
        {"cause": Cause("another", "sealed")},
        {"events": (StoredEvent.of("Registered", 2, {"name": "", "sms_number": "", "more": 1}),)},
        {"snapshot": Snapshot.of(99, {}, {})},
    ],
    ids=lambda damage: next(iter(damage)),
)
def test_whatever_a_seal_does_not_hide_is_compared(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str], damage: dict[str, Any]
) -> None:
    sealed = commits(place)[OF_ADA, "1"]
    item = to_item(replace(from_item(sealed), **damage))
    assert item != sealed
    place.dynamodb.put_item(TableName=place.serving.events, Item=item)
    put_in_place(place, restored)
    assert [(one["stream"], one["version"]) for one in listed(capsys)[0]] == [(OF_ADA, 1)]


def test_a_snapshot_that_was_put_beside_a_sealed_commit_goes(place: Place, restored: str) -> None:
    sealed = commits(place)
    with runtime.active(place.at_work()):
        there = runtime.current().store
        commit = there.read(OF_ADA, 1)
        assert commit
        there.renew(commit, Snapshot.of(Customer.snapshot_schema, {"name": "damaged"}, {}))
    assert commits(place) != sealed
    put_in_place(place, restored)
    assert commits(place) == sealed


def test_nobody_who_was_erased_since_comes_back_by_a_damaged_commit(place: Place, restored: str) -> None:
    with runtime.active(place.at_work()):
        service.erase(ADA)
    sealed = commits(place)
    for version in ("1", "2"):
        place.dynamodb.put_item(
            TableName=place.serving.events, Item=sealed[OF_ADA, version] | {"body": {"B": b"no commit"}}
        )
    put_in_place(place, restored)
    apply(place, place.serving)
    held = str([unpacked(item) for item in commits(place).values()])
    assert not [text for text in PERSONAL if text in held]
    with runtime.active(place.at_work()):
        assert service.customers.load(ADA).aggregate.status == "erased"
