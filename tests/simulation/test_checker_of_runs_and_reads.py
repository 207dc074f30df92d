"""Rules of one sentence each: snapshots, republishing, runs that stop, pages, and what search shows."""

import json
import zlib
from typing import Any

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.republished import WHOLE
from tests.simulation.check.runs import DESCRIBED, FULL, STOPS_FOR, violations
from tests.simulation.check.searched import NAMES_OF_NOW
from tests.simulation.check.snapshots import NOT_TOO_OFTEN, OFTEN_ENOUGH
from tests.simulation.history_builder import HistoryBuilder

SNAPSHOT = "snapshot"


def violated(history: HistoryBuilder) -> set[str]:
    """The invariants of this module that a history violates."""
    found = {one.invariant for one in check(history.entries, history.final)}
    return found & {WHOLE, NAMES_OF_NOW, NOT_TOO_OFTEN, OFTEN_ENOUGH}


@pytest.mark.parametrize(("without", "invariants"), [(3, set()), (4, {OFTEN_ENOUGH})])
def test_of_four_commits_in_a_row_one_has_a_snapshot(without: int, invariants: set[str]) -> None:
    history = sample_histories.completed()
    items = [f["item"] for _, kind, f in history.entries if kind == "commit" and f["key"][0] == "Order#o"]
    for item in items[:without]:
        del item[SNAPSHOT]
    assert len(items) > 3
    assert violated(history) == invariants


@pytest.mark.parametrize(("before", "invariants"), [(3, set()), (2, {NOT_TOO_OFTEN})])
def test_a_snapshot_that_takes_a_further_kb_is_stored_when_it_is_due(before: int, invariants: set[str]) -> None:
    history = sample_histories.completed()
    items = [f["item"] for _, kind, f in history.entries if kind == "commit" and f["key"][0] == "Order#o"]
    for item in items[:before]:
        del item[SNAPSHOT]
    version = items[before]["version"]["N"]
    large = [1, [f"{n**5 % 9_973}" for n in range(1_000)], {}]
    body = zlib.compress(json.dumps({"events": [], SNAPSHOT: large}).encode())
    packed: Any = {
        "stream": {"S": "Order#o"},
        "version": {"N": version},
        "id": items[before]["id"],
        "body": {"B": body},
    }
    history.tables["ordering/events"]["Order#o", int(version)] = packed
    assert violated(history) == invariants


def republished(history: HistoryBuilder, *, whole: bool) -> None:
    """An operator republishes the stream of an order to one consumer, all of it or its first page."""
    history.wait(60)
    began = history.entries[-1][0] + 60_000_000
    items = [f["item"] for _, kind, f in history.entries if kind == "commit" and f["key"][0] == "Order#o"]
    details = [one["detail"] for item in items for one in json.loads(item["messages"]["S"])]
    for detail in details if whole else details[:1]:
        name = detail["metadata"]["name"]
        history.record(
            "published", service="mallbots.ordering", entry="e", name=name, detail={**detail, "to": "search"}
        )
    asked = {"service": "ordering", "to": "search", "stream": "Order#o", "began": began, "is_last": True}
    history.record("deed", who="operator", what="republished", **asked)


@pytest.mark.parametrize(("whole", "invariants"), [(True, set()), (False, {WHOLE})])
def test_a_republish_to_its_last_page_brings_all(whole: bool, invariants: set[str]) -> None:
    history = sample_histories.completed()
    republished(history, whole=whole)
    assert violated(history) == invariants


@pytest.mark.parametrize(("shown", "invariants"), [("Spark", set()), ("Volt", {NAMES_OF_NOW})])
def test_search_shows_the_names_of_now(shown: str, invariants: set[str]) -> None:
    history = sample_histories.completed()
    history.write_row("search/views", "stores", "s", 1, {"name": "Volt"})
    history.write_row("search/views", "stores", "s", 2, {"name": "Spark"})
    history.write_row("search/views", "products", "cable", 1, {"name": "Cable"})
    history.wait(60)
    history.request("GET", "/api/search/orders/o")
    item = {"storeId": "s", "productId": "cable", "storeName": shown, "productName": "Cable"}
    history.respond(body={"order": {"orderId": "o", "items": [item]}})
    assert violated(history) == invariants


def test_search_shows_the_names_of_the_order_where_it_has_no_row_of_a_store() -> None:
    history = sample_histories.completed()
    history.request("GET", "/api/search/orders/o")
    line = sample_histories.LINE
    item = {"storeId": line["store_id"], "storeName": line["store_name"]}
    item |= {"productId": line["product_id"], "productName": line["product_name"]}
    history.respond(body={"order": {"orderId": "o", "items": [item]}})
    assert violated(history) == set()


def of_runs(history: HistoryBuilder) -> set[str]:
    """What a history of runs violates: it is no whole one."""
    return {one.invariant for one in violations(ParsedHistory(history.entries, history.final))}


@pytest.mark.parametrize(
    ("why", "invariants"),
    [
        ("view: baskets has ", {STOPS_FOR}),
        ("baskets makes no rows of what stores published", set()),
        ("letter 1 of baskets/inbox", set()),
    ],
)
def test_a_rebuild_does_not_stop_for_want_of_a_view_that_is_there(why: str, invariants: set[str]) -> None:
    history = HistoryBuilder()
    asked = {"to": "baskets", "view": "baskets"}
    run = {"id": "1", "kind": "rebuild", "state": "stopped", "why": why, "asked": asked}
    history.write_row("operations/views", "run 1", "run", 1, run)
    assert of_runs(history) == invariants


def test_a_replay_does_not_stop_for_want_of_messages_that_there_are() -> None:
    history = sample_histories.completed()
    asked, why = {"to": "search", "source": "ordering"}, "search makes no rows of what ordering published"
    run = {"id": "1", "kind": "replay", "state": "stopped", "why": why, "asked": asked}
    history.write_row("operations/views", "run 1", "run", 1, run)
    assert of_runs(history) == {STOPS_FOR}


@pytest.mark.parametrize(
    ("function", "answer", "invariants"),
    [
        ("search-replay", {"views": {"orders": []}}, set()),
        ("search-replay", {"views": {}}, {DESCRIBED}),
        ("search-relay", {"messages": [{}], "next": None, "gone": False}, set()),
        ("search-relay", {"messages": [{}], "next": "7", "gone": False}, {FULL}),
        ("search-relay", {"messages": ["x" * 1_000_000], "next": "7", "gone": False}, set()),
    ],
)
def test_an_answer_has_all_views_and_is_not_cut_for_nothing(
    function: str, answer: dict[str, Any], invariants: set[str]
) -> None:
    history = HistoryBuilder()
    history.record("told", began=0, function=function, how="ok", answer=json.dumps(answer))
    assert of_runs(history) == invariants
