"""The simulation is able to fail: with a bug in the system it finds one, and soon."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.kernel.eventstore import repository
from tests.simulation.planted.bug import Bug, Edit, PatchError, Set
from tests.simulation.planted.catalogue import BUGS
from tests.simulation.planted.run import find

# Bugs of every kind that a few schedules find; `make simulate-mutants` looks for all of them.
QUICK = (
    "version counted by commits",
    "creation under a fresh id",
    "relay takes the first message of a commit",
    "refusal not sent",
    "projection without a gate",
    "compensation skipped",
)


def bug_named(name: str) -> Bug:
    return next(bug for bug in BUGS if bug.name == name)


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found_by_a_promise_that_it_breaks(name: str) -> None:
    finding = find(bug_named(name), range(1, 101))
    assert finding is not None
    assert finding.violation.invariant in bug_named(name).finds


def code_of(patch: Any) -> object:
    """What a patch changes, as it is now."""
    return patch.function.__code__ if isinstance(patch, Edit) else vars(patch.owner)[patch.name]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_fits_the_code_and_leaves_it_as_it_was(bug: Bug) -> None:
    before = [code_of(patch) for patch in bug.patches]
    with bug.planted():
        assert all(code_of(patch) != was for patch, was in zip(bug.patches, before, strict=True))
    assert [code_of(patch) for patch in bug.patches] == before


def test_there_are_many_planted_bugs_and_each_says_what_it_breaks() -> None:
    assert len(BUGS) >= 45
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert all(bug.finds and bug.patches and bug.what.endswith(".") for bug in BUGS)


def doubled(number: int) -> int:
    """Something to be edited."""
    return number * 2


def test_an_edited_function_is_other_code_under_the_same_name_and_only_within_the_block() -> None:
    elsewhere: Callable[[int], int] = doubled
    with Edit(doubled, "number * 2", "number * 3").applied():
        assert elsewhere(2) == 6
    assert elsewhere(2) == 4


def test_an_edit_of_what_is_not_there_once_is_refused() -> None:
    with pytest.raises(PatchError, match="holds 0 times"), Edit(doubled, "number * 4", "").applied():
        pass
    with pytest.raises(PatchError, match="holds 2 times"), Edit(doubled, "number", "other").applied():
        pass


def test_a_name_that_is_not_there_cannot_stand_for_something_else() -> None:
    with pytest.raises(PatchError), Set(repository, "NO_SUCH_NAME", 1).applied():
        pass
