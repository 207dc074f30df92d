"""The timeline of an order, put together from what insights has and what the commits of its owners hold.

Insights may be behind or down. Owners have no answers that changed nothing, and nothing of a robot's own streams.
"""

from collections.abc import Iterable

from clients.cli.ending import NOT_FOUND, EndedError
from clients.cli.tool import Tool, at
from clients.mall import Json

SOURCES = {
    "insights": "/api/insights/orders/{}/timeline",
    "operations": "/api/operations/orders/{}/timeline",
}


def timeline(tool: Tool, order: str) -> list[Json]:
    """The messages of an order, oldest first. Raises EndedError where there are none."""
    found: list[Json] = []
    errors: dict[str, EndedError] = {}
    for service, path in SOURCES.items():
        try:
            found += tool.pages(path.format(at(order)), "messages")
        except EndedError as error:
            if not is_away(error) and error.code != NOT_FOUND:
                raise
            errors[service] = error
    if not found:
        raise next(iter(errors.values()))
    silent = [service for service, error in errors.items() if is_away(error)]
    if silent:
        tool.out.say(f"{' and '.join(silent)} did not answer: some messages may be missing")
    return merged(found)


def merged(messages: Iterable[Json]) -> list[Json]:
    """Messages by their times, each once."""
    return sorted({one["id"]: one for one in messages}.values(), key=lambda one: (one["time"], one["id"]))


def is_away(error: EndedError) -> bool:
    """Whether a service did not answer."""
    return "(503 " in error.message
