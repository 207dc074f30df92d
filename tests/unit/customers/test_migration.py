"""What was stored before customers had keys: it reads and changes as before, and is sealed in its place."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from events.customers import CustomerRegistered, PersonalDataToSeal
from functions.customers import codes, keys, migration, service, sessions
from functions.customers.domain import Customer
from functions.customers.inbox import inbox
from functions.customers.service import Personal
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore import loading
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.delivery import delivered
from tests.support.gateway import request
from tests.support.runtime import RecordingBus, memory_runtime
from tests.unit.customers.before_keys import (
    ADA,
    BOB,
    EVE,
    HAVE_PERSONAL_DATA,
    PERSONAL,
    SAMPLE,
    all_text,
    commits_in_plain,
    digests,
    repeat,
    seal_all,
    store,
    streams,
)

ADAS, BOBS = Personal("Ada Reyes", "+1 555 0101"), Personal("Bob Okafor", "+1 555 0300")
ADAS_PHONE = "+1 555 0101"


@pytest.fixture(autouse=True)
def runtime_of_before(bus: RecordingBus) -> Iterator[Runtime]:
    with active(memory_runtime("customers", store=store(), bus=bus)) as running:
        yield running


def personal(customer_id: str) -> Personal:
    return service.personal(service.customer(customer_id))


def customers_with(number: str) -> list[str]:
    return list(keys.customers_with(codes.phone_id(number)))


def erasures() -> dict[tuple[str, str], dict[str, Any]]:
    held = runtime.current().store
    assert isinstance(held, MemoryEventStore)
    return held.vault.tables["erasures"]


# Until it is sealed


def test_the_sample_holds_names_numbers_and_digests_that_can_be_tried_out() -> None:
    assert all(text in all_text() for text in PERSONAL)
    assert all(digest in all_text() for one, digest in zip(HAVE_PERSONAL_DATA, digests(), strict=True) if one["key"])
    assert commits_in_plain() == 14


def test_a_customer_of_before_is_read_as_before() -> None:
    assert (personal(ADA), personal(BOB)) == (ADAS, BOBS)
    with pytest.raises(NotFoundError):
        service.customer(EVE)


def test_a_customer_of_before_changes_as_before_and_no_new_commit_holds_what_is_personal() -> None:
    held = runtime.current().store
    assert isinstance(held, MemoryEventStore)
    before = len(held.log)
    service.disable(ADA)
    service.change_language(ADA, "en")
    service.change_sms_number(ADA, "+1 555 0109")
    service.enable(ADA)
    service.erase(BOB)
    assert personal(ADA) == Personal("Ada Reyes", "+1 555 0109")
    assert customers_with("+1 555 0109") == [ADA]
    assert not any(migration.may_be_in_plain(commit) for commit in _commits(held)[before:])


def test_no_snapshot_of_a_customer_of_before_is_made_beside_a_commit() -> None:
    assert not loading.renew(Customer, ADA, runtime.current().store)


def _commits(held: MemoryEventStore) -> list[Commit]:
    read = [held.read(item["stream"]["S"], int(item["version"]["N"])) for item in held.log]
    return [commit for commit in read if commit]


@pytest.mark.parametrize("sealed", [False, True], ids=["before it is sealed", "once it is sealed"])
def test_a_repeated_request_of_before_is_recognised(sealed: bool) -> None:
    if sealed:
        seal_all()
    before = all_text()
    for asked in SAMPLE["requests"]:
        about_eve = asked["path"].startswith(f"/{EVE}") or asked["body"].get("name") == "Eve Molina"
        if asked["key"] and not about_eve and asked["path"] != "/sessions":
            answer = repeat(asked)
            assert (answer.status, answer.body) == (200, asked["answer"]), asked
    added = all_text().replace(before, "")
    assert len(_commits(runtime.current().store)) == len(SAMPLE["items"]), added  # type: ignore[arg-type]


@pytest.mark.parametrize("sealed", [False, True], ids=["before it is sealed", "once it is sealed"])
def test_another_request_under_an_idempotency_key_of_before_is_refused(sealed: bool) -> None:
    if sealed:
        seal_all()
    asked = next(asked for asked in SAMPLE["requests"] if asked["key"] == "number")
    assert repeat({**asked, "body": {"smsNumber": "+1 555 0999"}}).status == 422


@pytest.mark.parametrize("key", ["register eve", "eve's same number"])
def test_a_repeated_request_of_a_customer_who_was_erased_before_finds_nobody_once_it_is_sealed(key: str) -> None:
    seal_all()
    assert repeat(next(asked for asked in SAMPLE["requests"] if asked["key"] == key)).status == 404


def test_a_repeated_erasure_of_before_is_accepted() -> None:
    seal_all()
    for key in ("erase eve", "erase eve again"):
        assert repeat(next(asked for asked in SAMPLE["requests"] if asked["key"] == key)).status == 200


# Sealing


def test_nothing_that_is_sealed_holds_a_name_a_number_or_a_digest_that_can_be_tried_out(bus: RecordingBus) -> None:
    seal_all()
    left = all_text()
    assert [text for text in (*PERSONAL, *digests()) if text in left] == []
    assert commits_in_plain() == 0
    assert bus.messages == []


def test_what_is_sealed_is_the_same_customer() -> None:
    held = runtime.current().store
    states = {id: service.customers.load(id).aggregate for id in (ADA, BOB, EVE)}
    kept = {stream: [_lasting(commit) for commit in held.forwards(stream)] for stream in streams()}
    seal_all()
    assert (personal(ADA), personal(BOB)) == (ADAS, BOBS)
    for id, before in states.items():
        after = service.customers.load(id).aggregate
        assert replace(after, name=before.name, sms_number=before.sms_number) == before
    assert {stream: [_lasting(commit) for commit in held.forwards(stream)] for stream in streams()} == kept


def _lasting(commit: Commit) -> tuple[object, ...]:
    """What a commit keeps."""
    ids_of_messages = [(message.id, message.name, message.delay) for message in commit.messages]
    cause = commit.cause and commit.cause.id
    names = [event.name for event in commit.events]
    place = commit.stream, commit.version, commit.id, commit.time, commit.actor
    return place, names, ids_of_messages, cause, commit.correlation_id, commit.causation_id


def test_a_message_in_a_commit_becomes_one_of_version_2_under_its_id() -> None:
    seal_all()
    commits = list(runtime.current().store.forwards(Customer.stream(ADA)))
    published = [message.detail for commit in commits for message in commit.messages]
    assert {(detail["metadata"]["version"], tuple(sorted(detail["data"]))) for detail in published} == {
        (2, ("customer_id", "enabled", "language"))
    }


def test_a_customer_is_found_by_the_number_of_now_once_it_is_sealed() -> None:
    assert customers_with(ADAS_PHONE) == []
    seal_all()
    assert (customers_with(ADAS_PHONE), customers_with("+1 555 0100")) == ([ADA], [])
    assert (customers_with("+1 555 0300"), customers_with("+1 555 0200")) == ([BOB], [])


def test_a_customer_who_was_erased_before_gets_a_tombstone_and_an_entry_in_the_ledger() -> None:
    seal_all()
    [erasure] = [asked for asked in runtime.current().store.forwards(Customer.stream(EVE)) if _erases(asked)]
    assert runtime.current().vault.get(f"customer {EVE}", "key") == {"erased": erasure.time}
    assert erasures() == {(EVE, "erased"): {"erased": erasure.time, "version": erasure.version}}
    assert keys.find(EVE) is None


def _erases(commit: Commit) -> bool:
    return any(event.name == "Erased" for event in commit.events)


@pytest.mark.parametrize("lost", ["phone ", "customer "], ids=["the digest", "the tombstone"])
def test_a_row_that_the_vault_lacks_is_written_again(lost: str) -> None:
    seal_all()
    held = runtime.current().store
    assert isinstance(held, MemoryEventStore)
    rows = dict(held.vault.rows)
    gone = [key for key, row in rows.items() if key[0].startswith(lost) and "key" not in row]
    assert gone
    for key in gone:
        del held.vault.rows[key]
    seal_all()
    assert held.vault.rows == rows
    assert (personal(ADA), personal(BOB)) == (ADAS, BOBS)


def test_sealing_again_writes_nothing() -> None:
    seal_all()
    sealed = all_text()
    seal_all()
    assert all_text() == sealed


def test_a_customer_of_before_opens_a_session_by_a_code_once_it_is_sealed() -> None:
    seal_all()
    assert sessions._customer_with(codes.phone_id(ADAS_PHONE)).id == ADA  # type: ignore[union-attr]


def test_what_the_service_writes_today_needs_no_sealing() -> None:
    new = service.register("Cy Park", "+1 555 0400")
    service.change_sms_number(new, "+1 555 0401")
    asked = {"method": "PUT", "path": f"/{new}/change-sms", "body": {"smsNumber": "+1 555 0401"}, "key": "same"}
    assert repeat({**asked, "role": "staff", "caller": "clerk-1"}).status == 200
    code = {"method": "POST", "path": "/codes", "body": {"smsNumber": "+1 555 0401"}, "key": "a code for Cy"}
    assert repeat({**code, "role": "kiosk", "caller": "kiosk-2"}).status == 200
    held = runtime.current().store
    assert isinstance(held, MemoryEventStore)
    assert not any(migration.may_be_in_plain(commit) for commit in _commits(held)[len(SAMPLE["items"]) :])


@pytest.mark.parametrize(
    "snapshot",
    [
        Snapshot.of(1, {"status": "enabled", "name": "Ada Reyes", "sms_number": "+1 555 0100"}, {}),
        Snapshot.of(4, {"status": "enabled", "name": "plain:Ada Reyes", "sms_number": "sealed:1:x"}, {}),
    ],
    ids=["of the first schema", "of code that kept what is personal in plain"],
)
@pytest.mark.parametrize("renewed", [False, True], ids=["of a commit", "renewed"])
def test_a_snapshot_with_what_is_personal_goes(snapshot: Snapshot, renewed: bool) -> None:
    held = runtime.current().store
    stored = StoredEvent.of("Registered", 1, {"name": "Ada Reyes", "sms_number": "+1 555 0100"})
    commit = Commit("Customer#old", 1, "commit-1", (stored,), "2026-03-14T09:26:53.589793Z")
    held.commit(commit if renewed else replace(commit, snapshot=snapshot))
    if renewed:
        held.renew(commit, snapshot)
    migration.seal("Customer#old")
    [sealed] = held.forwards("Customer#old")
    assert (sealed.snapshot, sealed.renewed) == (None, None)
    assert personal("old") == Personal("Ada Reyes", "+1 555 0100")


def test_the_inbox_seals_the_stream_that_a_timer_names() -> None:
    for stream in streams():
        handled = inbox.handle(delivered(PersonalDataToSeal(stream=stream)))
        assert handled == {"batchItemFailures": []}
    assert commits_in_plain() == 0


def test_the_profile_reads_the_same_over_rest_before_and_after() -> None:
    from functions.customers.api import api

    before = request(api, "GET", f"/api/customers/{ADA}")
    seal_all()
    after = request(api, "GET", f"/api/customers/{ADA}")
    assert (before.status, before.body) == (after.status, after.body)
    assert after.body["customer"]["name"] == "Ada Reyes"


@pytest.mark.parametrize("version", [1, 2])
def test_a_message_that_was_in_the_queue_when_this_code_was_deployed_leaves_it_without_effect(version: int) -> None:
    before = all_text()
    personal_of_then = {"name": "Ada Reyes", "sms_number": "+1 555 0100"} if version == 1 else {}
    event = delivered(CustomerRegistered(customer_id=ADA, enabled=True))
    [arrived] = event["Records"]
    body = json.loads(arrived["body"])
    body["detail"]["metadata"]["version"] = version
    body["detail"]["data"] |= personal_of_then
    assert inbox.handle({"Records": [{**arrived, "body": json.dumps(body)}]}) == {"batchItemFailures": []}
    assert all_text() == before
