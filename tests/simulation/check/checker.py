"""The entry point of the checker: all families of invariants over one history."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.check import (
    access,
    assignment_delay,
    baskets,
    collection,
    commands,
    delivery,
    failures,
    identity,
    language,
    letters,
    lists,
    loops,
    lost_updates,
    money,
    orders,
    orders_to_robots,
    outages,
    past,
    personal,
    poison,
    projections,
    provider,
    published_state,
    rebuilt,
    reconciled,
    redrives,
    refusals,
    refused_requests,
    robots,
    robots_work,
    sagas,
    sets,
    side_effects,
    stages,
    stream_history,
    transitions,
)
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import Entry, ParsedHistory
from tests.simulation.check.violation import Violation


def check(entries: Sequence[Entry], final: Mapping[str, Any]) -> list[Violation]:
    """The violations of a recorded history and its final state; [] when every invariant holds.

    Safety invariants are checked always, liveness invariants unless the run did not settle (`"quiescent": False`).
    """
    history = ParsedHistory(entries, final)
    deliveries = Deliveries(history)
    stream = stream_history.parsed(history)
    return [
        *commands.violations(history),
        *transitions.violations(history),
        *delivery.violations(history, deliveries),
        *side_effects.violations(history, deliveries),
        *money.violations(history, deliveries),
        *provider.violations(history, deliveries),
        *robots.violations(history, deliveries),
        *sagas.violations(history, deliveries),
        *projections.violations(history, deliveries),
        *stages.violations(history, deliveries),
        *poison.violations(history),
        *loops.violations(history),
        *failures.violations(history),
        *published_state.violations(history),
        *assignment_delay.violations(history, deliveries),
        *baskets.violations(history),
        *orders.violations(history, deliveries),
        *collection.violations(history, deliveries),
        *refusals.violations(history),
        *refused_requests.violations(history),
        *lists.violations(history),
        *language.violations(history),
        *letters.violations(history, deliveries),
        *lost_updates.violations(history),
        *reconciled.violations(history),
        *redrives.violations(history),
        *sets.violations(history),
        *rebuilt.violations(history, deliveries),
        *outages.violations(history),
        *access.violations(history),
        *identity.violations(history),
        *past.violations(history),
        *personal.violations(history),
        *orders_to_robots.violations(history, stream, deliveries),
        *robots_work.violations(history, stream, deliveries),
    ]
