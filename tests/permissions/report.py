"""The table of docs/security.md: every statement taken out, and given to every other function."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.infra.conftest import Resource, listed
from tests.infra.policies import Names
from tests.permissions.expected import expected, universe
from tests.permissions.experiments import (
    Added,
    TakenOut,
    with_each_neighbours,
    without_each_part,
    without_each_statement,
)
from tests.permissions.judge import Judge
from tests.permissions.recording import recording
from tests.permissions.roles import Call, Role, roles
from tests.permissions.tools import by_what_it_is_for
from tests.permissions.work import work

MADE = re.compile(r"made-by-cloudformation-(\w+?)-(?:Service)?(\w+?)[0-9A-F]{8}")


@dataclass(frozen=True)
class Recorded:
    """The functions of a stage, what each was seen to call, and all calls that are judged."""

    roles: Mapping[str, Role]
    calls: Mapping[str, set[Call]]
    every: set[Call]

    def expected(self, role: Role) -> set[Call]:
        """What a function is to be let do."""
        return expected(role, self.calls, self.every)


def record(names: Names) -> Recorded:
    """Have every function do its work, and record what it calls."""
    found = roles(names)
    with recording(found) as recorder:
        work(recorder)
    seen = recorder.calls
    calls = {name: seen[name] | role.platform | by_what_it_is_for(role, names, seen) for name, role in found.items()}
    return Recorded(found, calls, universe(names, calls))


def faults(role: Role, recorded: Recorded, judge: Judge) -> list[str]:
    """What a role lacks, what it is let do beyond what it needs, and the parts that nothing needs."""
    needed = recorded.expected(role)
    may = judge.allowed(role.statements, recorded.every)
    calls = recorded.calls[role.name]
    taken = [*without_each_statement(role, calls, judge), *without_each_part(role, calls, judge)]
    return [
        *(f"{role.name} is refused {call}" for call in sorted(needed - may, key=str)),
        *(f"{role.name} need not be let {call}" for call in sorted(may - needed, key=str)),
        *(f"{role.name} fails in nothing without {one.part}" for one in taken if not one.failing),
    ]


def table(recorded: Recorded, judge: Judge) -> tuple[list[str], list[str]]:
    """The lines of the table, and the statements that let no neighbour through where they should be refused."""
    taken: dict[tuple[str, int], TakenOut] = {}
    added: dict[tuple[str, int], list[Added]] = {}
    for role in recorded.roles.values():
        for number, one in enumerate(without_each_statement(role, recorded.calls[role.name], judge)):
            taken[role.name, number] = one
        refused = recorded.every - recorded.expected(role)
        for given in with_each_neighbours(role, recorded.roles, refused, judge):
            added.setdefault((given.of, given.statement), []).append(given)
    lines = ["| function | may | on | without it fails | given to the others, lets through |", "|---|---|---|---|---|"]
    for (name, number), one in taken.items():
        statement = recorded.roles[name].statements[number]
        lines.append(_row(name, statement, one, added[name, number]))
    silent = [
        f"{given.of} {given.statement} given to {given.role}"
        for found in added.values()
        for given in found
        if not given.through and not given.redundant
    ]
    return lines, silent


def grant(name: str, statement: Resource) -> tuple[str, str, str]:
    """What one row is about: a function, what it may do, and on what."""
    actions = ", ".join(action.partition(":")[2] for action in statement["Action"])
    names = listed(statement.get("Condition", {}).get("StringEquals", {}).get("events:detail-type", []))
    on = ", ".join(_friendly(resource) for resource in statement.get("Resource", ["a phone number"]))
    return name, actions + (f" ({', '.join(names)})" if names else ""), on


def _row(name: str, statement: Resource, taken: TakenOut, added: Sequence[Added]) -> str:
    through = [given for given in added if given.through]
    have = len(added) - len(through)
    has = f" ({have} {'has' if have == 1 else 'have'} it)" if have else ""
    example = f"{through[0].role}: {_friendly(_first(through[0].through))}"
    cells = [
        *grant(name, statement),
        _friendly(_first(taken.failing)) + (f" and {len(taken.failing) - 1} more" if len(taken.failing) > 1 else ""),
        f"{len(through)}{has}; {example}",
    ]
    return f"| {' | '.join(cells)} |"


def _first(calls: frozenset[Call]) -> str:
    return min(map(str, calls))


def _friendly(text: str) -> str:
    """A resource's name without what is the same in all, or says nothing to a reader."""
    text = text.split(":", 5)[-1] if text.startswith("arn:") else text
    text = MADE.sub(r"\1 \2", text)
    text = re.sub(r"\b(table/|event-bus/|function:|log-group:|secret:|userpool/|parameter/mallbots/dev/)", "", text)
    text = re.sub(r"(:\*|-AbCdEf|log-stream:1|/stream/[1*])", lambda m: " stream" if "/stream/" in m[0] else "", text)
    return text.replace("/index/", " index ").replace("mallbots-dev-", "").replace("mallbots.", "").rstrip(":")
