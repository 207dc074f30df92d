"""Rebuilds in trouble: letters of what is being built, and runs that are given up while they begin."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.generation import Pointer, View, pointers, split
from functions.kernel.projections.generations import PLACE, Generations
from functions.kernel.runtime import runtime
from functions.operations import rebuilds, runs
from functions.operations.history_rows import BEGIN, BUILT, FILL
from functions.search import views
from tests.flow.test_redrive import ask
from tests.flow.test_replays import a_few_orders, is_over, table
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.operated import OperatedMall, deployed, views_of

EDITED = 123  # cents
ANSWERS: Callable[[str, Any], object] = lambda service, request: None  # noqa: E731


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch):
        yield


@pytest.fixture
def mall() -> OperatedMall:
    return OperatedMall()


def orders_view(mall: OperatedMall) -> View:
    [view] = [view for view in views_of(mall.manifests["search"]) if view.name == "orders"]
    return view


def pointer(mall: OperatedMall) -> Pointer:
    rows = mall.runtimes["search"].views
    assert isinstance(rows, Generations)
    return pointers(rows.store.get(*PLACE)).get("orders", Pointer())


def generations_left(mall: OperatedMall) -> set[int]:
    """Those of which there are rows."""
    view = orders_view(mall)
    return {split(key[0])[0] for key in table(mall, "search").items if view.has(split(key[0])[1])}


def abort(mall: OperatedMall, run: str) -> None:
    with mall.at_work("operations"):
        rebuilds.abort(run)


def begin_and_build(mall: OperatedMall) -> str:
    run = mall.begin(rebuilds.begin, "search", "orders")
    mall.until(run, lambda run, progress: progress.step == BUILT or run.state != runs.RUNNING)
    return run


def refused(mall: OperatedMall, run: str) -> str:
    """Why a run is not switched to."""
    answer = mall.request("PUT", f"/api/operations/runs/{run}/switch", caller=OPERATOR_ON_CALL)
    assert answer.status == 409, answer
    return str(answer.body)


def orders_found(mall: OperatedMall) -> int:
    return len(mall.request("POST", "/api/search/orders", {}).body["orders"])


@pytest.fixture
def broken(mall: OperatedMall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A projection that fails in generations that are not read; returns what mends it."""
    make, view = views.position, orders_view(mall)

    def failing(order: dict[str, Any]) -> str:
        found = runtime.current().views
        assert isinstance(found, Generations)
        if found.read(view):
            raise ValueError("no place for it")
        return make(order)

    with monkeypatch.context() as patch:
        patch.setattr(views, "position", failing)
        yield patch.undo


def test_what_was_built_is_not_switched_to_while_its_letters_are_not_collected(
    mall: OperatedMall, broken: Callable[[], None]
) -> None:
    run = begin_and_build(mall)
    a_few_orders(mall, 1)
    mall.pass_time(300)
    assert "search/inbox/dead-letters has messages that are not collected yet" in refused(mall, run)
    mall.operate("collector")
    assert "lacks what letter" in refused(mall, run)


@pytest.fixture
def letters_of_what_is_built(mall: OperatedMall, broken: Callable[[], None]) -> tuple[str, list[str]]:
    """A rebuild whose generation lacks the rows of a new order, and the letters that say so."""
    run = begin_and_build(mall)
    a_few_orders(mall, 1)
    mall.pass_time(300)
    mall.operate("collector")
    letters = [letter["id"] for letter in ask(mall, "GET", "letters?state=open")["letters"]]
    assert len(letters) >= 3
    return run, letters


def redrive(mall: OperatedMall, letters: list[str]) -> Any:
    """Send letters back; the run as it is when it goes on no more, after some minutes."""
    run = ask(mall, "POST", "redrives", {"letters": letters})["id"]
    for _ in range(8):
        mall.operate("collector", "redriver")
        mall.pass_time(60)
    mall.operate("collector", "redriver")
    return ask(mall, "GET", f"runs/{run}")["run"]


def states(mall: OperatedMall, letters: list[str]) -> set[str]:
    return {ask(mall, "GET", f"letters/{letter}")["letter"]["state"] for letter in letters}


