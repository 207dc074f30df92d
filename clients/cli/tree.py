"""The causation tree of a timeline: what followed from what, across services, with times and gaps."""

from collections.abc import Iterator
from dataclasses import dataclass

from clients.cli.wording import moment
from clients.mall import Json


@dataclass(frozen=True)
class Branch:
    """A message in the tree: how deep, and how many seconds after its cause (None for a root)."""

    message: Json
    depth: int
    gap: float | None


def branches(messages: list[Json]) -> Iterator[Branch]:
    """The messages, each after its cause; roots, and what has one cause, by their times.

    What a request led to is a root. A message whose cause is not among them (an answer that no commit holds, another
    order's message) is after what its stream said before, or a root where that is nothing.
    """
    followed: dict[str, list[Json]] = {}
    roots, causes = [], _causes(messages)
    for one in sorted(messages, key=_place):
        if cause := causes.get(one["id"]):
            followed.setdefault(cause["id"], []).append(one)
        else:
            roots.append(one)
    waiting = [(root, 0) for root in reversed(roots)]
    seen: set[str] = set()
    while waiting:
        one, depth = waiting.pop()
        if one["id"] in seen:
            continue
        seen.add(one["id"])
        cause = causes.get(one["id"])
        gap = (moment(one["time"]) - moment(cause["time"])).total_seconds() if cause and depth else None
        yield Branch(one, depth, gap)
        waiting += [(next_one, depth + 1) for next_one in reversed(followed.get(one["id"], []))]


def _causes(messages: list[Json]) -> dict[str, Json]:
    """By the id of a message, the one that it is after."""
    known = {one["id"]: one for one in messages}
    said: dict[str, list[Json]] = {}
    causes: dict[str, Json] = {}
    for one in sorted(messages, key=_place):
        if id := one["causationId"]:
            before = (other for other in reversed(said.get(one["stream"], [])) if other["causationId"] != id)
            cause = known.get(id) or next(before, None)
            if cause and cause["id"] != one["id"]:
                causes[one["id"]] = cause
        said.setdefault(one["stream"], []).append(one)
    return causes


def _place(message: Json) -> tuple[str, str]:
    return message["time"], message["id"]


def lines(messages: list[Json]) -> Iterator[str]:
    """The tree as text: time, gap, and the message with its service, indented by its depth."""
    for one in branches(messages):
        time = moment(one.message["time"]).strftime("%H:%M:%S.%f")[:-3]
        gap = "" if one.gap is None else f"+{one.gap:.1f} s"
        service = one.message["source"].rpartition(".")[2]
        yield f"{time}  {gap:>9}  {'   ' * one.depth}{service}: {one.message['name']}"
