"""The copy of customers that services keep: who there is, and nothing personal."""

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from events.customers import (
    CustomerDisabled,
    CustomerErased,
    CustomerLanguageChanged,
    CustomerRegistered,
)
from events.queries import CustomerStatusFound
from events.registry import Message
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging import known_customers
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.projection import read
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from language.generate import ROOT
from tests.support.delivery import attributes, body_of, delivered
from tests.support.rows import stored_text
from tests.support.runtime import memory_runtime

REGISTERED = CustomerRegistered(customer_id="ada", enabled=True)
SPANISH = CustomerLanguageChanged(customer_id="ada", enabled=True, language="es")
DISABLED = CustomerDisabled(customer_id="ada", enabled=False, language="es")
ERASED = CustomerErased(customer_id="ada")
HISTORY: list[Message] = [REGISTERED, SPANISH, DISABLED, ERASED]
BEFORE = ["CustomerRegistered", "CustomerSmsChanged", "CustomerLanguageChanged", "CustomerEnabled", "CustomerDisabled"]

inbox = Inbox("baskets")
inbox.include(known_customers.projection)


class Owner:
    """The customers service. asked: how often. While it is `down` it does not answer."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.down = False
        self.asked = 0

    def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        assert (owner, request["query"]) == ("customers", "FindCustomerStatus")
        found = self.answers.get(request["data"]["customer_id"])
        return {"answer": found} if found else {"not_found": "there is no such customer"}


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture(autouse=True)
def service(owner: Owner) -> Iterator[Runtime]:
    with active(memory_runtime("baskets", invoke=owner)) as running:
        yield running


def found(**fields: Any) -> dict[str, Any]:
    """What the owner answers about Ada."""
    return CustomerStatusFound(customer_id="ada", enabled=True, **fields).model_dump(mode="json")


def consume(*history: Message) -> None:
    """Deliver events of a customer under their versions, each twice."""
    for message in history * 2:
        event = delivered(message, id=type(message).about.name, stream_version=HISTORY.index(message) + 1)
        assert inbox.handle(event) == {"batchItemFailures": []}


def test_the_copy_says_whether_a_customer_is_enabled_and_the_language(owner: Owner) -> None:
    consume(REGISTERED)
    assert read("customers", "ada") == {"enabled": True, "language": "en", "erased": False}
    consume(SPANISH, DISABLED)
    assert read("customers", "ada") == {"enabled": False, "language": "es", "erased": False}
    assert (known_customers.knows("ada"), owner.asked) == (True, 0)


@pytest.mark.parametrize("order", list(permutations(HISTORY)), ids=lambda order: order[0].about.name)
def test_in_whatever_order_events_come_an_erased_customer_is_not_known_and_nobody_is_asked(
    order: tuple[Message, ...], owner: Owner
) -> None:
    consume(*order)
    assert (known_customers.knows("ada"), owner.asked) == (False, 0)
    assert read("customers", "ada") == {"erased": True}


def test_a_customer_without_a_copy_is_asked_for_once_and_the_answer_is_kept(owner: Owner) -> None:
    owner.answers["ada"] = found(language="es", version=2)
    assert known_customers.knows("ada")
    assert read("customers", "ada") == {"enabled": True, "language": "es", "erased": False}
    owner.down = True
    assert (known_customers.knows("ada"), owner.asked) == (True, 1)


def test_an_answer_is_replaced_by_newer_events_alone(owner: Owner) -> None:
    owner.answers["ada"] = found(language="es", version=2)
    known_customers.knows("ada")
    consume(REGISTERED)
    assert read("customers", "ada") == {"enabled": True, "language": "es", "erased": False}
    consume(DISABLED)
    assert read("customers", "ada") == {"enabled": False, "language": "es", "erased": False}
    consume(ERASED)
    assert not known_customers.knows("ada")


def test_a_late_answer_does_not_bring_an_erased_customer_back(owner: Owner, service: Runtime) -> None:
    class Overtaken(Owner):
        """The customer is erased, and that is consumed, while the answer is on its way."""

        def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
            consume(ERASED)
            return {"answer": found(version=3)}

    service.invoke = Overtaken()
    assert known_customers.knows("ada")
    assert not known_customers.knows("ada")


def test_an_unknown_customer_is_asked_for_each_time_and_leaves_no_row(owner: Owner, service: Runtime) -> None:
    assert (known_customers.knows("ada"), known_customers.knows("ada"), owner.asked) == (False, False, 2)
    assert stored_text(service.views) == "[]"


def test_while_the_owner_does_not_answer_nothing_is_assumed(owner: Owner) -> None:
    owner.down = True
    with pytest.raises(UnavailableError):
        known_customers.knows("ada")


def test_an_owner_deployed_before_is_believed_but_not_kept_since_it_does_not_say_as_of_which_version(
    owner: Owner, service: Runtime
) -> None:
    owner.answers["ada"] = {"customer_id": "ada", "enabled": True}
    assert known_customers.knows("ada")
    assert stored_text(service.views) == "[]"


@pytest.mark.parametrize("erased", [False, True])
def test_a_row_of_before_is_read_and_replaced_by_newer_events(erased: bool, owner: Owner) -> None:
    owner.down = True
    runtime.current().views.put(Row("customers", "ada", {"erased": erased}), 1)
    assert known_customers.knows("ada") is not erased
    consume(DISABLED)
    assert read("customers", "ada") == {"enabled": False, "language": "es", "erased": False}


@pytest.mark.parametrize("name", BEFORE)
def test_of_a_message_of_before_nothing_personal_is_kept(name: str, service: Runtime) -> None:
    detail = json.loads((ROOT / "events" / "samples" / f"{name}.v1.json").read_text())
    record = {"messageId": "1", "receiptHandle": "1", "body": body_of(detail), "attributes": attributes()}
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    row = read("customers", detail["data"]["customer_id"])
    assert row is not None
    assert row.keys() == {"enabled", "language", "erased"}
    for secret in (detail["data"]["name"], detail["data"]["sms_number"]):
        assert secret not in stored_text(service.views)
