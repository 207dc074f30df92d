"""What is held of a customer is read by pages of bounded work, whatever the customer did."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from functions.customers import codes, held_codes, keys, service
from functions.customers.api import api
from functions.customers.domain import Customer
from functions.customers.phone import Phone
from functions.kernel.eventstore.epochs import STREAM as EPOCHS
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import active
from tests.support.callers import CLERK
from tests.support.gateway import request
from tests.support.runtime import memory_runtime

BEGIN = datetime.fromisoformat("2026-03-01T12:00:00Z")
# Beside phones: the customer and its key, a page of changes, a page of what moved the number, the commit before that.
OWN_READS = 5


class CountedStore(MemoryEventStore):
    """Counts what DynamoDB would be asked for: a page of commits or one commit each."""

    reads = 0

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        for n, commit in enumerate(super().backwards(stream, page)):
            self.reads += n % page == 0
            yield commit

    def forwards(self, stream: str) -> Iterator[Commit]:
        assert stream == EPOCHS, f"{stream} is read from its beginning to its end"
        return super().forwards(stream)

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        self.reads += 1
        assert limit <= 100
        return super().page(stream, after, limit)

    def read(self, stream: str, version: int) -> Commit | None:
        self.reads += 1
        return super().read(stream, version)


class CountedVault(MemoryVault):
    """Counts its rows."""

    reads = 0

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self.reads += 1
        return super().get(partition, sort)


class Desk:
    """Customers in memory, and staff who ask for all that is held. Other services hold nothing."""

    def __init__(self) -> None:
        self.store, self.vault = CountedStore(), CountedVault()
        self.store.vault = self.vault
        nothing: dict[str, Any] = {"answer": {"rows": [], "after": None}}
        self.runtime = memory_runtime("customers", store=self.store, invoke=lambda owner, query: nothing)

    def customer(self, changes: Sequence[str]) -> str:
        """A customer who registered at minute 0, with each of these numbers a minute later than with the one before.

        "" sets the language instead. At the end it is changed, so that there is a snapshot.
        """
        with clock.fixed(lambda: BEGIN):
            customer_id = service.register("Ada", number(0))
        key = keys.find(customer_id)
        assert key
        for n, changed in enumerate(changes, start=1):
            event = StoredEvent.of("LanguageChanged", 1, {"language": "en"})
            if changed:
                event = StoredEvent.of("SmsChanged", 2, {"sms_number": key.seal(changed, "sms_number", n + 1)})
            self.commit(Customer.stream(customer_id), n + 1, event, n)
        with clock.fixed(lambda: at(len(changes) + 1)):
            service.change_language(customer_id, "es")
        return customer_id

    def phone(self, of: str, minutes: Sequence[float]) -> None:
        """Codes that were requested for a number."""
        for version, minute in enumerate(minutes, start=1):
            event = StoredEvent.of("CodeRequested", 1, {"at": int(at(minute).timestamp())})
            self.commit(Phone.stream(codes.phone_id(of)), version, event, minute)

    def commit(self, stream: str, version: int, event: StoredEvent, minute: float) -> None:
        time = clock.stamp(at(minute))
        self.store.commit(Commit(stream=stream, version=version, id=f"{stream} {version}", events=(event,), time=time))

    def pages(self, customer_id: str, limit: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """The pages of what is held, each with how much was read for it."""
        following = ""
        while following is not None:
            self.store.reads = self.vault.reads = 0
            path = f"/api/customers/{customer_id}/data?limit={limit}{following and f'&next={following}'}"
            answer = request(api, "GET", path, None, {}, CLERK)
            assert answer.status == 200
            yield answer.body["held"], self.store.reads + self.vault.reads
            following = answer.body.get("next")


def number(n: int) -> str:
    return f"+1555{n:07}"


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def requested(things: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    found = [thing["data"] for thing in things if thing["kind"] == "code"]
    return [(code["smsNumber"], code["time"]) for code in found]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with active(desk.runtime):
        yield desk


def test_after_10_000_changes_of_number_each_page_takes_a_bounded_number_of_reads(desk: Desk) -> None:
    ada = desk.customer([number(n) for n in range(1, 10_000)])
    for n in (0, 4_321, 9_999):
        desk.phone(number(n), [n + 0.5])
    things: list[dict[str, Any]] = []
    for page, reads in desk.pages(ada, limit=100):
        assert len(page) <= 100
        assert reads <= OWN_READS + held_codes.READS
        things += page
    changes = [thing["data"].get("smsNumber") for thing in things if thing["kind"] == "change"]
    assert changes == [*(number(n) for n in range(10_000)), None]
    assert requested(things) == [(number(n), clock.stamp(at(n + 0.5))) for n in (0, 4_321, 9_999)]


def test_a_phone_with_many_codes_is_read_in_bounded_pieces(desk: Desk) -> None:
    ada = desk.customer([number(1)])
    desk.phone(number(1), [-30_000 + n for n in range(30_010)])
    pages = list(desk.pages(ada, limit=100))
    assert max(reads for _, reads in pages) <= OWN_READS + held_codes.READS
    things = [thing for page, _ in pages for thing in page]
    assert requested(things) == [(number(1), clock.stamp(at(n))) for n in range(1, 10)]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize("reads", [1, 2, 7])
@pytest.mark.parametrize("commits", [2, 3, 5])
def test_however_it_is_cut_each_code_is_shown_that_was_requested_while_the_customer_had_the_number(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: int, reads: int, commits: int
) -> None:
    monkeypatch.setattr(held_codes, "READS", reads)
    monkeypatch.setattr(held_codes, "COMMITS", commits)
    had = [0, 0, 1, 1, 1, 0, 2, 1, 2, 2, 0, 0, 0, 0, 0, 2]  # which number, minute by minute
    ada = desk.customer([number(n) if n != before else "" for before, n in pairwise(had)])
    desk.phone(number(0), [-1, 0, 1.5, 2, 5, 5.9, 6, 11, 12, 13, 14.9])
    desk.phone(number(1), [2.5, 5.5, 7, 7.1])
    desk.phone(number(2), [3, 16, 17, 18])
    things = [thing for page, _ in desk.pages(ada, limit) for thing in page]
    shown = [(0, 0), (0, 1.5), (1, 2.5), (0, 5), (0, 5.9), (1, 7), (1, 7.1), (0, 11), (0, 12), (0, 13), (0, 14.9)]
    shown += [(2, 16), (2, 17), (2, 18)]
    assert requested(things) == [(number(one), clock.stamp(at(minute))) for one, minute in shown]
    assert [thing["id"] for thing in things if thing["kind"] == "change"] == [f"change {n}" for n in range(1, 18)]


def test_a_change_is_shown_with_what_it_set(desk: Desk) -> None:
    ada = desk.customer([number(1)])
    service.disable(ada)
    service.erase(ada)
    [(things, _)] = desk.pages(ada, limit=100)
    forgotten = {"name": "forgotten", "smsNumber": "forgotten"}
    assert [
        {name: value for name, value in thing["data"].items() if name not in ("time", "by")}
        for thing in things
        if thing["kind"] == "change"
    ] == [
        {"event": "Registered", **forgotten, "status": "enabled", "language": "en"},
        {"event": "SmsChanged", "smsNumber": "forgotten"},
        {"event": "LanguageChanged", "language": "es"},
        {"event": "Disabled", "status": "disabled"},
        {"event": "Erased", **forgotten, "status": "erased"},
    ]
