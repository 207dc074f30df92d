"""Rebuilds of every read model, while orders go on: what is shown afterwards is what was never lost."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.kernel.projections.generation import View, split
from functions.kernel.projections.generations import Generations
from functions.kernel.runtime import budget, clock, runtime
from functions.operations import rebuilds, redrives, replays, rows, run_rows, runs
from functions.operations.history_rows import BUILT, DROP, FILL, PLAN, Progress
from functions.operations.rows import Filter
from functions.operations.runs import Run
from functions.search import views
from tests.flow.shopper import open_a_store
from tests.flow.test_replays import a_few_orders, is_over, table
from tests.support.operated import OperatedMall, deployed, views_of

VIEWS = [(name, view) for name in services() for view in views_of(manifest(name))]


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch):
        yield


@pytest.fixture
def mall() -> OperatedMall:
    return OperatedMall()


def is_built(run: Run, progress: Progress) -> bool:
    return progress.step == BUILT or run.state != runs.RUNNING


def rows_of(mall: OperatedMall, service: str, view: View, generation: int) -> dict[tuple[str, str], Any]:
    """The rows of a view in a generation, without what depends on the order of messages, and what is over."""
    found = {}
    for (stored, sort), item in table(mall, service).items.items():
        of, partition = split(stored)
        over = "expires" in item and int(item["expires"]["N"]) <= mall.now.timestamp()
        if of == generation and view.is_compared(partition) and not over and "over" not in item:
            found[partition, sort] = item.get("data", "deleted")
    return found


@pytest.mark.parametrize(("service", "view"), VIEWS, ids=[f"{service} {view.name}" for service, view in VIEWS])
def test_every_view_is_rebuilt_with_rows_that_are_equal_byte_for_byte_while_orders_go_on(
    mall: OperatedMall, service: str, view: View
) -> None:
    shoppers = a_few_orders(mall, 2)
    id = mall.begin(rebuilds.begin, service, view.name)
    mall.run()
    last = a_few_orders(mall, 1)
    run, progress = mall.until(id, is_built)
    assert (run.state, progress.failed, progress.compared.different) == (runs.RUNNING, 0, 0)
    assert progress.compared.hashes[0] == progress.compared.hashes[1]
    assert progress.generation == 1
    assert rows_of(mall, service, view, 1) == rows_of(mall, service, view, 0)
    with mall.at_work("operations"):
        rebuilds.switch(id)
    mall.until(id, lambda run, progress: progress.step == DROP)
    for shopper in (*shoppers, *last):
        assert shopper.order()["status"] == "completed"
    run, progress = mall.until(id, is_over)
    assert run.state == runs.DONE
    assert [key for key in table(mall, service).items if split(key[0])[0] == 0 and view.has(key[0])] == []


def test_a_step_for_which_there_is_no_time_left_is_taken_in_the_next_minute(mall: OperatedMall) -> None:
    a_few_orders(mall, 1)
    id = mall.begin(rebuilds.begin, "search", "orders")
    asked: list[str] = []
    mall.replays.calls = lambda service, request: asked.append(service)
    for left, is_begun in ((25.9, False), (26.0, True)):
        with mall.at_work("operations"), budget.limited(lambda left=left: left):  # type: ignore[misc]
            rebuilds.advance(run_rows.get(id), clock.now() + timedelta(seconds=45))
        _, progress = mall.run_of(id)
        assert (bool(asked), progress.step != PLAN, progress.wrong) == (is_begun, is_begun, "")


def shown(mall: OperatedMall) -> dict[str, Any]:
    """What the views show to staff by their routes."""
    day = "from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z"
    paths = [f"/api/insights/{what}?{day}" for what in ("sales", "funnel", "waiting")]
    found: dict[str, Any] = {path: mall.request("GET", path).body for path in paths}
    for path in ("/api/stores", "/api/depot/bots"):
        found[path] = mall.request("GET", path).body
    found["search"] = mall.request("POST", "/api/search/orders", {}).body
    return found


def test_what_is_lost_is_shown_again_once_its_views_are_rebuilt(mall: OperatedMall) -> None:
    a_few_orders(mall, 3)
    mall.pass_time(120)
    before = shown(mall)
    rebuilt = [("insights", "names"), ("insights", "stages"), ("search", "orders"), ("stores", "catalogue")]
    for service in ("insights", "search", "stores"):
        for key in [key for key in table(mall, service).items if key[0] != "generations"]:
            del table(mall, service).items[key]
    assert shown(mall) != before
    for service, view in rebuilt:
        id = mall.begin(rebuilds.begin, service, view)
        mall.until(id, is_built)
        with mall.at_work("operations"):
            rebuilds.switch(id)
    mall.pass_time(600)
    assert shown(mall) == before


@pytest.mark.parametrize("calls", range(0, 120, 5))
def test_a_rebuild_that_crashes_at_any_call_ends_the_same(mall: OperatedMall, calls: int) -> None:
    a_few_orders(mall, 1)
    [view] = [view for service, view in VIEWS if (service, view.name) == ("search", "orders")]
    expected = rows_of(mall, "search", view, 0)
    left = iter(range(calls))

    def crash(service: str, request: dict[str, Any]) -> None:
        if next(left, None) is None:
            mall.relays.calls = mall.replays.calls = lambda service, request: None
            raise KeyboardInterrupt

    mall.relays.calls = mall.replays.calls = crash
    id = mall.begin(rebuilds.begin, "search", "orders")
    with suppress(KeyboardInterrupt):
        mall.until(id, is_built)
    mall.until(id, is_built)
    assert rows_of(mall, "search", view, 1) == expected
    with mall.at_work("operations"):
        rebuilds.switch(id)
    with suppress(KeyboardInterrupt):
        mall.until(id, is_over)
    run, _ = mall.until(id, is_over)
    assert run.state == runs.DONE
    assert rows_of(mall, "search", view, 1) == expected
    assert {split(key[0])[0] for key in table(mall, "search").items if view.has(split(key[0])[1])} == {1}


def test_a_rebuild_that_is_given_up_while_it_waits_for_containers_is_given_up_at_once(mall: OperatedMall) -> None:
    a_few_orders(mall, 1)
    id = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    assert mall.run_of(id)[1].step == FILL
    with mall.at_work("operations"):
        rebuilds.abort(id)
    mall.run()
    assert mall.run_of(id)[1].step == DROP


def test_a_rebuild_that_is_given_up_leaves_what_was_there_and_nothing_else(mall: OperatedMall) -> None:
    a_few_orders(mall, 1)
    before = deepcopy(table(mall, "search").items)
    id = mall.begin(rebuilds.begin, "search", "orders")
    mall.until(id, is_built)
    with mall.at_work("operations"):
        rebuilds.abort(id)
    run, progress = mall.until(id, is_over)
    assert (run.state, progress.deleted > 0) == (runs.CANCELLED, True)
    assert {key: item for key, item in table(mall, "search").items.items() if key[0] != "generations"} == before
    with mall.at_work("operations"), pytest.raises(RefusedError, match="only what is built"):
        rebuilds.switch(id)


def test_a_paused_rebuild_writes_what_is_new_and_goes_on_with_history_when_it_is_resumed(mall: OperatedMall) -> None:
    a_few_orders(mall, 2)
    id = mall.begin(rebuilds.begin, "search", "orders", rate=1)
    mall.until(id, lambda run, progress: progress.step == FILL)
    with mall.at_work("operations"):
        run_rows.change(id, lambda run: runs.paused(run, "operator:ada"))
    mall.pass_time(600)
    _, before = mall.run_of(id)
    a_few_orders(mall, 1)
    _, after = mall.run_of(id)
    assert after == before
    with mall.at_work("operations"):
        run_rows.change(id, lambda run: runs.resumed(run, ""))
    run, progress = mall.until(id, is_built)
    assert (run.state, progress.compared.different) == (runs.RUNNING, 0)


def test_a_view_is_rebuilt_by_one_run_at_a_time(mall: OperatedMall) -> None:
    first = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    second = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    run, _ = mall.run_of(second)
    assert run.state == runs.STOPPED
    assert first in run.why
    other = mall.begin(rebuilds.begin, "search", "nothing")
    mall.run()
    assert "search has orders" in mall.run_of(other)[0].why
    with pytest.raises(InvalidError, match="no read models"):
        mall.begin(rebuilds.begin, "checkout", "sagas")


def test_a_message_that_fails_in_what_is_built_is_a_letter_and_the_view_that_is_read_has_its_row(
    mall: OperatedMall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of history, stored by the run; of what is new, dead-lettered by the inbox, which goes on with its handlers."""
    [old] = a_few_orders(mall, 1)
    id = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    [view] = [view for service, view in VIEWS if (service, view.name) == ("search", "orders")]
    make = views.position

    def failing(order: dict[str, Any]) -> str:
        found = runtime.current().views
        assert isinstance(found, Generations)
        if found.read(view):
            raise ValueError("no place for it")
        return make(order)

    monkeypatch.setattr(views, "position", failing)
    mall.pass_time(400)
    [new] = a_few_orders(mall, 1)
    _, progress = mall.until(id, is_built)
    with mall.at_work("operations"):
        letters = list(rows.letters(Filter(state="open")).letters)
    assert len(letters) == progress.failed > 0
    assert {(one.consumer, one.order) for one in letters} == {("search/inbox", old.basket_id)}
    given_up = [json.loads(message.body)["detail"]["data"] for message in mall.dead_letters()["search"]]
    assert {data["order_id"] for data in given_up} == {new.basket_id}
    assert {one["built"] for one in progress.compared.samples} == {None}
    found = mall.request("POST", "/api/search/orders", {}).body["orders"]
    assert {order["orderId"] for order in found} == {old.basket_id, new.basket_id}


