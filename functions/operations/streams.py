"""What a stream was, asked of its owner: its commits, its aggregate as of a version or a time, and what changed."""

from collections.abc import Iterator, Mapping
from typing import Any

from functions.kernel.domain.errors import NotFoundError
from functions.operations import consumers
from functions.operations.cloud import relays_now

Change = tuple[str, Any, Any]
ABSENT = None  # what a path has on the side on which it is not there


def commits(service: str, stream: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Commits behind a version, and where the next page begins. Raises NotFoundError, UnavailableError."""
    answer = _asked(service, {"commits": {"stream": stream, "after": after, "limit": limit}})
    if not answer["commits"] and not after:
        raise NotFoundError(f"{service} has no stream {stream}")
    return answer["commits"], answer["next"]


def state(service: str, stream: str, version: int | None = None, time: str | None = None) -> tuple[int, Any]:
    """The version and the fields of an aggregate then. Raises NotFoundError, UnavailableError."""
    answer = _asked(service, {"state": {"stream": stream, "version": version, "time": time}})
    if answer["state"] is None:
        commits(service, stream, 0, 1)
        raise NotFoundError(f"{stream} was not there then, or holds answers to commands alone")
    return answer["version"], answer["state"]


def difference(service: str, stream: str, first: int, second: int | None) -> list[Change]:
    """What differs between two versions, or a version and the newest: paths such as `items.0.quantity`, and values."""
    before, after = (dict(_paths(state(service, stream, version)[1])) for version in (first, second))
    return [
        (path, before.get(path, ABSENT), after.get(path, ABSENT))
        for path in sorted({*before, *after})
        if before.get(path, ABSENT) != after.get(path, ABSENT)
    ]


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that holds no others, with its path; an empty list or object is such a value."""
    parts: Mapping[str, Any] = {}
    if isinstance(value, dict):
        parts = value
    elif isinstance(value, list):
        parts = {str(place): each for place, each in enumerate(value)}
    if not parts:
        yield path, value
    for name, each in parts.items():
        yield from _paths(each, f"{path}.{name}" if path else name)


def _asked(service: str, request: dict[str, Any]) -> dict[str, Any]:
    known = [name for name, served in consumers.services().items() if served.has_history]
    if service not in known:
        raise NotFoundError(f"{service} has no streams: {', '.join(known)} have")
    return relays_now().invoke(service, request)
