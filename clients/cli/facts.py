"""What the routes tell of one order, from every service that has a part in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clients.cli.ending import NOT_FOUND, EndedError
from clients.cli.tool import Tool, at, query
from clients.mall import Json

NOT_DONE = ("open", "redriving", "parked")


@dataclass(frozen=True)
class Facts:
    """An order, and what others know of it; None is what there is not. silent: the services that do not answer."""

    id: str
    order: Json | None = None
    basket: Json | None = None
    saga: Json | None = None
    list: Json | None = None
    invoice: Json | None = None
    payment: Json | None = None
    robot: Json | None = None
    letters: tuple[Json, ...] = ()
    robots: tuple[Json, ...] = ()
    messages: tuple[Json, ...] = ()
    consumers: dict[str, Json] = field(default_factory=dict)
    silent: tuple[str, ...] = ()

    def last(self, *names: str) -> Json | None:
        """The last message of these names in the timeline."""
        return next((one for one in reversed(self.messages) if one["name"] in names), None)

    def since(self, *names: str) -> str:
        """When the last message of these names was published; empty where there is none."""
        found = self.last(*names)
        return str(found["time"]) if found else ""


def gather(tool: Tool, id: str) -> Facts:
    """Ask every service that has a part in an order. What a service does not answer is left out, and it is named."""
    asking = _Asking(tool)
    order = asking.one("ordering", f"/api/ordering/{at(id)}", "order")
    payment_id = order["paymentId"] if order else ""
    goods = asking.one("depot", f"/api/depot/shopping/{at(id)}", "list")
    bot = goods["botId"] if goods else None
    letters = [
        one
        for state in NOT_DONE
        for one in asking.some("operations", f"/api/operations/letters{query(order=id, state=state)}", "letters")
    ]
    overview = asking.some("operations", "/api/operations/consumers", "consumers")
    return Facts(
        id,
        order=order,
        basket=None if order else asking.one("baskets", f"/api/baskets/{at(id)}", "basket"),
        saga=asking.one("checkout", f"/api/checkout/sagas/{at(id)}", "saga"),
        list=goods,
        invoice=asking.one("payments", f"/api/payments/invoices/{at(id)}", "invoice"),
        payment=asking.one("payments", f"/api/payments/{at(payment_id)}", "payment") if payment_id else None,
        robot=asking.one("fleet", f"/api/fleet/robots/{at(bot)}", "robot") if bot else None,
        letters=tuple(letters),
        robots=tuple(asking.some("depot", "/api/depot/bots", "bots")),
        messages=tuple(asking.some("insights", f"/api/insights/orders/{at(id)}/timeline", "messages")),
        consumers={one["name"]: one for one in overview},
        silent=tuple(asking.silent),
    )


class _Asking:
    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self.silent: list[str] = []

    def one(self, service: str, path: str, member: str) -> Json | None:
        found: Json | None = self._try(service, lambda: self._tool.get(path)[member], None)
        return found

    def some(self, service: str, path: str, member: str) -> list[Json]:
        if member == "consumers":
            return list(self._try(service, lambda: self._tool.get(path)[member], []))
        return list(self._try(service, lambda: self._tool.pages(path, member), []))

    def _try(self, service: str, ask: Callable[[], Any], otherwise: Any) -> Any:
        if service in self.silent:
            return otherwise
        try:
            return ask()
        except EndedError as error:
            if error.code != NOT_FOUND:
                if "(503 " not in error.message:
                    raise
                self.silent.append(service)
            return otherwise
