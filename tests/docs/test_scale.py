"""docs/scale.md: its tables are what the code needs and the stage allows, and its sentences say what the tables say."""

import re

import pytest

from tests.simulation import scale
from tests.simulation.dispatching import HINTS_PER_ORDER
from tests.simulation.needs import Counting, Needs


@pytest.fixture(scope="module")
def needs() -> Needs:
    return Counting().needs()


def test_the_tables_are_as_the_command_writes_them() -> None:
    assert scale.page() == scale.PAGE.read_text(), "run .venv/bin/python -m tests.simulation.scale"


def test_an_order_leads_to_as_many_messages_for_the_dispatcher_as_its_rate_is_computed_with(needs: Needs) -> None:
    assert needs.received["depot/dispatcher"] == HINTS_PER_ORDER


def test_the_funnel_stops_where_its_one_partition_does(needs: Needs) -> None:
    """At about 80 orders a second."""
    units = needs.rising["insights/views", "funnel"]
    assert 80 <= scale.PARTITION_WRITES / units < 85


def test_what_stops_before_the_target_is_named_before_the_tables() -> None:
    above, _, tables = scale.PAGE.read_text().partition(scale.BEGIN)
    stops = {stop for stop in re.findall(r"\*\*([\d,]+)\*\*", tables) if int(stop.replace(",", "")) < scale.TARGET}
    named = set(re.findall(r"\*\*([\d,]+)(?: orders a minute)?\*\*", above))
    assert named <= stops
    lowest = [min(found, key=lambda one: int(one.replace(",", ""))) for found in by_part(tables).values()]
    assert set(lowest) <= named


def by_part(tables: str) -> dict[str, list[str]]:
    """The bold figures of each part."""
    found: dict[str, list[str]] = {}
    for part, stop in re.findall(r"^\| ([a-z ]+) \| .* \| \*\*([\d,]+)\*\* \|", tables, re.MULTILINE):
        found.setdefault(part, []).append(stop)
    return found
