"""Customers' keys and the digests of their numbers: rows of the vault that are true of the streams, whatever races."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from functions.customers import codes, keys, service, sessions
from functions.customers.api import api
from functions.customers.domain import Customer
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.callers import A_KIOSK, CLERK
from tests.support.contention import ContendedStore, conflict
from tests.support.gateway import Response, request
from tests.support.runtime import memory_runtime
from tests.unit.customers.kiosk import NUMBER, Watch, request_code, sign_in

ADA = {"name": "Ada Reyes", "smsNumber": NUMBER}


@pytest.fixture(autouse=True)
def runtime(store: ContendedStore) -> Iterator[Runtime]:
    with active(memory_runtime("customers", store=store)) as running:
        yield running


@pytest.fixture
def store() -> ContendedStore:
    return ContendedStore()


def ask(method: str, path: str = "", body: Any = None, key: str = "") -> Response:
    headers = {"Idempotency-Key": key} if key else {}
    return request(api, method, f"/api/customers{path}", body, headers, A_KIOSK if method == "POST" else CLERK)


def register(number: str = NUMBER, name: str = "Ada Reyes", key: str = "") -> str:
    answer = ask("POST", body={"name": name, "smsNumber": number}, key=key)
    assert answer.status == 200, answer
    customer_id: str = answer.body["id"]
    return customer_id


def change(customer_id: str, number: str) -> Response:
    return ask("PUT", f"/{customer_id}/change-sms", {"smsNumber": number})


def rows(store: ContendedStore) -> set[tuple[str, str]]:
    """The keys of the vault's rows, but for those of wrapping keys."""
    return {key for key in store.vault.rows if key[0] != "wrapping"}


def key_of(customer_id: str) -> tuple[str, str]:
    return f"customer {customer_id}", "key"


def found_by(number: str) -> list[str]:
    return list(keys.customers_with(codes.phone_id(number)))


def signed_in(number: str) -> str | None:
    """Who gets a session by a code that was requested for a number."""
    customer_id: str | None = sign_in(request_code(number), number).body.get("customerId")
    return customer_id


# Registering


def test_registering_leaves_a_key_and_a_digest_that_has_no_number(store: ContendedStore) -> None:
    ada = register()
    place = (f"phone {codes.phone_id(NUMBER)}", f"2026-03-14T09:00:00.000000Z {ada}")
    assert rows(store) == {key_of(ada), place}
    assert store.vault.rows[place] == {}
    assert not any(number in str(store.vault.rows) for number in (NUMBER, "15550100"))


def test_two_registrations_under_one_idempotency_key_at_once_make_one_customer_one_key_and_one_digest(
    store: ContendedStore,
) -> None:
    others: list[str] = []
    store.before.append(lambda: others.append(register(key="again")))
    mine = register(key="again")
    assert others == [mine]
    assert list(store.history(Customer.stream(mine))) == [(1, ["Registered"])]
    assert {key_of(mine)} | {row for row in rows(store) if row[0].startswith("phone")} == rows(store)
    assert found_by(NUMBER) == [mine]
    assert service.personal(service.customer(mine)).name == "Ada Reyes"


def test_of_two_different_registrations_under_one_idempotency_key_at_once_the_second_is_refused(
    store: ContendedStore,
) -> None:
    store.before.append(lambda: register(key="again"))
    refused = ask("POST", body={"name": "Eve Moss", "smsNumber": "+1 555 0199"}, key="again")
    assert refused.status == 422
    assert found_by("+1 555 0199") == []
    [ada] = found_by(NUMBER)
    assert service.personal(service.customer(ada)).name == "Ada Reyes"


def test_a_registration_that_is_not_committed_leaves_a_key_that_leads_to_nothing(store: ContendedStore) -> None:
    store.before.extend([conflict] * 6)
    with pytest.raises(ConcurrencyError):
        service.register("Ada Reyes", NUMBER)
    assert found_by(NUMBER) == []
    assert [place[1] for place in rows(store)] == ["key"]


