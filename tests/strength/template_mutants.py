"""The mutants of the templates: small changes of what the simulation reads out of them (tests/simulation/templates.py).

A number becomes a tenth of it, a flag its opposite; a rule, a schedule, a part of a pattern, a filter or a dead-letter
queue goes.
"""

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tests.simulation.templates import FILE
from tests.strength.mutants import Edit, Mutant

ENTRIES = ("rules", "timers", "schedules", "robots_rules")
"""Kinds of which one may be missing; without a function, a queue or a mapping nothing runs."""
UNFILTERED = ["{}"]
Path = tuple[str | int, ...]


def template_mutants(file: str) -> list[Mutant]:
    """All mutants of the templates. file: the name of the file of facts, from the root of the repository."""
    text = FILE.read_text()
    return [_mutant(file, text, path, operator, value) for path, operator, value in _changes(json.loads(text))]


def _changes(facts: dict[str, Any]) -> Iterator[tuple[Path, str, Any]]:
    """What is changed: the path, how, and the value that it gets; ... removes it."""
    for kind in sorted(facts):
        for name in sorted(facts[kind]):
            if kind in ENTRIES:
                yield (kind, name), "entry removed", ...
            if isinstance(facts[kind][name], dict):
                for fact in sorted(facts[kind][name]):
                    yield from _of_fact((kind, name, fact), facts[kind][name][fact])


def _of_fact(path: Path, value: Any) -> Iterator[tuple[Path, str, Any]]:
    match path[-1], value:
        case _, bool():
            yield path, "flag turned", not value
        case "retries", int():
            yield path, "constant changed", 1
        case _, int() | float() if value > 1:
            yield path, "constant changed", max(1, value // 10)
        case "dead_letters", str():
            yield path, "dead letters removed", None
        case "pattern", dict():
            for field in ("detail-type", "source"):
                if len(value[field]) > 1:
                    yield from (((*path, field, place), "part removed", ...) for place in range(len(value[field])))
            yield from (((*path, "detail", "to", place), "part removed", ...) for place in range(2))
        case "patterns", list():
            yield path, "filter removed", UNFILTERED


def _mutant(file: str, text: str, path: Path, operator: str, value: Any) -> Mutant:
    facts = json.loads(text)
    holder = facts
    for step in path[:-1]:
        holder = holder[step]
    before = copy.copy(holder[path[-1]])
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    changed = json.dumps(facts, indent=1, sort_keys=True) + "\n"
    where = ".".join(map(str, path))
    digest = hashlib.sha256(json.dumps([before, None if value is ... else value]).encode()).hexdigest()[:10]
    edit = Edit(operator, 0, len(text), changed)
    return Mutant(f"{file}:{where}:{operator}:{digest}", file, where, operator, text, edit)
