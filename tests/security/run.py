"""Runs cases in a world, and cases under mutants in memory."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy

from tests.security.cases import Case
from tests.security.in_memory import InMemory
from tests.security.mutants import MUTANTS
from tests.security.scene import furnish, heartbeat
from tests.security.world import NotHereError, World


def fault(case: Case, world: World) -> str:
    """What is wrong with how the attack of a case ended; "" if it was refused and nothing changed.

    Raises NotHereError where this world cannot do what it needs.
    """
    heartbeat(world)
    case.prepare(world)
    world.settle()
    before = world.state()
    try:
        answer = case.attack(world)
    except AssertionError as error:
        return str(error)
    world.settle()
    if answer.status not in case.statuses:
        expected = " or ".join(map(str, case.statuses))
        return f"was answered {answer.status}, not {expected}: {answer.text[:200]}"
    return "" if case.changes or world.state() == before else "was refused, but changed what is stored or published"


def survivors(cases: Iterable[Case]) -> list[str]:
    """The cases that hold although their guard is taken out: they show nothing of it."""
    furnished = InMemory()
    furnish(furnished)
    return [f"{case.name} (mutant: {case.guard})" for case in cases if not _fails(case, furnished)]


def _fails(case: Case, furnished: InMemory) -> bool:
    world = deepcopy(furnished)
    mutated: AbstractContextManager[object] = MUTANTS[case.guard]() if case.guard in MUTANTS else nullcontext()
    with mutated:
        try:
            return bool(fault(case, world))
        except NotHereError:
            raise
        except Exception:  # a mall without a guard may break in any way
            return True
