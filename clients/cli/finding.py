"""Which order is meant by an id of something else: a phone number, a payment, a list, a robot, a letter, a message."""

import re
from collections.abc import Callable, Iterator

from clients.cli import timelines
from clients.cli.ending import NOT_FOUND, EndedError, nearest
from clients.cli.facts import OVER
from clients.cli.tool import Tool, at
from clients.cli.wording import counted
from clients.mall import Json

PHONE = re.compile(r"\+[0-9][0-9 ()./-]{5,}")  # as it is written with its country
RECENT = 20  # orders, of which the timelines are looked through for a message
NUMBER = 8  # characters of an order's id, by which its customer knows it
OF_AN_ORDER = ("order_id", "basket_id")


def order_of(tool: Tool, id: str) -> str:
    """The id of the order. Raises EndedError, with the nearest order that there is, where nothing has this id."""
    if PHONE.fullmatch(id):
        return _phone(tool, id)
    for find in (_order, by_number, _list, _payment, _robot, _letter, _flow, _message):
        if found := find(tool, id):
            if found != id:
                tool.out.say(f"{id} is of order {found}")
            return found
    found = nearest(id, _latest(tool))
    hint = f"did you mean {found}?" if found else ""
    raise EndedError(f"no order, payment, list, robot, letter, flow or message has the id {id!r}", NOT_FOUND, hint)


def _order(tool: Tool, id: str) -> str:
    if _of(tool, f"/api/ordering/{at(id)}", lambda found: found["order"]["id"]):
        return id
    return _of(tool, f"/api/baskets/{at(id)}", lambda found: found["basket"]["id"])


def by_number(tool: Tool, id: str) -> str:
    """The order whose number this is; empty where it is none, or of more than one."""
    if len(id) != NUMBER:
        return ""
    try:
        found = tool.post("/api/search/orders", {"filters": {"number": id}})["orders"]
    except EndedError:
        return ""
    return str(found[0]["orderId"]) if len(found) == 1 else ""


def _list(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/depot/shopping/{at(id)}", lambda found: found["list"]["orderId"])


def _payment(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/payments/{at(id)}", lambda found: found["payment"]["orderId"])


def _robot(tool: Tool, id: str) -> str:
    """The order that a robot collects now."""
    for status in ("assigned", "active"):
        for one in tool.pages(f"/api/depot/shopping?status={status}", "lists"):
            if one["botId"] == id:
                return str(one["orderId"])
    return ""


def _letter(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/operations/letters/{at(id)}", lambda found: found["letter"]["order"])


def _flow(tool: Tool, id: str) -> str:
    return _of(tool, f"/api/insights/timeline/{at(id)}", lambda found: next(_named(found["messages"]), ""))


def _message(tool: Tool, id: str) -> str:
    """Of a message that was given up, or that is in the timeline of one of the latest orders."""
    for letter in tool.pages("/api/operations/letters", "letters"):
        if id in (letter["messageId"], letter["causationId"]) and letter["order"]:
            return str(letter["order"])
    latest = _latest(tool)[:RECENT]
    if latest:
        tool.out.say(f"looking through the timelines of the latest {counted(len(latest), 'order')}")
    for order in latest:
        if any(id == one["id"] for one in timelines.read(tool, order)[0]):
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
    orders = tool.post("/api/search/orders", {"filters": {"customerId": customer}, "limit": 100})["orders"]
    if not orders:
        raise EndedError(f"customer {customer} has no orders", NOT_FOUND)
    found = next((one for one in orders if one["status"] not in OVER), orders[0])
    tool.out.say(f"customer {customer} has {counted(len(orders), 'order')}; this is {found['orderId']}")
    return str(found["orderId"])


def _named(messages: list[Json]) -> Iterator[str]:
    return (str(one["data"][name]) for one in messages for name in OF_AN_ORDER if one["data"].get(name))


def _of(tool: Tool, path: str, read: Callable[[Json], str | None]) -> str:
    try:
        return read(tool.get(path)) or ""
    except EndedError as error:
        if error.code == NOT_FOUND or "(503 " in error.message or "(400 " in error.message:
            return ""
        raise


def _latest(tool: Tool) -> list[str]:
    return [one["orderId"] for one in tool.post("/api/search/orders", {"limit": 100})["orders"]]
