"""What a history must show, whatever went wrong in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.check import (
    assignment_delay,
    baskets,
    collection,
    commands,
    delivery,
    failures,
    money,
    orders,
    poison,
    projections,
    published_state,
    refusals,
    robots,
    sagas,
    side_effects,
    transitions,
)
from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import Entry, Reading
from tests.simulation.check.violation import Violation


def check(history: Sequence[Entry], final: Mapping[str, Any]) -> list[Violation]:
    """Every promise that a history and the state in which it ended do not keep; nothing when all are kept.

    What must be so once all is still is looked at unless `final` says that it is not (`"still": False`).
    """
    reading = Reading(history, final)
    ways = Ways(reading)
    return [
        *commands.violations(reading),
        *transitions.violations(reading),
        *delivery.violations(reading, ways),
        *side_effects.violations(reading, ways),
        *money.violations(reading, ways),
        *robots.violations(reading, ways),
        *sagas.violations(reading, ways),
        *projections.violations(reading, ways),
        *poison.violations(reading),
        *failures.violations(reading),
        *published_state.violations(reading),
        *assignment_delay.violations(reading, ways),
        *baskets.violations(reading),
        *orders.violations(reading, ways),
        *collection.violations(reading, ways),
        *refusals.violations(reading),
    ]
