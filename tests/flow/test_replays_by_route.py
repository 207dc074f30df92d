"""Replays and rebuilds as operators begin, watch, and end them by the routes of operations."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.runtime.context import Caller
from functions.operations.history_rows import BUILT
from tests.flow.test_replays import a_few_orders, table
from tests.support.callers import CLERK, OPERATOR_ON_CALL
from tests.support.mall import Mall
from tests.support.operated import OperatedMall, deployed

ROOT = "/api/operations"


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch):
        yield


@pytest.fixture
def mall() -> OperatedMall:
    found = OperatedMall()
    a_few_orders(found, 1)
    return found


def ask(mall: Mall, method: str, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
    answer = mall.request(method, f"{ROOT}{path}", body, caller=more.pop("caller", OPERATOR_ON_CALL), **more)
    assert answer.status == status, answer
    return answer.body


def test_a_replay_is_begun_watched_and_done(mall: OperatedMall) -> None:
    before = dict(table(mall, "search").items)
    table(mall, "search").items.clear()
    id = ask(mall, "POST", "/replays", {"to": "search", "from": "ordering", "rate": 100})["id"]
    assert ask(mall, "GET", f"/replays/{id}")["replay"]["percent"] is None
    mall.run()
    shown = ask(mall, "GET", f"/replays/{id}")["replay"]
    assert (shown["state"], shown["failed"], shown["percent"], shown["notRecoverable"]) == ("done", 0, 100, [])
    assert shown["messages"] > 3
    assert [one["service"] for one in shown["sources"]] == ["ordering"]
    orders = {key for key in before if key[0].startswith("orders")}
    assert {key for key in table(mall, "search").items if key[0] != "generations"} == orders
    [run] = [one for one in ask(mall, "GET", "/runs")["runs"] if one["id"] == id]
    assert (run["kind"], run["by"]) == ("replay", OPERATOR_ON_CALL.actor)
    assert run["counts"] == {"messages": shown["messages"], "failed": 0}


def test_a_rebuild_is_begun_compared_and_switched_to(mall: OperatedMall) -> None:
    id = ask(mall, "POST", "/rebuilds", {"service": "search", "view": "orders"})["id"]
    ask(mall, "PUT", f"/runs/{id}/switch", status=409)
    mall.until(id, lambda run, progress: progress.step == BUILT)
    shown = ask(mall, "GET", f"/rebuilds/{id}")["rebuild"]
    assert shown["mayBeSwitched"]
    compared = shown["compared"]
    assert compared["rows"][0] == compared["rows"][1] > 0
    assert compared["hashes"][0] == compared["hashes"][1]
    assert (compared["different"], shown["generation"]) == (0, 1)
    ask(mall, "PUT", f"/runs/{id}/switch")
    mall.pass_time(120)
    ask(mall, "PUT", f"/runs/{id}/abort", status=409)
    assert len(mall.request("POST", "/api/search/orders", {}, caller=CLERK).body["orders"]) == 1


def test_a_rebuild_can_be_given_up_and_a_replay_cannot_be_switched_to(mall: OperatedMall) -> None:
    id = ask(mall, "POST", "/rebuilds", {"service": "search", "view": "orders"})["id"]
    mall.run()
    ask(mall, "PUT", f"/runs/{id}/abort")
    mall.pass_time(600)
    assert ask(mall, "GET", f"/rebuilds/{id}")["rebuild"]["state"] == "cancelled"
    replay = ask(mall, "POST", "/replays", {"to": "search"})["id"]
    for action in ("switch", "abort"):
        ask(mall, "PUT", f"/runs/{replay}/{action}", status=409)
    ask(mall, "GET", f"/rebuilds/{replay}", status=404)
    ask(mall, "GET", "/replays/nothing", status=404)


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/replays", {"to": "search"}, {"to": "insights"}),
        ("/rebuilds", {"service": "search", "view": "orders"}, {"service": "stores", "view": "catalogue"}),
    ],
)
def test_the_same_request_under_one_key_is_one_run(
    mall: OperatedMall, path: str, body: dict[str, str], other: dict[str, str]
) -> None:
    key = {"idempotency-key": "key-of-this-test"}
    ids = {ask(mall, "POST", path, body, headers=key)["id"] for _ in range(3)}
    assert len(ids) == 1
    ask(mall, "POST", path, other, status=422, headers=key)
    ask(mall, "POST", path, body, status=412, headers={"if-match": '"1"'})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/replays", {}),
        ("/replays", {"to": "nowhere"}),
        ("/replays", {"to": "checkout"}),
        ("/replays", {"to": "search", "rate": 0}),
        ("/replays", {"to": "search", "since": "yesterday"}),
        ("/rebuilds", {"service": "search"}),
        ("/rebuilds", {"service": "customers", "view": "all"}),
        ("/rebuilds", {"service": "search", "view": "orders", "rate": 501}),
    ],
)
def test_what_makes_no_sense_is_400(mall: OperatedMall, path: str, body: dict[str, Any]) -> None:
    ask(mall, "POST", path, body, status=400)
    assert ask(mall, "GET", "/runs")["runs"] == []


@pytest.mark.parametrize("caller", [CLERK, Caller("customer", "1"), Caller("bot", "1"), Caller("kiosk", "k")])
def test_nobody_but_an_operator_may(mall: OperatedMall, caller: Caller) -> None:
    ask(mall, "POST", "/replays", {"to": "search"}, status=403, caller=caller)
    ask(mall, "POST", "/rebuilds", {"service": "search", "view": "orders"}, status=403, caller=caller)
    for action in ("switch", "abort"):
        ask(mall, "PUT", f"/runs/1/{action}", status=403, caller=caller)
