"""The timeline of an order: from insights, or from the commits of its owners where insights does not have it."""

from clients.cli.ending import NOT_FOUND, EndedError
from clients.cli.tool import Tool, at
from clients.mall import Json


def timeline(tool: Tool, order: str) -> list[Json]:
    """The messages of an order, oldest first. Raises EndedError where neither has any.

    Those of the owners are without answers that changed nothing and what is in a robot's own streams, and with
    reminders.
    """
    try:
        return tool.pages(f"/api/insights/orders/{at(order)}/timeline", "messages")
    except EndedError as error:
        if not is_away(error) and error.code != NOT_FOUND:
            raise
        found = committed(tool, order)
        tool.out.say("insights does not have its timeline: this is what its owners have in their commits")
        return found


def committed(tool: Tool, order: str) -> list[Json]:
    """The messages in the commits of an order's owners."""
    return tool.pages(f"/api/operations/orders/{at(order)}/timeline", "messages")


def is_away(error: EndedError) -> bool:
    """Whether a service did not answer."""
    return "(503 " in error.message
