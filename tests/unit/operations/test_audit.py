"""The route of the audit, and what operators ask of operations in it; tests/unit/kernel/test_audit.py has the rest."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.runtime.context import OPERATOR, Caller
from functions.kernel.runtime.runtime import Runtime, active
from functions.operations import rows
from functions.operations.api import api
from functions.operations.letters import OPEN
from tests.support.audited import MemoryAudit
from tests.support.gateway import request
from tests.support.runtime import memory_runtime
from tests.unit.operations.made import made

ADA = Caller(OPERATOR, "ada")
PARK = "PUT /api/operations/letters/{id}/park"


@pytest.fixture
def running() -> Iterator[Runtime]:
    with active(memory_runtime("operations")) as running:
        yield running


def listed(query: str = "") -> list[dict[str, Any]]:
    answer = request(api, "GET", f"/api/operations/audit{query}", caller=ADA)
    assert answer.status == 200, answer
    entries: list[dict[str, Any]] = answer.body["entries"]
    return entries


def park(letter: str, caller: Caller = ADA) -> int:
    headers = {"User-Agent": "mallbots/0.1 (linux)"}
    body = {"reason": "asked the supplier"}
    return request(api, "PUT", f"/api/operations/letters/{letter}/park", body, headers, caller=caller).status


def test_what_an_operator_does_is_noted_before_and_after_with_who_why_and_through_what(running: Runtime) -> None:
    letter = rows.put(made(1, "stores/inbox", order="o").after("stored"))
    assert park(letter.id) == 200
    done, asked = listed()
    assert (asked["outcome"], done["outcome"]) == ("asked", "200")
    assert asked["id"] == done["id"]
    assert asked["time"] <= done["time"]
    for entry in (asked, done):
        assert (entry["actor"], entry["action"], entry["reason"], entry["through"]) == (
            ("operator:ada", PARK, "asked the supplier", "mallbots/0.1")
        )
        assert entry["path"] == f"/api/operations/letters/{letter.id}/park"
        assert entry["service"] == "operations"


def test_what_is_refused_is_noted_too_and_what_one_may_not_ask_for_is_not(running: Runtime) -> None:
    assert park("nothing") == 404
    assert [entry["outcome"] for entry in listed()] == ["404", "asked"]
    assert park("nothing", Caller("staff", "bo")) == 403
    assert len(listed()) == 2


def test_reading_is_not_noted(running: Runtime) -> None:
    assert request(api, "GET", "/api/operations/letters", caller=ADA).status == 200
    assert listed() == []


def test_nothing_is_done_that_cannot_be_noted(running: Runtime) -> None:
    letter = rows.put(made(1, "stores/inbox", order="o").after("stored"))
    running.adapters["audit"] = down = MemoryAudit()
    down.down = True
    assert park(letter.id) == 503
    assert rows.letter(letter.id).state == OPEN


def test_a_day_is_read_page_by_page_the_latest_first(running: Runtime) -> None:
    for number in range(5):
        park(f"letter-{number}")
    found, after = [], ""
    while True:
        page = request(api, "GET", f"/api/operations/audit?limit=3{after}", caller=ADA).body
        found += page["entries"]
        if not page.get("next"):
            break
        after = f"&next={page['next']}"
    assert [entry["time"] for entry in found] == sorted((entry["time"] for entry in found), reverse=True)
    assert len({(entry["id"], entry["outcome"]) for entry in found}) == len(found) == 10
    assert listed("?day=2020-01-01T00:00:00Z") == []


def test_those_of_a_person_and_those_about_a_thing_are_asked_for(running: Runtime) -> None:
    park("letter-1")
    park("letter-2", Caller(OPERATOR, "bo"))
    assert {entry["actor"] for entry in listed()} == {"operator:ada", "operator:bo"}
    assert {entry["path"] for entry in listed("?actor=operator:bo")} == {"/api/operations/letters/letter-2/park"}
    assert {entry["actor"] for entry in listed("?about=letter-1")} == {"operator:ada"}
    assert listed("?actor=operator:bo&about=letter-1") == []


def test_the_next_page_of_a_persons_entries_is_not_one_of_all(running: Runtime) -> None:
    for _ in range(2):
        park("letter-1")
    token = request(api, "GET", "/api/operations/audit?actor=operator:ada&limit=1", caller=ADA).body["next"]
    assert request(api, "GET", f"/api/operations/audit?limit=1&next={token}", caller=ADA).status == 400
