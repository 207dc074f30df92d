"""What the routes tell of one order, from every service that has a part in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clients.cli import stages, timelines
from clients.cli.ending import NOT_FOUND, EndedError
from clients.cli.tool import ALL, FEW, Tool, at, query
from clients.cli.wording import moment, now
from clients.mall import Json

OVER = ("completed", "rejected", "cancelled")
NOT_DONE = ("open", "redriving", "parked")
DISCARDED = "discarded"
OF_A_PAYMENT = ("RefundDue", "VoidDue")  # the messages that name a payment and no order
RUNS = 100  # that are looked through for a letter
GOES_ON = ("gathering", "running", "paused", "stopped")  # a run that sends letters back, or would if it were resumed


@dataclass(frozen=True)
class Facts:
    """An order, and what others know of it; None is what there is not.

    letters: what was given up and is not done with. discarded: what was given up and is to have no effect. runs: the
    runs that have letters to send back, by the ids of these. silent: the services that do not answer. asked: when they
    were asked, by this machine's clock.
    """

    id: str
    order: Json | None = None
    basket: Json | None = None
    saga: Json | None = None
    list: Json | None = None
    invoice: Json | None = None
    payment: Json | None = None
    robot: Json | None = None
    letters: tuple[Json, ...] = ()
    discarded: tuple[Json, ...] = ()
    runs: dict[str, Json] = field(default_factory=dict)
    robots: tuple[Json, ...] = ()
    messages: tuple[Json, ...] = ()
    consumers: dict[str, Json] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    stage: str = stages.LOCAL
    asked: datetime = field(default_factory=lambda: now())

    def typed(self, *words: str) -> str:
        """A command about the stage of the order, as one types it."""
        return stages.typed(self.stage, *words)

    @property
    def is_past_its_saga(self) -> bool:
        """Whether the order goes on though its saga runs: it was approved, and only the saga's own end is missing."""
        order, saga = self.order, self.saga
        runs = bool(saga and saga["status"] == "running" and not saga["compensating"])
        return bool(runs and order and order["status"] in ("approved", "ready", "completed"))

    def last(self, *names: str) -> Json | None:
        """The last message of these names in the timeline."""
        return next((one for one in reversed(self.messages) if one["name"] in names), None)

    def since(self, *names: str) -> str:
        """When the last message of these names was published; empty where there is none."""
        found = self.last(*names)
        return str(found["time"]) if found else ""

    def age(self, since: str) -> float | None:
        """For how many seconds it has been so; None where that is not known."""
        return (self.asked - moment(since)).total_seconds() if since else None

    def left(self, until: str) -> float | None:
        """In how many seconds a time comes; None where that is not known."""
        return (moment(until) - self.asked).total_seconds() if until else None


def gather(tool: Tool, id: str) -> Facts:
    """Ask every service that has a part in an order. What a service does not answer is left out, and it is named."""
    asking = _Asking(tool)
    order = asking.one("ordering", f"/api/ordering/{at(id)}", "order")
    payment_id = order["paymentId"] if order else ""
    goods = asking.one("depot", f"/api/depot/shopping/{at(id)}", "list")
    bot = goods["botId"] if goods else None
    overview = asking.some("operations", "/api/operations/consumers", "consumers")
    letters = _letters(asking, id, payment_id, order)
    return Facts(
        id,
        order=order,
        basket=None if order else asking.one("baskets", f"/api/baskets/{at(id)}", "basket"),
        saga=asking.one("checkout", f"/api/checkout/sagas/{at(id)}", "saga"),
        list=goods,
        invoice=asking.one("payments", f"/api/payments/invoices/{at(id)}", "invoice"),
        payment=asking.one("payments", f"/api/payments/{at(payment_id)}", "payment") if payment_id else None,
        robot=asking.one("fleet", f"/api/fleet/robots/{at(bot)}", "robot") if bot else None,
        letters=tuple(sorted((one for one in letters if one["state"] in NOT_DONE), key=_state)),
        discarded=tuple(one for one in letters if one["state"] == DISCARDED),
        runs=_runs(asking, {one["id"] for one in letters if one["state"] == "open"}),
        robots=tuple(asking.some("depot", "/api/depot/bots", "bots")),
        messages=tuple(asking.timeline(id)),
        consumers={one["name"]: one for one in overview},
        silent=tuple(tool.silent),
        stage=tool.stage_name,
    )


def _letters(asking: "_Asking", id: str, payment_id: str, order: Json | None) -> list[Json]:
    """What was given up about an order; of one that has ended, about its payment too, which names no order."""
    found = asking.some("operations", f"/api/operations/letters{query(order=id)}", "letters")
    if payment_id and order and order["status"] in OVER:
        for name in OF_A_PAYMENT:
            named = f"/api/operations/letters{query(service='payments', message=name)}"
            of_payments = asking.some("operations", named, "letters", most=ALL)
            found += [one for one in of_payments if one["stream"] == f"Payment#{payment_id}"]
    return list({one["id"]: one for one in found}.values())


def _state(letter: Json) -> int:
    return NOT_DONE.index(letter["state"])


def _runs(asking: "_Asking", letters: set[str]) -> dict[str, Json]:
    """The redrives that have these letters to send back, by the ids of the letters."""
    found: dict[str, Json] = {}
    # Those at work come first.
    for run in asking.some("operations", "/api/operations/runs", "runs", RUNS) if letters else ():
        if run["kind"] == "redrive" and run["state"] in GOES_ON and letters - found.keys():
            members = asking.some("operations", f"/api/operations/runs/{at(run['id'])}/letters", "letters")
            found |= {one["id"]: run for one in members if one["id"] in letters and one["state"] == "pending"}
    return found


class _Asking:
    def __init__(self, tool: Tool) -> None:
        self._tool = tool

    def one(self, service: str, path: str, member: str) -> Json | None:
        found: Json | None = self._try(service, lambda: self._tool.get(path)[member], None)
        return found

    def some(self, service: str, path: str, member: str, most: int = FEW) -> list[Json]:
        if member == "consumers":
            return list(self._try(service, lambda: self._tool.get(path)[member], []))
        return list(self._try(service, lambda: self._tool.pages(path, member, most), []))

    def timeline(self, order: str) -> list[Json]:
        messages, gaps = self._try("operations", lambda: timelines.read(self._tool, order), ([], []))
        self._tool.silent += [service for service in gaps if service not in self._tool.silent]
        return list(messages)

    def _try(self, service: str, ask: Callable[[], Any], otherwise: Any) -> Any:
        try:
            found = self._tool.answered(service, ask)
            return otherwise if found is None else found
        except EndedError as error:
            if error.code != NOT_FOUND:
                raise
            return otherwise
