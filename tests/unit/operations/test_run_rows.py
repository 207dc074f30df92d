"""Runs are kept with their sets in pages, and changed by one at a time; in memory, and in DynamoDB."""

from dataclasses import replace
from functools import partial

import pytest

from functions.kernel.composition.manifest import manifest
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.views import Row
from functions.operations import run_rows, runs
from functions.operations.run_rows import PAGE
from functions.operations.runs import Run
from tests.support.runtime import memory_runtime


def made(number: int = 1, **fields: object) -> Run:
    created = f"2026-03-01T12:{number:02}:00.000000Z"
    return replace(Run(f"run-{number}", {"group": "g"}, "operator:ada", created, life="life"), **fields)  # type: ignore[arg-type]


def ids_of(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


class Kept:
    def test_a_run_is_read_as_it_was_stored_with_its_set_in_pages(self) -> None:
        run = run_rows.create(made(), ids_of(2 * PAGE + 3))
        assert run_rows.get(run.id) == run
        assert (run.total, run.version_of_row) == (2 * PAGE + 3, 1)
        assert run_rows.states_of(run) == runs.PENDING * (2 * PAGE + 3)
        wanted = [0, PAGE - 1, PAGE, 2 * PAGE + 2, 2 * PAGE + 3, 9 * PAGE]
        assert run_rows.letters_of(run, wanted) == {position: ids_of(5 * PAGE)[position] for position in wanted[:4]}

    def test_a_run_that_is_not_there_is_not_found(self) -> None:
        with pytest.raises(NotFoundError):
            run_rows.get("nothing")

    def test_what_is_made_twice_is_what_was_made_first(self) -> None:
        first = run_rows.create(made(life="first"), ids_of(3))
        second = run_rows.create(made(life="second", rate=5.0), ids_of(9))
        assert second == first
        assert run_rows.letters_of(first, range(9)) == dict(enumerate(ids_of(3)))

    def test_what_became_of_letters_is_noted_over_pages_and_only_becomes_later(self) -> None:
        run = run_rows.create(made(), ids_of(PAGE + 2))
        run_rows.mark(run, {0: runs.SENT, PAGE: runs.HANDLED, PAGE + 1: runs.FAILING, 9 * PAGE: runs.DEAD})
        run_rows.mark(run, {0: runs.FAILING, PAGE: runs.DEAD, PAGE + 1: runs.SENT})
        states = run_rows.states_of(run)
        assert (states[0], states[PAGE:]) == (runs.FAILING, runs.HANDLED + runs.FAILING)

    def test_a_run_that_moved_on_is_not_overwritten(self) -> None:
        run = run_rows.create(made(), [])
        run_rows.change(run.id, lambda one: runs.paused(one, "operator:bo"))
        with pytest.raises(ConcurrencyError):
            run_rows.put(replace(run, why="too late"))
        assert run_rows.get(run.id).state == runs.PAUSED

    def test_a_change_is_made_again_where_another_was_quicker_and_given_up_where_others_always_are(self) -> None:
        run = run_rows.create(made(), [])

        def late(times: list[int], one: Run) -> Run:
            if times:
                run_rows.put(replace(one, why=f"another {times.pop()}"))
            return replace(one, rate=5.0)

        assert run_rows.change(run.id, partial(late, [1, 2])).why == "another 1"
        with pytest.raises(ConcurrencyError, match="by others all the time"):
            run_rows.change(run.id, lambda one: replace(late([3], one), rate=6.0))

    def test_a_page_that_was_begun_is_written_again_with_more(self) -> None:
        run = run_rows.create(made(state=runs.GATHERING, filter={"state": "open"}), [])
        run_rows.add_letters(run, 0, ids_of(3))
        run = run_rows.change(run.id, lambda one: runs.gathered(one, 3, {"place": 0}))
        run_rows.add_letters(run, 0, [*ids_of(3), "another"])
        assert run_rows.states_of(run) == "..."
        run = run_rows.change(run.id, lambda one: runs.gathered(one, 4, None))
        assert run_rows.letters_of(run, range(9)) == {0: ids_of(1)[0], 1: ids_of(2)[1], 2: ids_of(3)[2], 3: "another"}
        assert (run.state, run_rows.states_of(run)) == (runs.RUNNING, "....")

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 50])
    def test_runs_are_listed_those_at_work_first_by_pages_of_any_size(self, limit: int) -> None:
        for number in range(1, 6):
            ended = {"ended": "2026-03-02T12:00:00.000000Z"} if number in (2, 4, 5) else {}
            run_rows.put(made(number, **ended))
        found, after, pages = [], None, 0
        while True:
            page = run_rows.listed(limit, after)
            found += [run.id for run in page.runs]
            after, pages = page.after, pages + 1
            if after is None:
                break
        assert found == ["run-3", "run-1", "run-5", "run-4", "run-2"]
        assert pages == -(-5 // limit)
        assert [run.id for run in run_rows.at_work()] == ["run-1", "run-3"]
        assert list(run_rows.at_work("forecast")) == []


class TestInMemory(Kept):
    """Rows in memory."""


@pytest.mark.usefixtures("in_dynamodb")
class TestInDynamoDB(Kept):
    """Rows in DynamoDB."""


class Repeating(MemoryViews):
    """Rows in memory, written twice each: as where the SDK repeats a write of which the answer was lost."""

    def put(self, row: Row, version: int) -> bool:
        super().put(row, version)
        return super().put(row, version)


def test_a_write_that_the_sdk_repeats_is_one() -> None:
    views = Repeating(manifest("operations").indexes)
    with active(memory_runtime("operations", views=views)):
        run = run_rows.create(made(), ids_of(3))
        assert run_rows.change(run.id, lambda one: runs.paused(one, "operator:bo")).version_of_row == 2
        run_rows.mark(run, {1: runs.SENT})
        assert run_rows.states_of(run) == ".s."


class Taken(MemoryViews):
    """Rows in memory of which the pages of what became of letters are always changed by another."""

    def put(self, row: Row, version: int) -> bool:
        return False if row.sort.startswith("states") and version > 3 else super().put(row, version)


def test_what_others_change_all_the_time_is_noted_later() -> None:
    with active(memory_runtime("operations", views=Taken(manifest("operations").indexes))):
        run = run_rows.create(made(), ids_of(3))
        with pytest.raises(ConcurrencyError, match="by others all the time"):
            run_rows.mark(run, {1: runs.SENT})
