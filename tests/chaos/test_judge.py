"""The judge, on what a simulated cloud stored and answered: nothing is wrong, until something is taken away."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from functions.kernel.runtime import clock
from functions.operations.letters import Letter, to_data
from tests.chaos.history import SANDBOX
from tests.chaos.journal import Asked, Journal
from tests.chaos.judge import Verdict, judge
from tests.chaos.kills import TakenBack
from tests.chaos.saved import Item, Saved
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.containers import BEGIN
from tests.simulation.faults import Faults
from tests.simulation.scheduler import SECOND
from tests.simulation.test_cloud import Visit

CLERK = "staff:clerk"


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    """One order from basket to the depot, without faults."""
    choices = Choices(4)
    cloud = Cloud(choices, Faults(choices))
    task = cloud.spawn(Visit(cloud).run_visit)
    cloud.run(3_600.0, enough=lambda: task.done)
    assert cloud.settle()
    return cloud


@pytest.fixture
def found(cloud: Cloud) -> Saved:
    """What it has stored, as an engine would have saved it."""
    archived = [{"Detail": json.dumps(detail)} for detail in _published(cloud)]
    tables = {name: [dict(item) for item in table.items.values()] for name, table in cloud.tables.items()}
    tables["payments/views"] += _books(cloud)
    return Saved(_unix(cloud.scheduler.now_us), tables, {name: [] for name in cloud.queues}, archived)


@pytest.fixture
def journal(cloud: Cloud) -> Journal:
    """What its client asked, and was answered."""
    kept: dict[str, Asked] = {}
    for at, kind, fields in cloud.history.entries:
        if kind == "request":
            number = int(fields["id"].rpartition("-")[2])
            asked = Asked(
                number, fields["who"], fields["method"], fields["path"], fields["body"], fields["key"], _unix(at)
            )
            kept[fields["id"]] = asked
        elif kind == "response":
            asked = kept[fields["id"]]
            asked.answered_at, asked.status, asked.answer = _unix(at), fields["status"], fields["body"]
            asked.version = fields["version"]
    journal = Journal()
    journal.entries = list(kept.values())
    return journal


def _published(cloud: Cloud) -> Iterator[dict[str, object]]:
    for _, kind, fields in cloud.history.entries:
        if kind == "published":
            detail = fields["detail"]
            yield json.loads(detail) if isinstance(detail, str) else detail


def _books(cloud: Cloud) -> list[Item]:
    """The provider's, as the sandbox keeps them."""
    return [
        {
            "partition": {"S": f"{SANDBOX}{what['payment']}"},
            "sort": {"S": request},
            "version": {"N": "1"},
            "data": {
                "S": json.dumps(
                    {"request_id": request, "kind": what["call"], "amount": what["amount"], "asked": 1, "done": True}
                )
            },
        }
        for request, what in cloud.provider.requests.items()
    ]


def _unix(at_us: int) -> float:
    return BEGIN.timestamp() + at_us / SECOND


def verdict_on(found: Saved, journal: Journal, cloud: Cloud) -> Verdict:
    return judge(found, journal, [], [], Counter(), cloud.settings, BEGIN.timestamp(), rested=True)


def wrong(verdict: Verdict) -> dict[str, list[str]]:
    found: dict[str, list[str]] = verdict.details()["wrong"]
    return found


def without(items: list[Item], stream: str, version: int) -> list[Item]:
    return [it for it in items if (it["stream"]["S"].partition("#")[0], it["version"]["N"]) != (stream, str(version))]


def test_nothing_is_wrong_where_everything_went_well(found: Saved, journal: Journal, cloud: Cloud) -> None:
    assert wrong(verdict_on(found, journal, cloud)) == {}


def test_an_acknowledged_order_that_is_not_there_is_lost(found: Saved, journal: Journal, cloud: Cloud) -> None:
    found.tables["ordering/events"] = []
    verdict = verdict_on(found, journal, cloud)
    assert any("there is no order" in text for text in verdict.lost)


def test_an_acknowledged_request_without_a_commit_is_lost(found: Saved, journal: Journal, cloud: Cloud) -> None:
    found.tables["stores/events"] = without(found.tables["stores/events"], "Product", 1)
    assert any("was accepted under a key that no commit has" in text for text in verdict_on(found, journal, cloud).lost)


def test_a_message_that_was_never_published_is_lost(found: Saved, journal: Journal, cloud: Cloud) -> None:
    found.archived = [event for event in found.archived if '"name": "OrderApproved"' not in event["Detail"]]
    assert any("was never published" in text for text in verdict_on(found, journal, cloud).lost)


def test_what_waits_in_a_queue_is_unfinished(found: Saved, journal: Journal, cloud: Cloud) -> None:
    found.queues["depot/inbox"] = [{"body": '{"detail": {}}'}, {"body": '{"detail-type": "a tick"}'}]
    assert verdict_on(found, journal, cloud).unfinished == ["depot/inbox holds 1 messages"]


