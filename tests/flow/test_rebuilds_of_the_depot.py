"""Rebuilds of a view that another queue than the service's inbox feeds, beside one that reads the same messages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from events.envelope import Metadata
from functions.depot import views
from functions.kernel.projections.generation import split
from functions.kernel.projections.generations import Generations
from functions.kernel.runtime import runtime
from functions.operations import rebuilds, runs
from functions.operations.history_rows import BUILT
from tests.flow.test_rebuilds_that_fail import redrive, refused, states
from tests.flow.test_redrive import ask
from tests.flow.test_replays import a_few_orders, is_over, table
from tests.support.operated import OperatedMall, deployed, views_of

FEEDER = "depot/gathered"


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch):
        yield


@pytest.fixture
def mall() -> OperatedMall:
    return OperatedMall()


@pytest.fixture
def mended(mall: OperatedMall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Rows of lists and robots fail in generations that are not read, until this is called."""
    [view] = views_of(mall.manifests["depot"])
    make = views._since

    def failing(metadata: Metadata) -> dict[str, Any]:
        found = runtime.current().views
        assert isinstance(found, Generations)
        if found.read(view):
            raise ValueError("no place for it")
        return make(metadata)

    with monkeypatch.context() as patch:
        patch.setattr(views, "_since", failing)
        yield patch.undo


def build(mall: OperatedMall) -> str:
    run = mall.begin(rebuilds.begin, "depot", "depot")
    mall.until(run, lambda run, progress: progress.step == BUILT or run.state != runs.RUNNING)
    return run


def collected(mall: OperatedMall) -> dict[str, str]:
    """The letters that are open, each with its consumer."""
    mall.pass_time(300)
    mall.operate("collector")
    return {letter["id"]: letter["consumer"] for letter in ask(mall, "GET", "letters?state=open")["letters"]}


def keys(mall: OperatedMall, generation: int) -> set[tuple[str, str]]:
    """Of the rows of lists and robots in a generation."""
    found = ((*split(partition), str(sort)) for partition, sort in table(mall, "depot").items)
    return {(name, sort) for number, name, sort in found if number == generation and name in ("lists", "bots")}


def switched_to(mall: OperatedMall, run: str) -> bool:
    ask(mall, "PUT", f"runs/{run}/switch")
    return mall.until(run, is_over)[0].state == runs.DONE


def test_it_is_not_switched_to_while_letters_of_the_queue_that_feeds_it_say_that_it_lacks_rows(
    mall: OperatedMall, mended: Callable[[], None]
) -> None:
    run = build(mall)
    a_few_orders(mall, 1)
    letters = collected(mall)
    assert set(letters.values()) == {FEEDER}
    assert f"letters of {FEEDER} whose reason begins with 'depot, generation 1:'" in refused(mall, run)
    mended()
    redrive(mall, list(letters))
    assert states(mall, list(letters)) == {"done"}
    assert switched_to(mall, run)


def test_a_message_of_history_that_failed_goes_back_to_the_queue_that_feeds_it(
    mall: OperatedMall, mended: Callable[[], None]
) -> None:
    """The dispatcher subscribes to some of these too, and would be done with them without a row."""
    a_few_orders(mall, 1)
    run = build(mall)
    assert mall.run_of(run)[1].failed
    letters = collected(mall)
    assert set(letters.values()) == {FEEDER}
    refused(mall, run)
    mended()
    redrive(mall, list(letters))
    assert keys(mall, 1) == keys(mall, 0)
    assert switched_to(mall, run)


def test_a_message_that_fails_by_history_and_alive_is_one_letter(
    mall: OperatedMall, mended: Callable[[], None]
) -> None:
    run = build(mall)
    a_few_orders(mall, 1)
    alive = collected(mall)
    ask(mall, "PUT", f"runs/{run}/abort")
    mall.until(run, is_over)
    build(mall)
    assert collected(mall).keys() == alive.keys()