def test_collecting_goes_on_while_the_depots_rows_are_rebuilt(mall: OperatedMall) -> None:
    """The depot decides by rows that are read in the generation before, and then in the new one."""
    shoppers = a_few_orders(mall, 1)
    id = mall.begin(rebuilds.begin, "depot", "depot")
    mall.until(id, is_built)
    with mall.at_work("operations"):
        rebuilds.switch(id)
    mall.pass_time(120)
    more = a_few_orders(mall, 2)
    assert {one.order()["status"] for one in (*shoppers, *more)} == {"completed"}


def test_a_client_that_pages_through_a_list_goes_on_for_an_hour_after_a_switch_and_then_begins_anew(
    mall: OperatedMall,
) -> None:
    for _ in range(3):
        open_a_store(mall, {"cable": 9.95})
    first = mall.request("GET", "/api/stores?limit=1").body
    id = mall.begin(rebuilds.begin, "stores", "catalogue")
    mall.until(id, is_built)
    with mall.at_work("operations"):
        rebuilds.switch(id)
    mall.pass_time(1_800)
    rest = mall.request("GET", f"/api/stores?limit=9&next={first['next']}")
    assert rest.status == 200
    assert len({store["id"] for store in (*first["stores"], *rest.body["stores"])}) == 3
    mall.until(id, is_over)
    late = mall.request("GET", f"/api/stores?limit=9&next={first['next']}")
    assert (late.status, late.body["detail"]) == (
        400,
        "next: this list was built anew meanwhile: read it from the beginning",
    )
    assert len(mall.request("GET", "/api/stores?limit=9").body["stores"]) == 3


