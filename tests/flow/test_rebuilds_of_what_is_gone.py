"""Rebuilds across deployments: of a view or service that is removed, and of a service of an earlier release."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.kernel.domain.errors import RefusedError
from functions.kernel.projections import rebuilding
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Generations
from functions.operations import rebuilds, runs
from functions.operations.history_rows import BEGIN, BUILT, DROP, FILL, SWITCH
from functions.search import views
from tests.flow.test_rebuilds_that_fail import (
    ANSWERS,
    abort,
    begin_and_build,
    generations_left,
    lose_the_answer,
    pointer,
)
from tests.flow.test_redrive import ask
from tests.flow.test_replays import a_few_orders, is_over
from tests.support.operated import OperatedMall, deployed

LEFT = "rows that are read no more may be left in search"


@pytest.fixture
def mall(monkeypatch: pytest.MonkeyPatch) -> Iterator[OperatedMall]:
    with deployed(monkeypatch):
        yield OperatedMall()


@pytest.fixture
def rename_the_view(monkeypatch: pytest.MonkeyPatch) -> Callable[[OperatedMall], None]:
    def rename(mall: OperatedMall) -> None:
        monkeypatch.setattr(views.projection, "view", View("found", ("found ",)))

    return rename


def remove_the_service(mall: OperatedMall) -> None:
    mall.stopped.add("search")
    mall.manifests = {name: one for name, one in mall.manifests.items() if name != "search"}


def begun(mall: OperatedMall, step: str) -> str:
    """A rebuild that has come to this step."""
    a_few_orders(mall, 1)
    if step == BEGIN:
        lose_the_answer(mall)
    run = mall.begin(rebuilds.begin, "search", "orders")
    mall.until(run, lambda run, progress: progress.step == step)
    mall.replays.calls = ANSWERS
    return run


def given_up(mall: OperatedMall, run: str) -> str:
    """Why a run ended that is given up, within two minutes."""
    abort(mall, run)
    mall.pass_time(120)
    ended, _ = mall.run_of(run)
    assert ended.state == runs.CANCELLED
    assert ended.ended
    return ended.why


@pytest.mark.parametrize("step", [BEGIN, FILL, BUILT])
def test_a_rebuild_whose_view_is_gone_ends_once_it_is_given_up(
    mall: OperatedMall, rename_the_view: Callable[[OperatedMall], None], step: str
) -> None:
    run = begun(mall, step)
    rename_the_view(mall)
    why = given_up(mall, run)
    assert "there is no view orders" in why
    assert LEFT in why


@pytest.mark.parametrize("step", [BEGIN, FILL, BUILT])
def test_a_rebuild_whose_service_is_gone_ends_once_it_is_given_up(mall: OperatedMall, step: str) -> None:
    run = begun(mall, step)
    remove_the_service(mall)
    why = given_up(mall, run)
    assert "there is no service search" in why
    assert LEFT in why


def test_a_rebuild_that_was_switched_to_ends_where_its_view_is_gone_before_the_old_rows_are_deleted(
    mall: OperatedMall, rename_the_view: Callable[[OperatedMall], None]
) -> None:
    run = begin_and_build(mall)
    ask(mall, "PUT", f"runs/{run}/switch")
    mall.until(run, lambda run, progress: progress.step == DROP)
    rename_the_view(mall)
    ended, _ = mall.until(run, is_over)
    assert ended.state == runs.DONE
    assert LEFT in ended.why


@pytest.mark.parametrize("gone", ["view", "service"])
def test_a_rebuild_that_stopped_at_its_switch_can_be_given_up(
    mall: OperatedMall, rename_the_view: Callable[[OperatedMall], None], gone: str
) -> None:
    run = begun(mall, BUILT)
    ask(mall, "PUT", f"runs/{run}/switch")
    rename_the_view(mall) if gone == "view" else remove_the_service(mall)
    mall.pass_time(120)
    stopped, progress = mall.run_of(run)
    assert (stopped.state, progress.step) == (runs.STOPPED, SWITCH)
    assert LEFT in given_up(mall, run)


def test_a_rebuild_that_stopped_at_its_switch_is_not_given_up_where_its_service_says_that_it_is_read(
    mall: OperatedMall, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(mall, BUILT)
    ask(mall, "PUT", f"runs/{run}/switch")
    with mall.at_work("search"):  # its answer is lost, and then the view is gone until a deployment brings it back
        mall.replays.invoke("search", {"switch": {"view": "orders", "generation": 1}})
    with monkeypatch.context() as patch:
        patch.setattr(views.projection, "view", View("found", ("found ",)))
        mall.pass_time(120)
    assert mall.run_of(run)[0].state == runs.STOPPED
    abort(mall, run)
    ended, _ = mall.until(run, is_over)
    assert (ended.state, pointer(mall).live) == (runs.DONE, 1)
    assert generations_left(mall) == {1}


def test_a_service_of_an_earlier_release_that_refuses_to_give_up_what_is_read_has_it_read_on(
    mall: OperatedMall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One operator's switch took effect, another's abort was stored before that was noted."""
    today = rebuilding.abort

    def released(rows: Generations, view: View, generation: int) -> dict[str, Any]:
        if pointer(mall).live == generation:
            raise RefusedError(f"generation {generation} of {view.name} is read already: rebuild it once more")
        return today(rows, view, generation)

    monkeypatch.setattr(rebuilding, "abort", released)
    run = begun(mall, BUILT)
    with mall.at_work("search"):
        mall.replays.invoke("search", {"switch": {"view": "orders", "generation": 1}})
    abort(mall, run)
    ended, _ = mall.until(run, is_over)
    assert (ended.state, pointer(mall).live) == (runs.DONE, 1)
    assert generations_left(mall) == {1}
