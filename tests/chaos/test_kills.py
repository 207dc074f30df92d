"""What a kill took back is told from the engine's files, and from when each request was acknowledged."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from infra.local.engine.patches.autosave import MOMENT
from tests.chaos import saved
from tests.chaos.journal import Asked, Journal
from tests.chaos.kills import cause_of, promised, taken_back
from tests.chaos.saved import FOLDER, simulated_names

MOMENT_SAVED, KILLED = 1_000.0, 1_004.0
OUTPUTS = {
    "mallbots-local-ordering": {
        "EventsTable": "orders-1234",
        "InboxQueue": "http://127.0.0.1:1/000000000000/inbox-1234",
        "InboxDeadLetters": "http://127.0.0.1:1/000000000000/dead-1234",
        "RelayFailures": "http://127.0.0.1:1/000000000000/relay-1234",
    }
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder of a state that was saved at MOMENT_SAVED, without any commit."""
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "outputs.json").write_text(json.dumps(OUTPUTS))
    (tmp_path / FOLDER / MOMENT).write_text(json.dumps({"moment": MOMENT_SAVED, "written": MOMENT_SAVED + 0.1}))
    write(tmp_path, "sqs", {"queues": scoped({OUTPUTS["mallbots-local-ordering"]["InboxQueue"]: {"messages": []}})})
    write(tmp_path, "eventbridge", {"archives": scoped({})})
    store(tmp_path)
    return tmp_path


def write(state: Path, service: str, payload: dict[str, Any]) -> None:
    (state / FOLDER / f"{service}.json").write_text(json.dumps({"__ministack_format__": 1, "payload": payload}))


def scoped(things: dict[str, Any]) -> dict[str, Any]:
    data = {f"000000000000\x00eu-west-1\x00{name!r}": thing for name, thing in things.items()}
    return {"__account_region_scoped__": True, "data": data}


def store(state: Path, *causes: str) -> None:
    """Save the table of orders with a commit for each cause."""
    items = {
        f"Order#{number}": {"1": {"stream": {"S": f"Order#{number}"}, "version": {"N": "1"}, "cause": {"S": cause}}}
        for number, cause in enumerate(causes)
    }
    write(state, "dynamodb", {"tables": scoped({"orders-1234": {"items": items}, "other": {"items": {}}})})


def acknowledged(at: float, **more: Any) -> Asked:
    request: dict[str, Any] = {"method": "POST", "path": "/api/ordering", "key": f"key {at}", **more}
    return Asked(1, "staff:1", body={}, at=at - 0.1, answered_at=at, status=200, **request)


def journal_of(*asked: Asked) -> Journal:
    journal = Journal()
    journal.entries = list(asked)
    return journal


def test_what_was_acknowledged_after_the_saved_moment_and_is_not_there_was_taken_back(state: Path) -> None:
    asked = acknowledged(1_001.0)
    taken = taken_back(journal_of(asked), state, KILLED)
    assert taken.requests == [asked]
    assert asked.taken_back
    assert taken.seconds == pytest.approx(3.0)


def test_what_is_stored_was_not(state: Path) -> None:
    asked = acknowledged(1_001.0)
    store(state, cause_of(asked))
    assert taken_back(journal_of(asked), state, KILLED).requests == []
    assert not asked.taken_back


def test_what_was_acknowledged_before_that_moment_is_never_taken_for_rolled_back(state: Path) -> None:
    asked = acknowledged(999.0)
    assert taken_back(journal_of(asked), state, KILLED).requests == []
    assert not asked.taken_back


def test_what_was_only_read_since_is_not_counted_and_no_longer_holds(state: Path) -> None:
    asked = acknowledged(1_002.0, method="GET", key=None)
    assert taken_back(journal_of(asked), state, KILLED).requests == []
    assert asked.taken_back


def test_requests_are_repeated_in_the_order_of_their_answers(state: Path) -> None:
    first, second = acknowledged(1_001.0), acknowledged(1_002.0)
    assert taken_back(journal_of(second, first), state, KILLED).requests == [first, second]


def test_a_kill_that_takes_back_more_than_the_autosave_promises_is_told(state: Path) -> None:
    asked = acknowledged(1_000.5)
    assert taken_back(journal_of(asked), state, MOMENT_SAVED + promised(state)).kept_its_promise
    assert not taken_back(journal_of(asked), state, MOMENT_SAVED + promised(state) + 1).kept_its_promise


def test_tables_and_queues_have_the_names_of_the_simulation() -> None:
    assert simulated_names(OUTPUTS) == {
        "orders-1234": "ordering/events",
        "inbox-1234": "ordering/inbox",
        "dead-1234": "ordering/inbox/dead-letters",
        "relay-1234": "ordering/relay/failures",
    }


def test_bytes_are_read_as_boto3_gives_them(state: Path) -> None:
    item = {"stream": {"S": "Order#1"}, "version": {"N": "1"}, "body": {"B": b64encode(b"packed").decode()}}
    write(state, "dynamodb", {"tables": scoped({"orders-1234": {"items": {"Order#1": {"1": item}}}})})
    [read] = saved.read(state).tables["ordering/events"]
    assert read["body"] == {"B": b"packed"}