def test_a_registration_whose_first_attempt_failed_is_repeated_under_its_key(store: ContendedStore) -> None:
    store.before.extend([conflict] * 6)
    assert ask("POST", body=ADA, key="again").status == 409
    ada = register(key="again")
    assert service.personal(service.customer(ada)).name == "Ada Reyes"
    assert rows(store) == {key_of(ada), *(row for row in rows(store) if row[1].endswith(f" {ada}"))}


def test_the_same_registration_again_gets_its_first_answer_also_after_a_change_and_another_one_is_refused() -> None:
    ada = register(key="again")
    change(ada, "+1 555 0101")
    assert register(key="again") == ada
    assert ask("POST", body={**ADA, "name": "Ada"}, key="again").status == 422


# Changing the number


def test_a_change_moves_the_digest(store: ContendedStore) -> None:
    ada = register()
    assert change(ada, "+1 555 0101").status == 200
    assert (found_by(NUMBER), found_by("+1 555 0101")) == ([], [ada])
    assert len(rows(store)) == 2


@pytest.mark.parametrize("spelling", ["+44 (0)20 7946 0000", "0044-20-7946-0000", "+442079460000"])
def test_another_spelling_of_the_number_is_stored_and_the_customer_found_as_before(
    store: ContendedStore, spelling: str
) -> None:
    ada = register("+44 20 7946 0000")
    before = rows(store)
    assert change(ada, spelling).status == 200
    assert service.personal(service.customer(ada)).sms_number == spelling
    assert rows(store) == before
    assert found_by("+44 20 7946 0000") == found_by(spelling) == [ada]


def test_a_change_that_meets_another_leaves_the_digest_of_the_last_alone(store: ContendedStore) -> None:
    ada = register()
    store.before.append(lambda: change(ada, "+1 555 0102"))
    assert change(ada, "+1 555 0101").status == 200
    assert [found_by(number) for number in (NUMBER, "+1 555 0102", "+1 555 0101")] == [[], [], [ada]]
    assert service.personal(service.customer(ada)).sms_number == "+1 555 0101"


def test_a_change_that_is_not_committed_moves_nothing(store: ContendedStore) -> None:
    ada = register()
    before = rows(store)
    store.before.extend([conflict] * 6)
    assert change(ada, "+1 555 0101").status == 409
    assert rows(store) == before


# Who has a number


def test_of_several_with_one_number_the_enabled_one_who_registered_last_is_texted(watch: Watch) -> None:
    customers = []
    for name in ("Ada", "Eve", "Zoë"):
        customers.append(register(name=name))
        watch.move(seconds=1)
    ada, eve, zoe = customers
    assert found_by(NUMBER) == [zoe, eve, ada]
    assert signed_in(NUMBER) == zoe
    service.disable(zoe)
    watch.move(hours=25)
    assert signed_in(NUMBER) == eve
    service.erase(eve)
    assert signed_in(NUMBER) == ada
    service.enable(zoe)
    assert signed_in(NUMBER) == zoe


def test_no_code_for_a_number_is_sent_to_the_one_that_its_customer_has_just_changed_to() -> None:
    ada, of_number = register(), codes.phone_id(NUMBER)
    request_code(NUMBER)
    found = list(keys.customers_with(of_number))
    change(ada, "+1 555 0101")
    with patch.object(keys, "customers_with", lambda phone_id: iter(found)), pytest.raises(NotFoundError):
        sessions.code_to_send(of_number, 1)


@pytest.mark.parametrize("count", [10, 11, 25])
def test_more_than_a_page_of_customers_may_have_one_number(watch: Watch, count: int) -> None:
    customers = []
    for n in range(count):
        customers.append(register(name=f"Ada {n}"))
        watch.move(seconds=1)
    assert found_by(NUMBER) == customers[::-1]
    for customer in customers[1:]:
        service.disable(customer)
    assert signed_in(NUMBER) == customers[0]


