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

    A message whose cause is not among them (a request, or a message that the timeline does not have) is a root.
    """
    known = {one["id"]: one for one in messages}
    followed: dict[str, list[Json]] = {}
    roots = []
    for one in sorted(messages, key=lambda message: (message["time"], message["id"])):
        cause = one["causationId"]
        if cause in known and cause != one["id"]:
            followed.setdefault(cause, []).append(one)
        else:
            roots.append(one)
    waiting = [(root, 0) for root in reversed(roots)]
    seen: set[str] = set()
    while waiting:
        one, depth = waiting.pop()
        if one["id"] in seen:
            continue
        seen.add(one["id"])
        cause = known.get(one["causationId"] or "")
        gap = (moment(one["time"]) - moment(cause["time"])).total_seconds() if cause and depth else None
        yield Branch(one, depth, gap)
        waiting += [(next_one, depth + 1) for next_one in reversed(followed.get(one["id"], []))]


def lines(messages: list[Json]) -> Iterator[str]:
    """The tree as text: time, gap, and the message with its service, indented by its depth."""
    for one in branches(messages):
        time = moment(one.message["time"]).strftime("%H:%M:%S.%f")[:-3]
        gap = "" if one.gap is None else f"+{one.gap:.1f} s"
        service = one.message["source"].rpartition(".")[2]
        yield f"{time}  {gap:>9}  {'   ' * one.depth}{service}: {one.message['name']}"
