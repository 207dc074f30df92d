"""What people ask for: that it is stored as they said, that it is noted, and that a refusal says what kind it is."""

from typing import Any

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.as_asked import AS_ASKED, SET
from tests.simulation.check.audited import ASKED, AUDIT, NOTED_AGAIN, NOTED_AS
from tests.simulation.check.published_state import PUBLISHED_STATE
from tests.simulation.check.refused_requests import STATUS, USED_BEFORE
from tests.simulation.history_builder import HistoryBuilder

STORE, LOCATION = "Volt & Wire", "Level 1"
PUT_NAME = "PUT", "/api/stores/s/rebrand"


def violated(history: HistoryBuilder, **final: Any) -> set[str]:
    """The invariants of this module that a history violates."""
    found = {one.invariant for one in check(history.entries, history.final | final)}
    return found & {AS_ASKED, SET, NOTED_AGAIN, NOTED_AS, STATUS, USED_BEFORE}


def opened(name: str = STORE) -> HistoryBuilder:
    """A store that staff open under a name, and that is stored under another or this one."""
    history = sample_histories.completed()
    history.request("POST", "/api/stores", key="s", body={"name": STORE, "location": LOCATION})
    history.commit("Store#s", ("Created", {"name": name, "location": LOCATION}))
    history.respond(body={"id": "s"}, version=1)
    return history


@pytest.mark.parametrize(("stored", "invariants"), [(STORE, set()), ("Wire & Volt", {AS_ASKED})])
def test_what_a_request_creates_is_what_it_asked_for(stored: str, invariants: set[str]) -> None:
    assert violated(opened(stored)) == invariants


@pytest.mark.parametrize(
    ("asked", "stored", "invariants"),
    [
        ("Spark", "Spark", set()),
        ("Spark", "Sparks", {SET}),
        ("Spark", None, {SET}),
        (STORE, None, set()),  # it has that name already
    ],
)
def test_an_accepted_change_leaves_the_value_that_it_asked_for(
    asked: str, stored: str | None, invariants: set[str]
) -> None:
    history = opened()
    history.request(*PUT_NAME, key="r", body={"name": asked})
    if stored:
        history.commit("Store#s", ("Rebranded", {"name": stored}))
    else:
        history.commit("Store#s", ("Unchanged", {}))
    history.respond(version=2)
    assert violated(history) == invariants


@pytest.mark.parametrize(("number", "invariants"), [("+2", {SET}), ("+1", set())])
def test_a_number_is_known_by_the_requests_since_it_is_sealed(number: str, invariants: set[str]) -> None:
    history = sample_histories.completed()
    registered = {"name": "sealed", "sms_number": "sealed", "at": history.time()}
    history.request("POST", "/api/customers", key="k", body={"name": "Zoë", "smsNumber": "+1"})
    history.commit("Customer#k", ("Registered", registered))
    history.respond(body={"id": "k"}, version=1)
    history.request("PUT", "/api/customers/k/change-sms", body={"smsNumber": number})
    history.respond(version=1)
    assert violated(history) == invariants


def test_a_refusal_has_the_status_of_its_kind() -> None:
    history = opened()
    history.request("PUT", "/api/stores/s/rebrand", key="s", body={"name": "Spark"})
    history.respond(423, body={"code": "idempotency_key_reused"})
    assert violated(history) == {STATUS}


@pytest.mark.parametrize(("key", "invariants"), [("s", set()), ("of its own", {USED_BEFORE})])
def test_a_key_is_refused_as_used_only_where_it_was(key: str, invariants: set[str]) -> None:
    history = opened()
    history.request("POST", "/api/stores", key=key, body={"name": "Spark", "location": LOCATION})
    history.respond(422, body={"code": "idempotency_key_reused"})
    assert violated(history) == invariants


def noted(outcome: str) -> tuple[str, dict[str, dict[str, str]]]:
    """A row of the audit: that the store was to be opened, or how that was answered."""
    facts = {"id": "1", "actor": "staff:1", "action": "POST /api/stores", "path": "/api/stores", "outcome": outcome}
    return AUDIT, {name: {"S": text} for name, text in (facts | {"correlation_id": "f"}).items()}


@pytest.mark.parametrize(
    ("outcomes", "invariants"),
    [([ASKED, "200"], set()), ([ASKED], {NOTED_AGAIN, NOTED_AS}), ([ASKED, "409"], {NOTED_AS})],
)
def test_what_is_noted_as_asked_is_noted_as_answered(outcomes: list[str], invariants: set[str]) -> None:
    assert violated(opened(), held=[noted(outcome) for outcome in outcomes]) == invariants


def test_an_answer_is_not_noted_where_the_function_was_ended() -> None:
    history = sample_histories.completed()
    history.request("POST", "/api/stores", key="s", body={"name": STORE, "location": LOCATION})
    history.record("ended", container="api", function="some/api", how="killed", failures=[])
    history.record("response", id=history.entries[-3][2]["id"], status=500, body={}, version=None)
    assert violated(history, held=[noted(ASKED)]) == set()


@pytest.mark.parametrize("member", ["order_id", "by_staff"])
def test_a_list_is_published_as_its_orders_and_as_nobodys_of_the_staff(member: str) -> None:
    history = sample_histories.refused()
    item = history.fields("commit", '"Cancelled"', "ShoppingList#o")["item"]
    old, new = {"order_id": ('"order_id": "o"', '"order_id": "p"'), "by_staff": ("false", "true")}[member]
    item["messages"] = {"S": item["messages"]["S"].replace(old, new)}
    assert PUBLISHED_STATE in {one.invariant for one in check(history.entries, history.final)}
