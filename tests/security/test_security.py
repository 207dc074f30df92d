"""Every attack is refused in memory, and every case fails when its guard is taken out: make security does the same on
a deployment.
"""

from copy import deepcopy

import pytest

from tests.security.cases import Case
from tests.security.in_memory import InMemory
from tests.security.mutants import MUTANTS
from tests.security.page import CASES, PAGE, page
from tests.security.run import fault, survivors
from tests.security.scene import furnish


@pytest.fixture(scope="module")
def furnished() -> InMemory:
    world = InMemory()
    furnish(world)
    return world


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_attack_is_refused_and_changes_nothing(case: Case, furnished: InMemory) -> None:
    assert fault(case, deepcopy(furnished)) == ""


@pytest.mark.parametrize("guard", sorted(MUTANTS))
def test_every_case_fails_when_its_guard_is_taken_out(guard: str) -> None:
    cases = [case for case in CASES if case.guard == guard]
    assert cases, "no case needs this guard"
    assert survivors(cases) == []


def test_every_guard_that_a_case_names_can_be_taken_out() -> None:
    assert {case.guard for case in CASES} - set(MUTANTS) == set()


def test_there_are_at_least_sixty_cases_each_with_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


def test_the_page_of_cases_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: .venv/bin/python -m tests.security --write"
