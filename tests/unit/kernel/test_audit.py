"""The audit of every service: what people ask to be changed, in rows that are only ever appended."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from functions.kernel.rest import audit
from functions.kernel.rest.audit import AuditLog, DynamoAuditLog, Entries, Entry, Wanted, place
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Body, Name
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF, Caller
from functions.kernel.runtime.runtime import Runtime, active
from tests.support import aws
from tests.support.audited import MemoryAudit
from tests.support.callers import A_KIOSK, CLERK, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import request
from tests.support.runtime import memory_runtime

DAY, EVERY = "2026-11-27", Wanted()
api = Api("jars")
opened: list[str] = []


class Why(Body):
    reason: Name = ""


@api.put("/api/jars/{id}/open", may=[STAFF, KIOSK, CUSTOMER, BOT])
def open_jar(id: str, body: Why) -> None:
    opened.append(id)


@api.put("/api/jars/{id}/mend", may=[OPERATOR])
def mend_jar(id: str, body: Why) -> None:
    """What operators alone may."""


@api.put("/api/jars/{id}/shake", may=[STAFF], routine=True)
def shake_jar(id: str) -> None:
    """Do what is done a thousand times a day."""


@api.get("/api/jars/{id}", may=[STAFF], versioned=False)
def look_at_jar(id: str) -> None:
    """Change nothing."""


@pytest.fixture(params=["in memory", "in DynamoDB"])
def log(request: pytest.FixtureRequest) -> Iterator[AuditLog]:
    if request.param == "in memory":
        yield MemoryAudit()
        return
    with aws.local_aws():
        client = aws.client("dynamodb")
        yield DynamoAuditLog(client, aws.audit_table(client))


@pytest.fixture
def noted() -> Iterator[MemoryAudit]:
    """What a service in memory noted."""
    opened.clear()
    with active(memory_runtime("jars")) as running:
        log = running.adapters["audit"]
        assert isinstance(log, MemoryAudit)
        yield log


def entry(number: int, actor: str = "staff:mia", path: str = "/api/jars/j") -> Entry:
    return Entry(
        time=f"{DAY}T09:00:{number // 1_000:02}.{number % 1_000:03}000Z",
        id=f"id-{number}",
        actor=actor,
        service="jars",
        action="PUT /api/jars/{id}",
        path=path,
        reason="",
        through="mallbots",
        correlation_id="a flow",
        outcome="asked",
    )


def pages(log: AuditLog, limit: int, wanted: Wanted = EVERY) -> list[Entries]:
    found = [log.of_day(DAY, limit, None, wanted)]
    while found[-1].last:
        found.append(log.of_day(DAY, limit, found[-1].last, wanted))
    return found


def put(path: str, body: Any = None, caller: Caller = CLERK, origin: str = "") -> int:
    headers = {"Origin": origin} if origin else {}
    headers |= {"User-Agent": "mallbots/0.1 (linux)", "X-Correlation-Id": "0a4f0a5e-45a5-4b3c-9d4e-6c7d8e9f0a1b"}
    return request(api, "PUT", path, body or {}, headers, caller=caller).status


def rows(noted: MemoryAudit) -> list[Entry]:
    return list(noted.entries.values())


def test_what_staff_ask_for_is_noted_before_and_after_with_who_and_through_what(noted: MemoryAudit) -> None:
    assert put("/api/jars/j-1/open", {"reason": "Ada Reyes waits"}) == 200
    asked, done = rows(noted)
    assert (asked.outcome, done.outcome) == ("asked", "200")
    assert asked.id == done.id
    assert place(asked) < place(done)
    for one in (asked, done):
        assert (one.actor, one.service, one.action) == ("staff:clerk-1", "jars", "PUT /api/jars/{id}/open")
        assert (one.path, one.through) == ("/api/jars/j-1/open", "mallbots/0.1")
        assert one.correlation_id == "0a4f0a5e-45a5-4b3c-9d4e-6c7d8e9f0a1b"


def test_a_page_is_noted_by_its_origin(noted: MemoryAudit) -> None:
    """A browser names itself alone, and may not send another name: "Mozilla/5.0" could be any page."""
    assert put("/api/jars/j-1/open", origin="https://staff.mall.example") == 200
    assert {one.through for one in rows(noted)} == {"https://staff.mall.example"}


def test_operators_are_noted_as_staff_are(noted: MemoryAudit) -> None:
    assert put("/api/jars/j-1/open", caller=OPERATOR_ON_CALL) == 200
    assert [one.actor for one in rows(noted)] == ["operator:operator-1"] * 2


@pytest.mark.parametrize("caller", [customer("ada"), A_KIOSK, robot("r")])
def test_customers_kiosks_and_robots_are_not_noted(noted: MemoryAudit, caller: Caller) -> None:
    assert put("/api/jars/j-1/open", caller=caller) == 200
    assert opened == ["j-1"]
    assert rows(noted) == []


def test_a_routine_step_and_a_look_are_not_noted(noted: MemoryAudit) -> None:
    assert put("/api/jars/j-1/shake") == 200
    assert request(api, "GET", "/api/jars/j-1", caller=CLERK).status == 200
    assert rows(noted) == []


def test_what_is_refused_is_noted_too_and_what_one_may_not_ask_for_is_not(noted: MemoryAudit) -> None:
    assert put("/api/jars/j-1/open", {"reason": 5}) == 400
    assert [one.outcome for one in rows(noted)] == ["asked", "400"]
    assert put("/api/jars/j-1/mend") == 403
    assert len(rows(noted)) == 2


def test_nothing_that_people_ask_for_is_done_that_cannot_be_noted(noted: MemoryAudit) -> None:
    noted.down = True
    assert put("/api/jars/j-1/open") == 503
    assert opened == []
    assert put("/api/jars/j-1/open", caller=customer("ada")) == 200
    assert opened == ["j-1"]


def test_the_reason_that_an_operator_gives_is_kept_and_one_of_staff_stays_with_the_thing(noted: MemoryAudit) -> None:
    assert put("/api/jars/j-1/mend", {"reason": "it leaks"}, OPERATOR_ON_CALL) == 200
    assert put("/api/jars/j-1/open", {"reason": "Ada Reyes waits"}) == 200
    assert [one.reason for one in rows(noted)] == ["it leaks", "it leaks", "", ""]


@pytest.mark.parametrize(
    "typed", ["+15550100", "555-0100", "%2B1%20555%200100", "(555)%200100", "0155501000", "x" * 300, "a%23b"]
)
def test_what_is_typed_in_the_place_of_an_id_and_is_none_is_cut(noted: MemoryAudit, typed: str) -> None:
    put(f"/api/jars/{typed}/open")
    assert {one.path for one in rows(noted)} == {"/api/jars/…/open"}


def test_an_entry_is_never_replaced(log: AuditLog) -> None:
    log.append(entry(1))
    log.append(entry(1, actor="staff:another"))
    assert [one.actor for one in log.of_day(DAY, 10, None, EVERY).entries] == ["staff:mia"]


def test_a_day_is_read_page_by_page_the_latest_first_to_its_end(log: AuditLog) -> None:
    for number in range(6):
        log.append(entry(number))
    found = pages(log, 3)
    assert [[one.id for one in page.entries] for page in found] == [["id-5", "id-4", "id-3"], ["id-2", "id-1", "id-0"]]
    assert log.of_day("2026-11-28", 10, None, EVERY) == Entries([], None)


def test_after_a_last_page_that_is_full_there_is_none() -> None:
    """DynamoDB says that there may be more where it read as many as it was allowed to."""

    def query(Limit: int, **asked: Any) -> dict[str, Any]:
        rows = [{name: {"S": value} for name, value in vars(entry(number)).items()} for number in (2, 1)][:Limit]
        return {"Items": rows, **({"LastEvaluatedKey": {}} if len(rows) == Limit else {})}

    log = DynamoAuditLog(SimpleNamespace(query=query), "audit")  # type: ignore[arg-type]  # a part of the client
    assert [one.id for one in log.of_day(DAY, 2, None, EVERY).entries] == ["id-2", "id-1"]
    assert log.of_day(DAY, 2, None, EVERY).last is None
    assert log.of_day(DAY, 1, None, EVERY).last == place(entry(2))


@pytest.mark.parametrize("wanted", [Wanted(actor="operator:ada"), Wanted(about="j-9"), Wanted("operator:ada", "j-9")])
def test_those_of_a_person_and_those_about_a_thing_are_found_among_all_of_a_day(log: AuditLog, wanted: Wanted) -> None:
    for number in range(9):
        log.append(entry(number, *(["operator:ada", "/api/jars/j-9/open"] if number in (1, 4, 7) else [])))
    found = pages(log, 2, wanted)
    assert [[one.id for one in page.entries] for page in found] == [["id-7", "id-4"], ["id-1"]]


def test_a_page_looks_through_so_many_entries_and_the_next_goes_on(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LOOKED_THROUGH", 10)
    for number in range(20):
        log.append(entry(number, "operator:ada" if number == 5 else "staff:mia"))
    first, second = pages(log, 2, Wanted(actor="operator:ada"))
    assert first.entries == []
    assert [one.id for one in second.entries] == ["id-5"]


def test_the_audit_is_asked_for_by_the_name_that_the_deployment_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API whose function was not told a table cannot write unnoted."""
    monkeypatch.delenv("AUDIT", raising=False)
    opened.clear()
    running: Runtime = memory_runtime("jars")
    del running.adapters["audit"]
    with active(running):
        assert put("/api/jars/j-1/open") == 500
    assert opened == []
