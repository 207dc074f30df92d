"""What a replay or a rebuild would bring, as operators see it before they begin one."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.context import Caller
from functions.operations import estimates
from tests.flow.test_replays import a_few_orders
from tests.flow.test_replays_by_route import ask
from tests.support.callers import CLERK
from tests.support.operated import OperatedMall, deployed


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch):
        yield


@pytest.fixture
def mall() -> OperatedMall:
    found = OperatedMall()
    a_few_orders(found, 3)
    return found


def estimate(mall: OperatedMall, kind: str, asked: dict[str, Any], status: int = 200) -> Any:
    return ask(mall, "GET", f"/estimates/{kind}?{urlencode(asked)}", status=status)


@pytest.mark.parametrize(
    "asked",
    [
        {"to": "search"},
        {"to": "search", "from": "ordering", "rate": 100},
        {"to": "insights", "view": "timeline"},
        {"to": "search", "until": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_replay_brings_what_was_estimated(mall: OperatedMall, asked: dict[str, Any]) -> None:
    told = estimate(mall, "replay", asked)
    id = ask(mall, "POST", "/replays", asked)["id"]
    mall.until(id, lambda run, progress: bool(run.ended))
    brought = ask(mall, "GET", f"/replays/{id}")["replay"]
    assert (told["messages"], told["precision"], told["gaps"]) == (brought["messages"], "exact", [])
    assert [one["service"] for one in told["sources"]] == [one["service"] for one in brought["sources"]]
    assert (told["messages"] > 0) is ("until" not in asked)


def test_a_stream_is_estimated_alone(mall: OperatedMall) -> None:
    [stream, *_] = [name for name in mall.runtimes["ordering"].store.items if name.startswith("Order#")]  # type: ignore[attr-defined]
    asked = {"to": "search", "from": "ordering"}
    one, all = estimate(mall, "replay", asked | {"stream": stream}), estimate(mall, "replay", asked)
    assert 0 < one["messages"] < all["messages"]


def test_a_rebuild_brings_what_was_estimated_and_takes_its_wait_too(mall: OperatedMall) -> None:
    asked = {"service": "insights", "view": "timeline", "rate": 100}
    told = estimate(mall, "rebuild", asked)
    id = ask(mall, "POST", "/rebuilds", asked)["id"]
    mall.until(id, lambda run, progress: progress.step == "built")
    assert told["messages"] == ask(mall, "GET", f"/rebuilds/{id}")["rebuild"]["messages"] > 0
    assert 360 < told["seconds"] < 420


def test_a_run_rests_until_the_runners_next_minute_once_it_may_begin_no_further_page() -> None:
    assert estimates.AT_WORK == 34
    assert [estimates.lasting(work) for work in (0, 34, 35, 340)] == [0, 34, 61, 340 + 9 * 26]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("replay", {"to": ""}),
        ("replay", {"to": "nowhere"}),
        ("replay", {"to": "checkout"}),
        ("replay", {"to": "search", "from": "nowhere"}),
        ("replay", {"to": "search", "from": "search"}),
        ("replay", {"to": "search", "stream": "Order#1"}),
        ("replay", {"to": "search", "rate": 0}),
        ("replay", {"to": "search", "rate": 501}),
        ("replay", {"to": "search", "since": "yesterday"}),
        ("rebuild", {"service": "search", "view": ""}),
        ("rebuild", {"service": "nowhere", "view": "orders"}),
        ("rebuild", {"service": "checkout", "view": "orders"}),
        ("rebuild", {"service": "search", "view": "orders", "rate": 501}),
    ],
)
def test_what_cannot_be_begun_is_refused_in_the_same_words(
    mall: OperatedMall, kind: str, asked: dict[str, Any]
) -> None:
    begun = ask(mall, "POST", f"/{kind}s", asked, status=400)
    assert estimate(mall, kind, asked, status=400)["message"] == begun["message"]


@pytest.mark.parametrize("more", [{"view": "nothing"}, {"names": "CreateOrder,ConfirmPayment"}, {"from": "depot"}])
def test_what_would_stop_a_replay_at_its_plan_is_refused_before(mall: OperatedMall, more: dict[str, str]) -> None:
    asked = {"to": "search", **more}
    body = asked | ({"names": asked["names"].split(",")} if "names" in asked else {})
    id = ask(mall, "POST", "/replays", body)["id"]
    mall.run()
    stopped = ask(mall, "GET", f"/replays/{id}")["replay"]
    assert stopped["state"] == "stopped"
    assert estimate(mall, "replay", asked, status=400)["message"] == stopped["why"]


def test_a_service_that_does_not_answer_is_a_gap(mall: OperatedMall) -> None:
    whole = {one["service"]: one["messages"] for one in estimate(mall, "replay", {"to": "search"})["sources"]}

    def silent(service: str, request: dict[str, Any]) -> None:
        if service == "stores":
            raise UnavailableError("the relay of stores does not answer")

    mall.relays.calls = silent
    told = estimate(mall, "replay", {"to": "search"})
    assert (told["gaps"], told["precision"]) == (["stores"], "at least")
    assert {one["service"]: one["messages"] for one in told["sources"]} == {"ordering": whole["ordering"]}


def test_without_the_consumer_there_is_no_estimate(mall: OperatedMall) -> None:
    def silent(service: str, request: dict[str, Any]) -> None:
        raise UnavailableError("the replay of search does not answer")

    mall.replays.calls = silent
    estimate(mall, "replay", {"to": "search"}, status=503)


@pytest.mark.parametrize("caller", [CLERK, Caller("customer", "1"), Caller("bot", "1"), Caller("kiosk", "k")])
def test_operators_alone_may(mall: OperatedMall, caller: Caller) -> None:
    for path in ("replay?to=search", "rebuild?service=search&view=orders"):
        ask(mall, "GET", f"/estimates/{path}", status=403, caller=caller)