def test_a_rebuild_that_is_read_already_cannot_be_cancelled_as_if_the_one_before_came_back(mall: OperatedMall) -> None:
    a_few_orders(mall, 1)
    id = mall.begin(rebuilds.begin, "search", "orders")
    mall.until(id, is_built)
    with mall.at_work("operations"):
        rebuilds.switch(id)
        with pytest.raises(RefusedError, match="is read already"):
            redrives.cancel(id)
    run, _ = mall.until(id, is_over)
    assert run.state == runs.DONE


@pytest.mark.parametrize("is_switched", [False, True], ids=["before it was switched", "after"])
def test_of_two_operators_who_switch_and_give_up_at_once_the_view_and_the_run_say_the_same(
    mall: OperatedMall, is_switched: bool
) -> None:
    a_few_orders(mall, 1)
    [view] = [view for service, view in VIEWS if (service, view.name) == ("search", "orders")]
    id = mall.begin(rebuilds.begin, "search", "orders")
    _, progress = mall.until(id, is_built)
    with mall.at_work("operations"):
        rebuilds.switch(id)
        if is_switched:  # the runner asked the service, and ended before it noted that
            replays.ask("search", {"switch": {"view": "orders", "generation": progress.generation}})
        run_rows.change(id, lambda one: replace(one, state=runs.CANCELLED))  # by one who looked before the switch
    run, _ = mall.until(id, is_over)
    assert run.state == (runs.DONE if is_switched else runs.CANCELLED)
    left = {split(key[0])[0] for key in table(mall, "search").items if view.has(split(key[0])[1])}
    assert left == ({1} if is_switched else {0})
