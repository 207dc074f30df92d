"""Every attack is refused in memory, and every case fails when its guard is taken out: make security does the same on
a deployment.
"""

from copy import deepcopy
from dataclasses import replace
from unittest.mock import patch

import pytest

from functions.stores import service as stores
from tests.security.cases import Case, as_
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


def test_an_attack_that_changes_what_it_may_not_is_found_though_its_status_is_right(furnished: InMemory) -> None:
    attack = as_("ada", "POST", "/api/baskets", {"customerId": "{ada}"})
    allowed = ("baskets Basket", "baskets rows", "insights rows")
    case = Case("a basket", (200,), "none", attack, changes=allowed)
    assert fault(case, deepcopy(furnished)) == "changed published BasketStarted"
    assert fault(replace(case, changes=(*allowed, "published BasketStarted")), deepcopy(furnished)) == ""


def test_a_mall_that_only_breaks_without_a_guard_shows_nothing_of_it(furnished: InMemory) -> None:
    case = Case("a store", (404,), "none", as_("staff", "GET", "/api/stores/none"))
    broken = patch.object(stores, "store", lambda store_id: 1 / 0)
    assert fault(case, deepcopy(furnished), broken) == ""
    assert fault(case, deepcopy(furnished)) == ""


def test_there_are_at_least_sixty_cases_each_with_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


def test_the_page_of_cases_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: .venv/bin/python -m tests.security --write"


def test_the_page_of_commands_says_how_many_are_tried() -> None:
    deployed = sum(not case.memory_only for case in CASES)
    page = (PAGE.parent / "running.md").read_text()
    assert f"tries {len(CASES)} attacks, {deployed} of them on a deployment" in page
