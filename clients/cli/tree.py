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
    ordered = sorted(messages, key=_place)
    for one in ordered:
        if cause := causes.get(one["id"]):
            followed.setdefault(cause["id"], []).append(one)
        else:
            roots.append(one)
    seen: set[str] = set()
    for root in (*roots, *ordered):  # causes do not form a circle, but if they did, no message would be missing
        waiting = [(root, 0)]
        while waiting:
            one, depth = waiting.pop()
            if one["id"] in seen:
                continue
            seen.add(one["id"])
            yield Branch(one, depth, _gap(one, causes[one["id"]]) if depth else None)
            waiting += [(next_one, depth + 1) for next_one in reversed(followed.get(one["id"], []))]


def _gap(one: Json, cause: Json) -> float:
    """Seconds since its cause; 0 where clocks differ by more."""
    return max(0.0, (moment(one["time"]) - moment(cause["time"])).total_seconds())


def _causes(messages: list[Json]) -> dict[str, Json]:
    """By the id of a message, the one that it is after.

    Clocks differ: a stream may have said what followed from a message before that message, by their times. So of what
    a stream said before, what followed from the message itself does not count: each would be after the other.
    """
    known = {one["id"]: one for one in messages}
    causes = {
        one["id"]: known[cause] for one in messages if (cause := one["causationId"]) in known if cause != one["id"]
    }
    said: dict[str, list[Json]] = {}
    for one in sorted(messages, key=_place):
        earlier = said.setdefault(one["stream"], [])
        if (id := one["causationId"]) and id not in known:
            before = (other for other in reversed(earlier) if other["causationId"] != id)
            if cause := next((other for other in before if not _follows(other, one, causes)), None):
                causes[one["id"]] = cause
        earlier.append(one)
    return causes


def _follows(later: Json, one: Json, causes: dict[str, Json]) -> bool:
    """Whether a message followed from another, or is it."""
    at: Json | None = later
    seen: set[str] = set()
    while at and at["id"] != one["id"] and at["id"] not in seen:
        seen.add(at["id"])
        at = causes.get(at["id"])
    return at is not None and at["id"] == one["id"]


def _place(message: Json) -> tuple[str, str]:
    return message["time"], message["id"]


def lines(messages: list[Json]) -> Iterator[str]:
    """The tree as text: time, gap, and the message with its service, indented by its depth."""
    for one in branches(messages):
        time = moment(one.message["time"]).strftime("%H:%M:%S.%f")[:-3]
        gap = "" if one.gap is None else f"+{one.gap:.1f} s"
        service = one.message["source"].rpartition(".")[2]
        yield f"{time}  {gap:>9}  {'   ' * one.depth}{service}: {one.message['name']}"
