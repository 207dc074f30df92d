"""What a history must show, whatever went wrong in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.check import (
    choosing,
    collecting,
    delivery,
    effects,
    failing,
    fulfilling,
    money,
    poison,
    projections,
    refusing,
    robots,
    sagas,
    saying,
    storing,
    transitions,
    waiting,
)
from tests.simulation.check.delivery import Ways
from tests.simulation.check.reading import Entry, Reading
from tests.simulation.check.violation import Violation


def check(history: Sequence[Entry], final: Mapping[str, Any]) -> list[Violation]:
    """Every promise that a history and the state in which it ended do not keep; nothing when all are kept.

    What must be so once all is still is looked at unless `final` says that it is not (`"still": False`).
    """
    reading = Reading(history, final)
    ways = Ways(reading)
    return [
        *storing.violations(reading),
        *transitions.violations(reading),
        *delivery.violations(reading, ways),
        *effects.violations(reading, ways),
        *money.violations(reading, ways),
        *robots.violations(reading, ways),
        *sagas.violations(reading, ways),
        *projections.violations(reading, ways),
        *poison.violations(reading),
        *failing.violations(reading),
        *saying.violations(reading),
        *waiting.violations(reading, ways),
        *choosing.violations(reading),
        *fulfilling.violations(reading, ways),
        *collecting.violations(reading, ways),
        *refusing.violations(reading),
    ]
