"""What the trial of many robots counts, and which lists that were put down twice it excuses."""

from collections.abc import Collection
from typing import Any

import pytest

from tests.e2e.trial import count


def counted(drops: set[str], unreported: Collection[str] = (), **of_list: Any) -> dict[str, int]:
    found = count(
        [{"id": "x", "assignment": 2, "status": "completed", **of_list}], {one: {"a"} for one in drops}, unreported
    )
    return {name: found[name] for name in ("collected_once", "lost", "driven_twice", "unreported")}


def test_a_list_is_collected_once_by_the_robot_that_completed_it() -> None:
    assert counted({"x.2"}) == {"collected_once": 1, "lost": 0, "driven_twice": 0, "unreported": 0}


def test_a_list_that_is_not_completed_is_lost() -> None:
    assert counted(set(), status="active") == {"collected_once": 0, "lost": 1, "driven_twice": 0, "unreported": 0}


@pytest.mark.parametrize(
    ("drops", "unreported", "excused"),
    [
        pytest.param({"x.1", "x.2"}, {"x.1"}, True, id="since its robot could not tell it, and another completed it"),
        pytest.param({"x.1", "x.2"}, set(), False, id="though its robot had told it"),
        pytest.param({"x.1", "x.2"}, {"x.2"}, False, id="when another had completed it"),
        pytest.param({"x.2", "x.3"}, {"x.3"}, False, id="though it was completed before"),
    ],
)
def test_a_list_that_was_put_down_twice_is_excused(drops: set[str], unreported: set[str], excused: bool) -> None:
    found = counted(drops, unreported)
    assert (found["collected_once"], found["driven_twice"], found["unreported"]) == (0, not excused, excused)
