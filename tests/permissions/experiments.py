"""What is lost when a statement is taken out, and what is let through when a neighbour's is added."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.infra.conftest import Resource, listed
from tests.permissions.judge import Judge
from tests.permissions.roles import Call, Role

NAMES = "events:detail-type"


@dataclass(frozen=True)
class TakenOut:
    """A part of a statement that was taken out, and the calls that fail without it."""

    role: str
    part: str
    failing: frozenset[Call]


@dataclass(frozen=True)
class Added:
    """A neighbour's statement that was added to a role, and what it lets through that is expected to be refused.

    of: the neighbour. Nothing is let through where the role has the same already: `redundant`.
    """

    role: str
    of: str
    statement: int
    through: frozenset[Call]
    redundant: bool


def without_each_statement(role: Role, needed: set[Call], judge: Judge) -> Iterator[TakenOut]:
    """Each statement taken out of a role by itself."""
    for number in range(len(role.statements)):
        rest = [statement for n, statement in enumerate(role.statements) if n != number]
        yield TakenOut(role.name, str(number), frozenset(needed - judge.allowed(rest, needed)))


def without_each_part(role: Role, needed: set[Call], judge: Judge) -> Iterator[TakenOut]:
    """Each action, each resource and each name of a message taken out by itself; alone it would be its statement."""
    for number, statement in enumerate(role.statements):
        for part, changed in _parts(statement):
            rest = [changed if n == number else one for n, one in enumerate(role.statements)]
            yield TakenOut(role.name, f"{number} {part}", frozenset(needed - judge.allowed(rest, needed)))


def _parts(statement: Resource) -> Iterator[tuple[str, Resource]]:
    for key in ("Action", "Resource"):
        values = statement.get(key, [])
        if len(values) > 1:
            yield from ((value, {**statement, key: [v for v in values if v != value]}) for value in values)
    condition: dict[str, Any] = statement.get("Condition", {}).get("StringEquals", {})
    names = listed(condition.get(NAMES, []))
    if len(names) > 1:
        for name in names:
            kept = {**condition, NAMES: [other for other in names if other != name]}
            yield name, {**statement, "Condition": {"StringEquals": kept}}


def with_each_neighbours(role: Role, roles: Mapping[str, Role], refused: set[Call], judge: Judge) -> Iterator[Added]:
    """Each statement of each other function added to a role by itself.

    refused: what the role is expected to be refused; only calls of the statement's own actions can change.
    """
    for other in roles.values():
        for number, statement in enumerate(other.statements):
            if other.name == role.name:
                continue
            tried = {call for call in refused if call.action in statement["Action"]}
            through = judge.allowed([*role.statements, statement], tried)
            yield Added(role.name, other.name, number, frozenset(through), not through and _has(role, statement, judge))


def _has(role: Role, statement: Resource, judge: Judge) -> bool:
    """Whether a role may do already all that a statement allows."""
    calls = {
        Call(action, resource, context)
        for action in statement["Action"]
        for resource in statement.get("Resource", ["*"])
        for context in product(*_fulfilled(statement))
    }
    return judge.allowed(role.statements, calls) == calls


def _fulfilled(statement: Resource) -> list[list[tuple[str, str]]]:
    """The keys and values of a request that fulfil a statement's conditions; a pattern of ? fulfils itself."""
    tests = [test for operator in statement.get("Condition", {}).values() for test in operator.items()]
    return [[(key, value) for value in listed(values)] for key, values in tests]
