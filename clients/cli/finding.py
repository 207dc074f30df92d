"""Which order is meant by an id of something else: a phone number, a payment, a list, a robot, a letter, a message."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from clients.cli import timelines
from clients.cli.ending import FAILED, NOT_FOUND, USAGE, EndedError, ambiguous, nearest
from clients.cli.facts import OVER
from clients.cli.tool import Tool, at
from clients.cli.wording import counted
from clients.mall import Json

PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]{5,22}")  # as people write a number; no UUID is so short
RECENT = 20  # orders, of which the timelines are looked through for a message
NUMBER = 8  # characters of an order's id, by which its customer knows it
OF_AN_ORDER = ("order_id", "basket_id")


def order_of(tool: Tool, id: str) -> str:
    """The id of the order. Raises EndedError, with the nearest order that there is, where nothing has this id."""
    if is_phone(id):
        return by_number(tool, id) or _phone(tool, id)
    for find in (_order, by_number, _list, _payment, _robot, _letter, _flow, _message):
        if found := find(tool, id):
            if found != id:
                tool.out.say(f"{id} is of order {found}")
            return found
    if tool.silent:
        names = " and ".join(tool.silent)
        raise EndedError(f"nothing that answers knows {id!r}, and {names} did not answer", FAILED, tool.typed("status"))
    found = nearest(id, latest(tool))
    hint = f"did you mean {found}?" if found else ""
    raise EndedError(f"no order, payment, list, robot, letter, flow or message has the id {id!r}", NOT_FOUND, hint)


def is_phone(text: str) -> bool:
    """Whether it is written as a phone number, which is put into no address. An order's number may be one, too."""
    return PHONE.fullmatch(text) is not None


def _order(tool: Tool, id: str) -> str:
    if _of(tool, f"/api/ordering/{at(id)}", lambda found: found["order"]["id"]):
        return id
    return _of(tool, f"/api/baskets/{at(id)}", lambda found: found["basket"]["id"])


def by_number(tool: Tool, id: str) -> str:
    """The order whose number this is; empty where it is none. Raises EndedError for one of more than one."""
    if len(id) != NUMBER or not id.isalnum():
        return ""
    found = tool.answered("search", lambda: search(tool, filters={"number": id})) or []
    if len(found) > 1:
        raise ambiguous("order", id, sorted(str(one["orderId"]) for one in found))
    return str(found[0]["orderId"]) if found else ""


def _list(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/depot/shopping/{at(id)}", lambda found: found["list"]["orderId"])


def _payment(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/payments/{at(id)}", lambda found: found["payment"]["orderId"])


def _robot(tool: Tool, id: str) -> str:
    """The order that a robot collects now."""
    for status in ("assigned", "active"):
        lists = partial(tool.pages, f"/api/depot/shopping?status={status}", "lists")
        for one in tool.answered("depot", lists) or ():
            if one["botId"] == id:
                return str(one["orderId"])
    return ""


def _letter(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/operations/letters/{at(id)}", lambda found: found["letter"]["order"])


def _flow(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/insights/timeline/{at(id)}", lambda found: next(_named(found["messages"]), ""))


def _message(tool: Tool, id: str) -> str:
    """Of a message that was given up, or that is in the timeline of one of the latest orders."""
    for letter in tool.answered("operations", lambda: tool.pages("/api/operations/letters", "letters")) or ():
        if id in (letter["messageId"], letter["causationId"]) and letter["order"]:
            return str(letter["order"])
    orders = latest(tool)[:RECENT]
    if orders:
        tool.out.say(f"looking through the timelines of the latest {counted(len(orders), 'order')}")
    for order in orders:
        messages, _ = tool.answered("operations", partial(timelines.read, tool, order)) or ((), ())
        if any(id == one["id"] for one in messages):
            return order
    return ""


def _phone(tool: Tool, number: str) -> str:
    """Of who has this number: the order that has not ended, or else the latest. Only customers knows numbers."""
    try:
        customer = tool.post("/api/customers/numbers", {"smsNumber": number})["id"]
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        raise EndedError("no customer has this number", NOT_FOUND) from None
    orders = search(tool, filters={"customerId": customer}, limit=100)
    if not orders:
        raise EndedError(f"customer {customer} has no orders", NOT_FOUND)
    found = next((one for one in orders if one["status"] not in OVER), orders[0])
    tool.out.say(f"customer {customer} has {counted(len(orders), 'order')}; this is {found['orderId']}")
    return str(found["orderId"])


def _named(messages: list[Json]) -> Iterator[str]:
    return (str(one["data"][name]) for one in messages for name in OF_AN_ORDER if one["data"].get(name))


def _of(tool: Tool, path: str, read: Callable[[Json], str | None]) -> str:
    """What one service answers, which is named in the path; empty where that has no such thing, or fails."""
    try:
        return tool.answered(path.split("/")[2], lambda: read(tool.get(path))) or ""
    except EndedError as error:
        if error.code in (NOT_FOUND, USAGE):
            return ""
        raise


def latest(tool: Tool) -> list[str]:
    """The ids of the latest orders; empty while search does not answer."""
    return [one["orderId"] for one in tool.answered("search", lambda: search(tool, limit=100)) or ()]


def search(tool: Tool, **wanted: Any) -> list[Json]:
    """The orders of a search, as its route takes it."""
    return list(tool.post("/api/search/orders", wanted)["orders"])