@pytest.mark.parametrize(("state", "counted"), [("open", 1), ("parked", 1), ("done", 0)])
def test_a_letter_that_operations_has_stored_counts_until_it_is_done_with(
    found: Saved, journal: Journal, cloud: Cloud, state: str, counted: int
) -> None:
    now = clock.stamp(BEGIN)
    body = '{"detail": "' + "x" * 300_000 + '"}'
    letter = Letter("1", "depot/inbox", "depot/inbox/dead-letters", body, "m", failed_at=now, state=state, life="a")
    half = len(body) // 2
    parts = [{"text": body[:half]}, {"text": body[half:]}]
    rows = [("letter", to_data(letter)), *((f"body a {n:04}", part) for n, part in enumerate(parts))]
    found.tables["operations/views"] = [
        {"partition": {"S": "letter 1"}, "sort": {"S": sort}, "data": {"B": zlib.compress(json.dumps(data).encode())}}
        for sort, data in reversed(rows)
    ]
    verdict = verdict_on(found, journal, cloud)
    assert len(verdict.dead_letters) == counted
    assert [each["body"] == body for each in found.failures().get(letter.queue, [])] == [True] * counted


def test_an_order_without_its_last_commit_is_unfinished(found: Saved, journal: Journal, cloud: Cloud) -> None:
    of_saga = found.tables["checkout/events"]
    found.tables["checkout/events"] = of_saga[:-1]
    assert any("the saga of the order" in text for text in verdict_on(found, journal, cloud).unfinished)


def test_what_the_provider_captured_for_no_order_differs(found: Saved, journal: Journal, cloud: Cloud) -> None:
    entry = {"request_id": "another", "kind": "capture", "amount": 350, "asked": 1, "done": True}
    found.tables["payments/views"].append(
        {
            "partition": {"S": f"{SANDBOX}payment"},
            "sort": {"S": "another"},
            "version": {"N": "1"},
            "data": {"S": json.dumps(entry)},
        }
    )
    assert verdict_on(found, journal, cloud).report()["money_difference"] == 350


def test_a_payment_that_was_authorized_under_two_ids_is_done_twice(
    found: Saved, journal: Journal, cloud: Cloud
) -> None:
    [payment] = {what["payment"] for what in cloud.provider.requests.values()}
    entry = {"request_id": "another", "kind": "authorize", "amount": 1000, "asked": 1, "done": True}
    found.tables["payments/views"].append(
        {
            "partition": {"S": f"{SANDBOX}{payment}"},
            "sort": {"S": "another"},
            "version": {"N": "1"},
            "data": {"S": json.dumps(entry)},
        }
    )
    assert any("under 2 request ids" in text for text in verdict_on(found, journal, cloud).twice)


def test_what_a_kill_took_back_is_not_asked_for(found: Saved, journal: Journal, cloud: Cloud) -> None:
    last = max(journal.entries, key=lambda asked: asked.id)
    extra = Asked(last.id + 1, CLERK, "POST", "/api/stores", {}, "taken", last.at + 1, last.at + 2, 200, {"id": "none"})
    journal.entries.append(extra)
    assert verdict_on(found, journal, cloud).lost
    extra.taken_back = True
    assert not verdict_on(found, journal, cloud).lost


def test_the_orders_of_visits_are_counted_by_how_they_ended(found: Saved, journal: Journal, cloud: Cloud) -> None:
    [order] = {it["stream"]["S"].partition("#")[2] for it in found.tables["ordering/events"] if _is_order(it)}
    visits: Any = [
        SimpleNamespace(order=SimpleNamespace(id=id), problem=problem) for id, problem in ((order, ""), ("", "astray"))
    ]
    verdict = judge(found, journal, visits, [], Counter(), cloud.settings, BEGIN.timestamp(), rested=True)
    assert (verdict.orders, verdict.astray) == (2, 1)
    assert verdict.statuses == Counter(completed=1, none=1)
    assert verdict.holds(0.5)
    assert not verdict.holds(0.6)


def test_what_the_run_tells_of_rest_faults_and_kills_is_judged(found: Saved, journal: Journal, cloud: Cloud) -> None:
    late = Asked(1, CLERK, "POST", "/api/stores", {}, "key", 990.0, 990.0, 200, {})
    broken = TakenBack(1_000.0, 980.0, 3.0, [late], [])
    verdict = judge(found, journal, [], [broken], {"never": 0}, cloud.settings, BEGIN.timestamp(), rested=False)
    assert wrong(verdict).keys() == {"kills", "faults"}
    assert (verdict.rested, verdict.report()["rolled_back"]) == (False, 1)
    rested = judge(found, journal, [], [], {"once": 1}, cloud.settings, BEGIN.timestamp(), rested=True)
    assert rested.holds(0.6)


def _is_order(item: Item) -> bool:
    return bool(item["stream"]["S"].startswith("Order#"))
