"""docs/scale.md: its tables are what the code needs and the stage allows, and its sentences say what the tables say."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.insights.rows import SHARDS
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from functions.payments import service
from tests.simulation import scale
from tests.simulation.dispatching import HINTS_PER_ORDER
from tests.simulation.needs import Counting, Needs
from tests.unit.payments.till import ADA, Till


@pytest.fixture(scope="module")
def needs() -> Needs:
    return Counting().needs()


def test_the_tables_are_as_the_command_writes_them() -> None:
    assert scale.page() == scale.PAGE.read_text(), "run .venv/bin/python -m tests.simulation.scale"


def test_an_order_leads_to_as_many_messages_for_the_dispatcher_as_its_rate_is_computed_with(needs: Needs) -> None:
    assert needs.received["depot/dispatcher"] == HINTS_PER_ORDER


def test_the_stages_of_an_order_are_six_units_spread_over_shards(needs: Needs) -> None:
    """A shard takes 10,000 orders a minute, as functions/insights/rows.py says."""
    units = needs.rising["insights/views", "stages <hour> <shard>"]
    assert units * SHARDS == 6
    assert round(scale.PARTITION_WRITES / 6 * 60) == scale.TARGET


def test_the_sweep_makes_as_many_calls_for_a_payment_as_its_rate_is_computed_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    till, calls = Till(), Counter[str]()

    def count(target: Any, name: str) -> None:
        method: Callable[..., Any] = getattr(target, name)

        def counted(*args: Any, **named: Any) -> Any:
            calls[name] += 1
            return method(*args, **named)

        monkeypatch.setattr(target, name, counted)

    with active(till.runtime):
        till.deliver(ADA)
        for _ in range(10):
            service.authorize("ada", 2000)
        for target in (till.runtime.store, till.runtime.views):
            for name in ("commit", "backwards", "forwards", "read", "put", "get", "get_many", "query", "delete"):
                if hasattr(target, name):
                    count(target, name)
        later = clock.now() + timedelta(days=2)
        with clock.fixed(lambda: later):
            service.release_unconfirmed()
    assert calls.pop("query") == 2  # a page of the rows, and one of those of earlier code
    assert calls.pop("forwards") == 1  # the table's epochs, once in five minutes
    assert sum(calls.values()) == 10 * scale.RELEASE


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