def test_a_letter_that_fails_again_in_what_is_built_is_open_and_its_redrive_stops_by_itself(
    mall: OperatedMall, letters_of_what_is_built: tuple[str, list[str]]
) -> None:
    _, letters = letters_of_what_is_built
    shown = redrive(mall, letters)
    assert (shown["state"], shown["counts"]["done"]) == (runs.STOPPED, 0)
    assert shown["counts"]["dead"] >= 3
    assert states(mall, letters) == {"open"}
    again = redrive(mall, letters)  # SQS takes what is sent twice within five minutes for one: nothing hangs on that
    assert (again["state"], again["counts"]["done"], again["counts"]["sent"]) == (runs.STOPPED, 0, 0)


def test_a_report_that_is_lost_does_not_make_a_letter_of_what_is_built_done(
    mall: OperatedMall, letters_of_what_is_built: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its dead letter says which letter of which redrive it is."""
    _, letters = letters_of_what_is_built
    with monkeypatch.context() as patch:
        patch.setattr("functions.kernel.messaging.outcomes.dead", lambda record, error: None)
        shown = redrive(mall, letters)
    assert shown["counts"]["done"] == 0
    assert states(mall, letters) == {"open"}


def test_once_it_is_mended_the_view_that_is_switched_to_lacks_nothing(
    mall: OperatedMall, letters_of_what_is_built: tuple[str, list[str]], broken: Callable[[], None]
) -> None:
    run, letters = letters_of_what_is_built
    redrive(mall, letters)
    broken()
    shown = redrive(mall, letters)
    assert (shown["state"], shown["counts"]["done"]) == (runs.DONE, len(letters))
    with mall.at_work("operations"):
        rebuilds.switch(run)
    mall.pass_time(600)
    assert orders_found(mall) == 1


def test_what_was_built_is_not_switched_to_while_letters_say_that_it_lacks_rows(
    mall: OperatedMall, letters_of_what_is_built: tuple[str, list[str]], broken: Callable[[], None]
) -> None:
    run, letters = letters_of_what_is_built
    assert "letters of search/inbox whose reason begins with 'orders, generation 1:'" in refused(mall, run)
    assert mall.run_of(run)[1].step == BUILT
    for letter in letters[1:]:
        ask(mall, "PUT", f"letters/{letter}/discard", {"reason": "its order is of no use"})
    ask(mall, "PUT", f"letters/{letters[0]}/park", {"reason": "for tomorrow"})
    refused(mall, run)
    ask(mall, "PUT", f"letters/{letters[0]}/reopen")
    broken()
    assert redrive(mall, letters[:1])["counts"]["done"] == 1
    ask(mall, "PUT", f"runs/{run}/switch")
    assert mall.until(run, is_over)[0].state == runs.DONE


def test_a_message_of_history_that_failed_in_what_is_built_keeps_it_from_being_switched_to(
    mall: OperatedMall, broken: Callable[[], None]
) -> None:
    a_few_orders(mall, 1)
    run = begin_and_build(mall)
    assert mall.run_of(run)[1].failed
    refused(mall, run)
    letters = [letter["id"] for letter in ask(mall, "GET", "letters?state=open")["letters"]]
    broken()
    redrive(mall, letters)
    ask(mall, "PUT", f"runs/{run}/switch")
    mall.pass_time(600)
    assert orders_found(mall) == 1


def test_letters_of_another_view_or_generation_do_not_keep_a_view_from_being_switched_to(
    mall: OperatedMall, letters_of_what_is_built: tuple[str, list[str]], broken: Callable[[], None]
) -> None:
    first, _ = letters_of_what_is_built
    abort(mall, first)
    mall.until(first, is_over)
    broken()
    ask(mall, "PUT", f"runs/{begin_and_build(mall)}/switch")
    mall.pass_time(600)
    assert orders_found(mall) == 1


def lose_the_answer(mall: OperatedMall) -> None:
    """That of `begin`, after it took effect."""
    calls: list[str] = []

    def lost(service: str, request: dict[str, Any]) -> None:
        calls.extend(request)
        if calls.count("begin") == 2:
            raise UnavailableError("search does not answer")

    mall.replays.calls = lost


def test_a_rebuild_that_is_given_up_before_the_answer_of_its_beginning_came_leaves_no_generation(
    mall: OperatedMall,
) -> None:
    a_few_orders(mall, 1)
    lose_the_answer(mall)
    first = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    assert (mall.run_of(first)[1].step, pointer(mall).building) == (BEGIN, 1)
    mall.replays.calls = ANSWERS
    abort(mall, first)
    run, _ = mall.until(first, is_over)
    assert run.state == runs.CANCELLED
    assert pointer(mall).is_idle
    assert generations_left(mall) == {0}
    assert mall.run_of(begin_and_build(mall))[0].state == runs.RUNNING


@pytest.mark.parametrize("call", [1, 2], ids=["before it takes effect", "after"])
def test_a_rebuild_that_is_given_up_while_its_beginning_is_under_way_leaves_no_generation(
    mall: OperatedMall, call: int
) -> None:
    a_few_orders(mall, 1)
    calls: list[str] = []

    def given_up_meanwhile(service: str, request: dict[str, Any]) -> None:
        calls.extend(request)
        if "begin" in request and calls.count("begin") == call:
            abort(mall, first)
            mall.run()

    mall.replays.calls = given_up_meanwhile
    first = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    run, _ = mall.until(first, is_over)
    assert run.state == runs.CANCELLED
    assert pointer(mall).is_idle
    assert generations_left(mall) == {0}


def test_a_generation_that_an_ended_run_left_is_given_up_by_the_next_rebuild(mall: OperatedMall) -> None:
    """As releases before this one left some."""
    a_few_orders(mall, 1)
    with mall.at_work("search"):
        mall.replays.invoke("search", {"begin": {"view": "orders", "run": "a run of half a year ago"}})
    mall.pass_time(600)
    a_few_orders(mall, 1)
    assert generations_left(mall) == {0, 1}
    run = begin_and_build(mall)
    assert (pointer(mall).building, orders_found(mall)) == (2, 2)
    with mall.at_work("operations"):
        rebuilds.switch(run)
    ended, _ = mall.until(run, is_over)
    assert (ended.state, orders_found(mall)) == (runs.DONE, 2)
    assert pointer(mall).is_idle
    assert generations_left(mall) == {2}


def test_a_generation_that_a_run_is_filling_is_not_given_up_by_another(mall: OperatedMall) -> None:
    first = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    second = mall.begin(rebuilds.begin, "search", "orders")
    mall.run()
    assert mall.run_of(first)[1].step == FILL
    assert (mall.run_of(second)[0].state, pointer(mall).run) == (runs.STOPPED, first)
    abort(mall, second)  # one that has begun nothing
    mall.until(second, is_over)
    assert (pointer(mall).run, pointer(mall).building) == (first, 1)


def edit_and_redrive(mall: OperatedMall, letters: list[str]) -> None:
    """Send messages with another total in the place of letters."""
    edited = []
    for letter in letters:
        body = json.loads(ask(mall, "GET", f"letters/{letter}")["letter"]["body"])
        data = {**body["detail"]["data"], "total": EDITED}
        edited.append(ask(mall, "PUT", f"letters/{letter}/data", {"data": data})["letter"])
    assert redrive(mall, edited)["counts"]["done"] == len(letters)


def test_what_is_built_has_what_was_sent_edited_before_it_is_switched_to(
    mall: OperatedMall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """History holds the original alone, which fails in every generation that is built."""
    make = views.position

    def failing(order: dict[str, Any]) -> str:
        if order.get("total", EDITED) != EDITED:
            raise ValueError("no place for it")
        return make(order)

    a_few_orders(mall, 1)
    monkeypatch.setattr(views, "position", failing)
    first = begin_and_build(mall)
    letters = [one["id"] for one in ask(mall, "GET", "letters?state=open")["letters"]]
    edit_and_redrive(mall, letters)
    assert states(mall, letters) == {"done"}
    abort(mall, first)
    mall.until(first, is_over)

    run = begin_and_build(mall)
    mall.operate("collector")
    assert states(mall, letters) == {"open"}
    history = ask(mall, "GET", f"letters/{letters[0]}")["letter"]["history"]
    assert (history[-1]["what"], "edit it once more" in history[-1]["detail"]) == ("opened again", True)
    refused(mall, run)
    mall.pass_time(300)
    edit_and_redrive(mall, letters)  # with the same data
    assert states(mall, letters) == {"done"}
    ask(mall, "PUT", f"runs/{run}/switch")
    assert mall.until(run, is_over)[0].state == runs.DONE
    mall.pass_time(600)
    [found] = mall.request("POST", "/api/search/orders", {}).body["orders"]
    assert (round(found["total"] * 100), found["status"]) == (EDITED, "completed")
