"""order, trace, wait: where an order is, why it waits, and what followed from what."""

import time
from typing import Annotated

import typer

from clients.cli import completing, tree
from clients.cli.ending import FAILED, EndedError, must_be
from clients.cli.facts import OVER, Facts, gather
from clients.cli.finding import order_of
from clients.cli.timelines import timeline
from clients.cli.tool import Tool, at
from clients.cli.verbs import verb
from clients.cli.why import why
from clients.cli.wording import ago, money
from clients.mall import Json

STATUSES = ("pending", "approved", "ready", *OVER)
PASSED = {"pending": 0, "approved": 1, "ready": 2, "completed": 3}
EVERY = 1.0  # seconds

Any = Annotated[
    str,
    typer.Argument(
        help="An order's id, or that of its payment, list, robot, letter, flow or message; or a phone number.",
        autocompletion=completing.orders,
    ),
]


@verb("order", "mallbots order 018f2c31")
def order(tool: Tool, id: Any) -> None:
    """Show where an order is, and why: state, items, money, why it waits, and what followed from what."""
    facts = gather(tool, order_of(tool, id))
    reason = why(facts)
    messages = list(facts.messages)
    data = {
        "id": facts.id,
        "order": facts.order,
        "basket": facts.basket,
        "saga": facts.saga,
        "list": facts.list,
        "payment": facts.payment,
        "invoice": facts.invoice,
        "letters": list(facts.letters),
        "why": reason.data,
        "messages": messages,
        "silent": list(facts.silent),
    }

    def render() -> None:
        tool.out.pairs(_fields(facts))
        tool.out.line(f"It {reason.sentence}.", style="bold")
        if reason.do:
            tool.out.line(f"  {reason.do}")
        tool.out.lines(["", *tree.lines(messages)] if messages else [])

    tool.out.show(data, render)


@verb("trace", "mallbots trace 018f2c31")
def trace(tool: Tool, id: Any) -> None:
    """Show what followed from what in the flows of an order, across services, with times and gaps."""
    messages = timeline(tool, order_of(tool, id))
    data = [{**one.message, "depth": one.depth, "gap": one.gap} for one in tree.branches(messages)]
    tool.out.show(data, lambda: tool.out.lines(tree.lines(messages)))


@verb("wait", "mallbots wait 018f2c31 completed --seconds 60")
def wait(
    tool: Tool,
    id: Any,
    status: Annotated[str, typer.Argument(help=f"One of {', '.join(STATUSES)}.")],
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="How long at most.")] = 300,
) -> None:
    """Wait until an order has a status, or has gone past it; fail once it never can, or when the time is over."""
    must_be(status, STATUSES, "status of an order")
    found, deadline, said = order_of(tool, id), time.monotonic() + seconds, ""
    while True:
        try:
            shown = tool.get(f"/api/ordering/{at(found)}")["order"]
        except EndedError as error:
            if not error.may_pass or time.monotonic() >= deadline:
                raise
            tool.out.say(f"{error.message}: it looks again")
            tool.wait(EVERY)
            continue
        now = shown["status"]
        if now != said:
            tool.out.say(f"it is {now}")
            said = now
        if now == status or PASSED.get(now, -1) > PASSED.get(status, 9):
            break
        if now in OVER:
            raise EndedError(f"it is {now}, and will never be {status}", FAILED, f"why: {tool.typed('order', found)}")
        if time.monotonic() >= deadline:
            late = f"it is {now} after {seconds:g} s, not {status}"
            raise EndedError(late, FAILED, f"It {why(gather(tool, found)).sentence}.")
        tool.wait(EVERY)
    tool.out.show(shown, lambda: tool.out.line(said))


def _fields(facts: Facts) -> list[tuple[str, object]]:
    """What an order is, on a few lines."""
    if not facts.order:
        return [("basket", facts.id), ("status", facts.basket["status"] if facts.basket else "unknown")]
    one, last = facts.order, facts.messages[-1] if facts.messages else None
    flags = ", ".join(name if one[name] else f"not {name}" for name in ("ready", "paid") if name != one["status"])
    changed = f"{last['time']} ({ago(last['time'])})" if last else ""
    saga = facts.saga
    return [
        ("order", one["id"]),
        ("status", f"{one['status']} ({flags})"),
        ("customer", one["customerId"]),
        (
            "items",
            "; ".join(f"{item['quantity']} × {item['productName']} {money(item['price'])}" for item in one["items"]),
        ),
        ("total", money(one["total"])),
        ("payment", _paid(facts.payment)),
        ("invoice", _paid(facts.invoice)),
        ("list", f"{facts.list['status']}{_by(facts)}" if facts.list else ""),
        ("saga", f"{saga['status']}, step {saga['step']}" if saga else ""),
        ("last change", changed),
    ]


def _paid(one: Json | None) -> str:
    return f"{one['status']}, {money(one['amount'])}" if one else ""


def _by(facts: Facts) -> str:
    bot = facts.list["botId"] if facts.list else None
    names = [one["name"] for one in facts.robots if one["id"] == bot]
    return f", robot {names[0]} ({bot})" if names else ""
