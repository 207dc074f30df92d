"""The bill of orders at a pace, and the same run counted in another way."""

import pytest

from infra.stages import STAGES
from tests.cost import bill as lines
from tests.cost.bill import Bill, bill
from tests.cost.flow import Run, run
from tests.cost.recount import recount

MEMORY = STAGES["prod"].memory_mb


@pytest.fixture(scope="module")
def counted() -> Run:
    return run(0.4, 20)


@pytest.fixture(scope="module")
def billed(counted: Run) -> Bill:
    return bill(counted, MEMORY)


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("write_units", (lines.WRITES, lines.INDEXES, lines.REFUSED)),
        ("read_units", (lines.READS,)),
        ("bus_entries", (lines.ENTRIES,)),
        ("queue_requests", (lines.REQUESTS, lines.FIFO)),
        ("invocations", (lines.INVOCATIONS,)),
    ],
)
def test_another_count_of_the_same_run_is_the_same_within_five_percent(
    counted: Run, billed: Bill, kind: str, of: tuple[str, ...]
) -> None:
    assert recount(counted)[kind] == pytest.approx(billed.of(*of), rel=0.05)


def test_the_lines_that_functions_print_have_the_bytes_that_are_billed(counted: Run) -> None:
    assert sum(lines.logged(counted).values()) == recount(counted)["log_bytes"] * counted.orders


def test_as_many_orders_are_counted_as_began(counted: Run) -> None:
    assert counted.orders == pytest.approx(20, rel=0.05)
    assert counted.seconds == pytest.approx(20 / 0.4, rel=0.05)
