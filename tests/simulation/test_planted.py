"""The simulation is able to fail: it finds planted bugs within few schedules."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.kernel.eventstore import repository
from tests.simulation import templates
from tests.simulation.planted.bug import Bug, Edit, PatchError, Retemplate, Set, plain
from tests.simulation.planted.catalogue import BUGS
from tests.simulation.planted.run import find

# Bugs of every kind that a few schedules find; `make simulate-mutants` runs all of them.
QUICK = (
    "version counted by commits",
    "creation under a fresh id",
    "relay takes the first message of a commit",
    "refusal not sent",
    "projection without a gate",
    "compensation skipped",
    "personal: a key that is not deleted",
    "personal: a number packed into a row",
    "personal: a restored table serves as it is",
    "personal: a key in a log line",
    "personal: a phone beside its customer in a log line",
    "personal: a phone left after a restoration",
)


def bug_named(name: str) -> Bug:
    return next(bug for bug in BUGS if bug.name == name)


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found_by_an_invariant_that_it_violates(name: str) -> None:
    finding = find(bug_named(name), range(1, 101))
    assert finding is not None
    assert finding.violation.invariant in bug_named(name).finds


def code_of(patch: Any) -> object:
    """The current code or value that a patch changes."""
    if isinstance(patch, Retemplate):
        return templates.deployed()
    return plain(patch.function).__code__ if isinstance(patch, Edit) else vars(patch.owner)[patch.name]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_still_fits_the_code_and_restores_it(bug: Bug) -> None:
    before = [code_of(patch) for patch in bug.patches]
    with bug.planted():
        assert all(code_of(patch) != was for patch, was in zip(bug.patches, before, strict=True))
    assert [code_of(patch) for patch in bug.patches] == before


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_no_planted_bug_edits_a_function_twice(bug: Bug) -> None:
    """An edit starts from the function's source, so a second one would undo the first."""
    edited = [patch.function for patch in bug.patches if isinstance(patch, Edit)]
    assert len(edited) == len(set(edited))


def test_there_are_many_planted_bugs_and_each_names_the_invariants_that_it_violates() -> None:
    assert len(BUGS) >= 45
    assert sum(bug.name.startswith("personal: ") for bug in BUGS) >= 50
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert all(bug.finds and bug.patches and bug.what.endswith(".") for bug in BUGS)


def doubled(number: int) -> int:
    """A function to edit."""
    return number * 2


def test_an_edit_changes_the_code_of_the_same_function_object_within_the_block_only() -> None:
    elsewhere: Callable[[int], int] = doubled
    with Edit(doubled, "number * 2", "number * 3").applied():
        assert elsewhere(2) == 6
    assert elsewhere(2) == 4


def test_an_edit_whose_text_does_not_occur_exactly_once_is_refused() -> None:
    with pytest.raises(PatchError, match="has 0 times"), Edit(doubled, "number * 4", "").applied():
        pass
    with pytest.raises(PatchError, match="has 2 times"), Edit(doubled, "number", "other").applied():
        pass


def test_an_unknown_name_cannot_be_set() -> None:
    with pytest.raises(PatchError), Retemplate("queues", "no_such_name", 1).applied():
        pass
    with pytest.raises(PatchError), Set(repository, "NO_SUCH_NAME", 1).applied():
        pass
