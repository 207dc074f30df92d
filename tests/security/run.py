"""Runs cases in a world, and cases under mutants in memory."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import Any

from tests.security.cases import Case
from tests.security.in_memory import InMemory
from tests.security.mutants import MUTANTS
from tests.security.scene import furnish, heartbeat
from tests.security.world import World

BROKEN = range(500, 600)


def fault(case: Case, world: World, mutated: AbstractContextManager[Any] | None = None) -> str:
    """What is wrong with how the attack of a case ended; "" if it was refused and nothing changed.

    mutated: the mall without a guard, in which the attack alone happens: what comes before is as ever, so that it
    cannot be what fails. A mall that only breaks shows nothing of its guard. Raises NotHereError where this world
    cannot do what it needs.
    """
    heartbeat(world)
    case.prepare(world)
    world.settle()
    before = world.state()
    with mutated or nullcontext():
        try:
            answer = case.attack(world)
        except AssertionError as error:
            return str(error)
        world.settle()
    if mutated and answer.status in BROKEN:
        return ""
    if answer.status not in case.statuses:
        expected = " or ".join(map(str, case.statuses))
        return f"was answered {answer.status}, not {expected}: {answer.text[:200]}"
    after = world.state()
    changed = {kind for kind in {**before, **after} if before.get(kind) != after.get(kind)} - {*case.changes}
    return f"changed {', '.join(sorted(changed))}" if changed else ""


def survivors(cases: Iterable[Case]) -> list[str]:
    """The cases that hold although their guard is taken out: they show nothing of it."""
    furnished = InMemory()
    furnish(furnished)
    return [
        f"{case.name} (mutant: {case.guard})"
        for case in cases
        if not fault(case, deepcopy(furnished), MUTANTS[case.guard]())
    ]
