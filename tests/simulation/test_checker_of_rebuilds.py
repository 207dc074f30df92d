"""What is built of a read model is left by no run that has ended."""

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.rebuilt import NONE_LEFT


def _violated(pointer: dict[str, object]) -> set[str]:
    history = sample_histories.completed()
    history.write_row("search/views", "generations", "pointers", 1, {"views": {"orders": pointer}})
    return {violation.invariant for violation in check(history.entries, history.final)}


def test_a_generation_whose_run_is_over_is_found() -> None:
    assert NONE_LEFT in _violated({"live": 0, "building": 1, "run": "a run that is gone", "kept": []})


def test_a_view_of_which_nothing_is_built_violates_nothing() -> None:
    assert NONE_LEFT not in _violated({"live": 0, "building": None, "run": "a run that is gone", "kept": []})
