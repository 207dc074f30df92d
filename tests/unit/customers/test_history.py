"""Customers as they were stored and published before they had a language."""

import json

import pytest

from events.customers import CustomerState
from events.queries import CustomerFound
from events.registry import decode
from functions.customers import service
from functions.customers.service import Personal
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from language.generate import ROOT

REGISTERED = StoredEvent.of("Registered", 1, {"name": "Ada Reyes", "sms_number": "+1 555 0100"})
SNAPSHOT = Snapshot.of(1, {"status": "enabled", "name": "Ada Reyes", "sms_number": "+1 555 0100"}, {})
STORED_BEFORE = ["CustomerRegistered", "CustomerSmsChanged", "CustomerEnabled", "CustomerDisabled"]


def stored(version: int, event: StoredEvent, snapshot: Snapshot | None) -> None:
    """A commit about Ada as another version of the code wrote it."""
    runtime.current().store.commit(
        Commit(
            stream="Customer#ada",
            version=version,
            id=f"commit-{version}",
            events=(event,),
            time="2026-03-14T09:26:53.589793Z",
            snapshot=snapshot,
        )
    )


@pytest.mark.parametrize("snapshot", [SNAPSHOT, None], ids=["with its snapshot", "without"])
def test_a_customer_who_registered_before_there_were_languages_has_the_default(snapshot: Snapshot | None) -> None:
    stored(1, REGISTERED, snapshot)
    ada = service.customer("ada")
    assert service.personal(ada) == Personal("Ada Reyes", "+1 555 0100")
    assert (ada.enabled, ada.language) == (True, "en")
    service.change_language("ada", "es")
    assert service.customer("ada").language == "es"


def test_a_language_survives_a_snapshot_by_code_without_languages() -> None:
    stored(1, REGISTERED, SNAPSHOT)
    service.change_language("ada", "es")
    stored(3, StoredEvent.of("Disabled", 1, {}), Snapshot.of(1, {**SNAPSHOT.state, "status": "disabled"}, {}))
    ada = service.customer("ada")
    assert (ada.language, ada.enabled) == ("es", False)


@pytest.mark.parametrize("name", STORED_BEFORE)
def test_a_message_from_before_there_were_languages_can_still_be_read(name: str) -> None:
    sample = json.loads((ROOT / "events" / "samples" / f"{name}.v1.json").read_text())
    assert "language" not in sample["data"]
    event = decode(name, 1, sample["data"])
    assert isinstance(event, CustomerState)
    assert event.language == "en"


def test_an_answer_of_an_owner_without_languages_can_still_be_read() -> None:
    answer = {"customer_id": "ada", "name": "Ada Reyes", "sms_number": "+1 555 0100", "enabled": True}
    assert CustomerFound.model_validate(answer | {"version": 1}).language == "en"
