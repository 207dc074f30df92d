"""Lists of lists when each is as large as it may be."""

import json

import pytest

from functions.depot import service
from functions.kernel.domain.sizes import must_fit
from functions.kernel.runtime.views import Row
from tests.unit.depot.floor import Floor

LARGEST_ANSWER = 6_291_456  # bytes of a function's answer
COUNT = 60  # lists of 130 kB each in an answer, which escapes what is not ASCII
LINES = [service.Wanted("bakery", f"{n:036}", 1, "Corner Bakery", f"{n:03}{'é' * 197}") for n in range(100)]


@pytest.fixture
def large(floor: Floor) -> Floor:
    """Lists as large as orders may be, all of which are assigned to robots, and robots that have none."""
    must_fit(LINES, "the order")
    floor.views.put(Row("stores", "bakery", {"name": "Corner Bakery", "location": "Floor 6"}), 1)
    for n in range(COUNT):
        floor.available(f"order-{n:02}", *LINES)
        floor.idle(f"Robot {n}")
    for n in range(20):
        floor.idle(f"Robot without a list {n}")
    floor.settle()
    return floor


def listed(floor: Floor, query: str) -> tuple[list[str], list[int]]:
    """The ids on all pages, sorted, and how many each page has. Each page fits into an answer."""
    found: list[str] = []
    lengths = []
    following = ""
    while True:
        page = floor.request("GET", f"/shopping?limit=100{query}{following}").body
        assert len(json.dumps({"body": json.dumps(page)})) < LARGEST_ANSWER
        found += [one["id"] for one in page["lists"]]
        lengths.append(len(page["lists"]))
        if "next" not in page:
            return sorted(found), lengths
        following = f"&next={page['next']}"


@pytest.mark.parametrize("status", ["assigned", "active", None])
def test_a_page_of_large_lists_at_work_fits_into_an_answer_and_none_is_lost_or_shown_twice(
    large: Floor, status: str | None
) -> None:
    if status == "active":
        for n in range(COUNT):
            service.start(f"order-{n:02}", 1)
    found, lengths = listed(large, f"&status={status}" if status else "")
    assert found == [f"order-{n:02}" for n in range(COUNT)]
    assert lengths == [38, 22]


def test_a_page_of_large_lists_is_cut_though_some_have_left_its_status(large: Floor) -> None:
    for n in range(0, COUNT, 2):
        service.start(f"order-{n:02}", 1)
    for status, first in (("active", 0), ("assigned", 1)):
        found, _ = listed(large, f"&status={status}")
        assert found == [f"order-{n:02}" for n in range(first, COUNT, 2)]