def test_who_took_over_a_number_counts_from_when_she_registered_not_from_the_change(watch: Watch) -> None:
    first = register("+1 555 0199")
    watch.move(seconds=1)
    second = register()
    change(first, NUMBER)
    assert found_by(NUMBER) == [second, first]


def test_customers_of_one_moment_are_found_each() -> None:
    assert {register(), register(name="Eve")} == set(found_by(NUMBER))


# Erasing


def test_an_erasure_leaves_a_tombstone_and_an_entry_in_the_ledger_and_nothing_else(store: ContendedStore) -> None:
    ada = register()
    assert ask("DELETE", f"/{ada}").status == 200
    at = {"erased": "2026-03-14T09:00:00.000000Z"}
    assert rows(store) == {key_of(ada)}
    assert store.vault.rows[key_of(ada)] == at
    assert store.vault.tables["erasures"] == {(ada, "erased"): {**at, "version": 2}}


def test_an_erasure_that_is_not_committed_leaves_everything(store: ContendedStore) -> None:
    ada = register()
    before = dict(store.vault.rows)
    store.before.extend([conflict] * 6)
    assert ask("DELETE", f"/{ada}").status == 409
    assert store.vault.rows == before
    assert store.vault.tables["erasures"] == {}
    assert service.personal(service.customer(ada)).name == "Ada Reyes"


def test_a_second_erasure_changes_neither_tombstone_nor_ledger(store: ContendedStore, watch: Watch) -> None:
    ada = register()
    ask("DELETE", f"/{ada}")
    tables = json.dumps([sorted(map(str, table.items())) for table in store.vault.tables.values()])
    watch.move(hours=1)
    assert ask("DELETE", f"/{ada}", key="again").status == 200
    assert json.dumps([sorted(map(str, table.items())) for table in store.vault.tables.values()]) == tables


@pytest.mark.parametrize("number", [NUMBER, "+1 555 0101"])
def test_whoever_was_erased_is_not_registered_again_under_the_same_idempotency_key(
    store: ContendedStore, number: str
) -> None:
    """Whether it is the same request cannot be told any more: what it was told by is forgotten with the key."""
    ada = register(key="again")
    ask("DELETE", f"/{ada}")
    again = ask("POST", body={**ADA, "smsNumber": number}, key="again")
    assert (again.status, again.body["detail"]) == (404, f"there is no customer {ada}")
    assert rows(store) == {key_of(ada)}
    assert list(store.history(Customer.stream(ada))) == [(1, ["Registered"]), (2, ["Erased"])]


@pytest.mark.parametrize("late", [lambda ada: change(ada, "+1 555 0101"), lambda ada: ask("PUT", f"/{ada}/enable", {})])
def test_what_comes_after_an_erasure_brings_no_row_back(store: ContendedStore, late: Callable[[str], Response]) -> None:
    ada = register()
    service.disable(ada)
    answers: list[Response] = []
    store.before.append(lambda: service.erase(ada))
    answers.append(late(ada))  # begun before, and committed after
    answers.append(late(ada))
    assert [answer.status for answer in answers] == [404, 404]
    assert rows(store) == {key_of(ada)}
    assert keys.find(ada) is None


def of_before(customer_id: str, store: ContendedStore) -> str:
    """A customer from before there were keys."""
    registered = StoredEvent.of("Registered", 1, {"name": "Ada Reyes", "sms_number": NUMBER})
    time = "2026-03-14T08:59:00.000000Z"
    commit = Commit(stream=Customer.stream(customer_id), version=1, id="commit-1", events=(registered,), time=time)
    store.commit(commit)
    return customer_id


def test_a_number_that_is_changed_while_a_customer_of_before_is_erased_leaves_no_digest(store: ContendedStore) -> None:
    """The erasure began when there was no key yet."""
    ada = of_before("ada", store)
    store.before.append(lambda: change(ada, "+1 555 0101"))
    service.erase(ada)
    assert list(store.history(Customer.stream(ada))) == [(1, ["Registered"]), (2, ["SmsChanged"]), (3, ["Erased"])]
    assert rows(store) == {key_of(ada)}
