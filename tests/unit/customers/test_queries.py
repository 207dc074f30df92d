"""What customers answers to other services: no more than each needs, and of the erased nothing."""

from typing import Any

import pytest
from pydantic import ValidationError

from functions.customers import service
from functions.customers.queries import queries
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit, StoredEvent

NUMBER = "+1 555 0100"


def registered(name: str = "Ada Reyes") -> str:
    """The id of a new customer."""
    return service.register(name, NUMBER)


def registered_before_there_were_keys() -> str:
    """The id of a customer whose name and number are stored as they are."""
    event = StoredEvent.of("Registered", 1, {"name": "Bo Lind", "sms_number": "+1 555 0101"})
    commit = Commit(stream="Customer#bo", version=1, id="commit-1", events=(event,), time="2026-03-14T09:26:53.589793Z")
    runtime.current().store.commit(commit)
    return "bo"


def ask(query: str, **data: Any) -> Any:
    """The answer, or None when there is no such customer."""
    return queries.handle({"query": query, "data": data}).get("answer")


def test_the_status_of_a_customer_is_answered_without_what_is_personal() -> None:
    id = registered()
    assert ask("FindCustomerStatus", customer_id=id) == {
        "customer_id": id,
        "enabled": True,
        "language": "en",
        "version": 1,
    }
    service.change_language(id, "es")
    service.disable(id)
    assert ask("FindCustomerStatus", customer_id=id) == {
        "customer_id": id,
        "enabled": False,
        "language": "es",
        "version": 3,
    }


def test_the_address_of_a_customer_is_the_number_and_the_language_of_now() -> None:
    id = registered()
    assert ask("FindAddress", customer_id=id) == {"sms_number": "+15550100", "language": "en"}
    service.change_sms_number(id, "+44 (0)20 7946 0000")  # dialled as it is written it may be another's
    service.change_language(id, "es")
    service.disable(id)  # who is disabled is texted about the orders of before
    assert ask("FindAddress", customer_id=id) == {"sms_number": "+442079460000", "language": "es"}


def test_names_are_answered_by_id_those_of_the_unknown_and_the_erased_left_out() -> None:
    ada, eve, bo = registered(), registered("Eve Stone"), registered_before_there_were_keys()
    service.erase(eve)
    asked = [ada, eve, "nobody", bo, ada]
    assert ask("FindCustomerNames", customer_ids=asked) == {"names": {ada: "Ada Reyes", bo: "Bo Lind"}}


def test_of_a_page_of_names_those_are_left_out_that_cannot_be_read() -> None:
    """One stream is newer than this code, the key of another is wrapped by one that is missing."""
    ada, eve, bo = registered(), registered("Eve Stone"), registered("Bo Lind")
    newer = (StoredEvent.of("Renamed", 1, {}),)
    runtime.current().store.commit(
        Commit(stream=f"Customer#{eve}", version=2, id="c", events=newer, time="2026-03-14T09:26:53.589793Z")
    )
    vault = runtime.current().vault
    assert isinstance(vault, MemoryVault)
    vault.rows[f"customer {bo}", "key"]["by"] = "2019 lost"
    assert ask("FindCustomerNames", customer_ids=[ada, eve, bo]) == {"names": {ada: "Ada Reyes"}}


def test_the_names_of_more_than_100_customers_are_not_asked_at_once() -> None:
    assert ask("FindCustomerNames", customer_ids=["nobody"] * 100) == {"names": {}}
    with pytest.raises(ValidationError):
        ask("FindCustomerNames", customer_ids=["nobody"] * 101)


@pytest.mark.parametrize("query", ["FindCustomer", "FindCustomerStatus", "FindAddress"])
def test_of_an_unknown_or_erased_customer_nothing_is_answered(query: str) -> None:
    erased = registered()
    service.erase(erased)
    for id in ("nobody", erased):
        assert ask(query, customer_id=id) is None


def test_code_of_the_release_before_still_gets_its_answer() -> None:
    id = registered()
    assert ask("FindCustomer", customer_id=id) == {
        "customer_id": id,
        "name": "Ada Reyes",
        "sms_number": NUMBER,
        "enabled": True,
        "language": "en",
        "version": 1,
    }
