"""Which letters a command is about: those that are named, or the open ones of a group, a service or a message."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clients.cli.ending import USAGE, EndedError, unknown
from clients.cli.tool import ALL, Known, Tool, at, query
from clients.cli.wording import counted
from clients.mall import Json

ROOT = "/api/operations"
MANY = 100  # letters: a page of them


@dataclass(frozen=True)
class Chosen:
    """What the user named: ids of letters, or a group, or what the open letters have in common."""

    ids: tuple[str, ...] = ()
    group: str = ""
    service: str = ""
    message: str = ""


@dataclass(frozen=True)
class Choice:
    """body: as redrives and forecasts take it. counts: how many these are now, by consumer and message.

    more: there are more than were read, so they are as their groups count them, once a minute. as_of: the moment of
    that now, where they are not named: a redrive that names it sends none that came later.
    """

    body: Json
    counts: Counter[tuple[str, str]]
    more: bool = False
    as_of: str = ""

    @property
    def number(self) -> str:
        """How many they are: `12 letters`."""
        return "about " * self.more + counted(self.counts.total(), "letter")


def choose(tool: Tool, chosen: Chosen) -> Choice:
    """Raises EndedError where it is not one of the three, and for an id that there is not."""
    ways = [bool(chosen.ids), bool(chosen.group), bool(chosen.service or chosen.message)]
    if sum(ways) != 1:
        raise EndedError("which letters? name their ids, or a --group, or a --service or --message", USAGE)
    if chosen.ids:
        found = letters_of(tool, chosen.ids)
        return Choice({"letters": [one["id"] for one in found]}, _counted(found))
    if chosen.group:
        known = group_of(tool, chosen.group)
        return _listed(tool, {"group": known["id"]}, group=known["id"])
    wanted = {n: v for n, v in (("service", chosen.service), ("message", chosen.message)) if v}
    must_consume(tool, chosen.service)
    return _listed(tool, {"filter": wanted}, **wanted)


def _listed(tool: Tool, body: Json, **wanted: str) -> Choice:
    """The open letters of a group or filter."""
    letters, more, page = tool.read(f"{ROOT}/letters{query(**wanted, state='open')}", "letters")
    counts = _counted(letters)
    if more:
        counts |= _by_groups(tool, **wanted)
    return Choice({"letters": [], **body}, counts, more, page["asOf"])


def _counted(letters: Iterable[Json]) -> Counter[tuple[str, str]]:
    return Counter((one["consumer"], one["message"]) for one in letters)


def _by_groups(tool: Tool, group: str = "", service: str = "", message: str = "") -> Counter[tuple[str, str]]:
    """How many letters are open, as their groups count them, by consumer and message."""
    found: Counter[tuple[str, str]] = Counter()
    for one in [group_of(tool, group)] if group else _groups(tool):
        of = one["consumer"], one["consumer"].partition("/")[0]
        if service in ("", *of) and message in ("", one["message"]):
            found[one["consumer"], one["message"]] += one["counts"]["open"]
    return found


def _groups(tool: Tool) -> Iterator[Json]:
    """All groups: one that was resolved may hold letters that are open."""
    for state in ("open", "resolved"):
        yield from tool.pages(f"{ROOT}/groups?state={state}", "groups", ALL)


def open_letters(tool: Tool) -> Json:
    """How many letters are open, in how many groups. Few are counted themselves, since groups count once a minute."""
    letters = tool.pages(f"{ROOT}/letters?state=open", "letters", MANY)
    of_groups = {one["group"] for one in letters}
    if len(letters) < MANY:
        return {"deadLetters": len(letters), "groups": len(of_groups)}
    counts = [one["counts"]["open"] for one in _groups(tool)]
    return {"deadLetters": max(sum(counts), len(letters)), "groups": max(sum(map(bool, counts)), len(of_groups))}


def consumers(tool: Tool) -> list[str]:
    """The names of all consumers, such as depot/inbox."""
    return [one["name"] for one in tool.get(f"{ROOT}/consumers")["consumers"]]


def services(tool: Tool) -> list[str]:
    """The names of all services that consume."""
    return sorted({name.partition("/")[0] for name in consumers(tool)})


def must_consume(tool: Tool, given: str) -> None:
    """Raises EndedError, with the nearest one, for what is no service or consumer, if anything is given."""
    if given:
        names = consumers(tool)
        known = {*names, *(name.partition("/")[0] for name in names)}
        if given not in known and not given.endswith("/relay"):
            raise unknown("service or consumer", given, known)


def letter_of(tool: Tool, id: str) -> Json:
    """A letter, by its id or the beginning of it. Raises EndedError."""
    found: Json = tool.found(f"{ROOT}/letters/{at(id)}", "letter", id, lambda: letter_ids(tool))["letter"]
    return found


def letters_of(tool: Tool, ids: Iterable[str]) -> list[Json]:
    """Several, each once. Raises EndedError."""
    return list({one["id"]: one for one in (letter_of(tool, id) for id in dict.fromkeys(ids))}.values())


def group_of(tool: Tool, id: str) -> Json:
    """A group, by its id or the beginning of it. Raises EndedError."""
    found: Json = tool.found(f"{ROOT}/groups/{at(id)}", "group", id, lambda: group_ids(tool))["group"]
    return found


def letter_ids(tool: Tool) -> Known:
    """The ids of the letters, the open ones first."""
    return tool.known(f"{ROOT}/letters", "letters")


def group_ids(tool: Tool) -> Known:
    """The ids of the open groups."""
    return tool.known(f"{ROOT}/groups", "groups")


def assigned(text: str) -> tuple[str, Any]:
    """`name=value`: the value as JSON, or as the text that it is. Raises EndedError."""
    name, is_there, value = text.partition("=")
    if not (name and is_there):
        raise EndedError(f"--set takes name=value, not {text!r}", USAGE)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
