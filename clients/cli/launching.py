"""open, shoppers, load, cost: the pages in a browser, and the launcher's commands, which a checkout has."""

import os
import re
import subprocess
import sys
import webbrowser
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from clients.cli import stages
from clients.cli.ending import FAILED, INTERRUPTED, USAGE, EndedError, nearest
from clients.cli.tool import Tool
from clients.cli.verbs import verb
from clients.mall import Json

PAGES = ("console", "kiosk", "docs")
_DOLLARS = re.compile(r"^\s*(?:[\d,]+\s+)?(?P<what>.*?)\s*\$\s*(?P<dollars>[\d.]+)\s*(?P<after>.*)$")


@verb("open", "mallbots open console --no-browser")
def open_page(
    tool: Tool,
    page: Annotated[str, typer.Argument(help=f"One of {', '.join(PAGES)}.")] = "console",
    browser: Annotated[bool, typer.Option(help="Open it in this machine's browser.")] = True,
) -> None:
    """Open a page of a mall in the browser, and print its address."""
    if page not in PAGES:
        near = nearest(page, PAGES)
        raise EndedError(f"there is no page {page!r}", USAGE, f"did you mean {near}?" if near else ", ".join(PAGES))
    address = f"{tool.stage.pages}/{page}/"
    tool.out.show({"page": page, "address": address}, lambda: tool.out.line(address))
    if browser and not tool.out.as_json and not webbrowser.open(address):
        tool.out.say("no browser of this machine could be opened")


@verb("shoppers", "mallbots shoppers --pace 30 --yes", changes=True)
def shoppers(
    tool: Tool, pace: Annotated[float, typer.Option("--pace", min=0.1, help="Seconds between two customers.")] = 12
) -> None:
    """Let customers and robots use a local mall that is up, until Ctrl-C."""
    _of_a_local_mall(tool, "shoppers")
    if tool.agreed(f"let a customer come every {pace:g} s until Ctrl-C"):
        _launch(tool, "infra.local", "shoppers", "--pace", f"{pace:g}")
    else:
        tool.out.show({"pace": pace}, lambda: None)


@verb("load", "mallbots load --orders 20 --clients 2 --yes", changes=True)
def load(
    tool: Tool,
    orders: Annotated[int, typer.Option("--orders", min=1, help="How many in all.")] = 50,
    clients: Annotated[int, typer.Option("--clients", min=1, help="How many customers at once.")] = 4,
    mix: Annotated[
        str, typer.Option("--mix", help="golden (orders without problems), or all (every way that an order can go).")
    ] = "golden",
) -> None:
    """Place many orders in a local mall that is up, and report how they ended; the last line is JSON."""
    _of_a_local_mall(tool, "load")
    if mix not in ("golden", "all"):
        raise EndedError(f"--mix is golden or all, not {mix!r}", USAGE)
    if tool.agreed(f"place {orders} orders, {clients} customers at once"):
        _launch(tool, "infra.local", "load", "--orders", str(orders), "--clients", str(clients), "--mix", mix)
    else:
        tool.out.show({"orders": orders, "clients": clients, "mix": mix}, lambda: None)


@verb("cost", "mallbots cost --stage local")
def cost(
    tool: Tool,
    today: Annotated[bool, typer.Option("--today", help="What AWS billed since yesterday, by service.")] = False,
) -> None:
    """Compute what a stage costs a month that no one uses, and what a million orders cost, at AWS's list prices.

    What AWS billed is of the Cost Explorer, by the tag `stage`, which must be activated there; a request is $0.01.
    """
    if today:
        _billed(tool)
        return
    idle = _idle(tool)
    orders = _output(tool, "infra.order_cost")
    data = {"idle": _dollars(idle), "millionOrders": _dollars(orders)}
    tool.out.show(data, lambda: tool.out.lines([*idle, "", *orders]))


def idle_month(tool: Tool) -> float | None:
    """Dollars a month without use; None where there is no checkout to compute them. Raises EndedError."""
    if not _is_checkout():
        return None
    return next((dollars for what, dollars in _dollars(_idle(tool)).items() if what.startswith("a month")), None)


def _idle(tool: Tool) -> list[str]:
    return _output(tool, "infra.idle_cost", "--stage", tool.stage_name)


def _billed(tool: Tool) -> None:
    if tool.stage.is_local:
        raise EndedError("AWS bills nothing for a local mall", USAGE)
    found = billed(tool)
    rows = ([one["day"], one["service"], f"{one['dollars']:.2f}"] for one in found)
    tool.out.rows(found, ("day", "service", "dollars"), rows, "AWS has billed nothing yet by this tag")


def billed(tool: Tool) -> list[Json]:
    """What AWS billed since yesterday, by day and service. Raises EndedError.

    https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
    """
    day = datetime.now(UTC).date()
    asked = {
        "TimePeriod": {"Start": str(day - timedelta(days=1)), "End": str(day + timedelta(days=1))},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "Filter": {"Tags": {"Key": "stage", "Values": [tool.stage_name]}},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    days = tool.account.call("ce", "get_cost_and_usage", **asked)["ResultsByTime"]
    return [
        {"day": one["TimePeriod"]["Start"], "service": group["Keys"][0], "dollars": float(cost["Amount"])}
        for one in days
        for group in one["Groups"]
        for cost in [group["Metrics"]["UnblendedCost"]]
    ]


def _of_a_local_mall(tool: Tool, what: str) -> None:
    if not tool.stage.is_local:
        raise EndedError(f"{what} are of a local mall: real customers would wait behind them", USAGE)


def _launch(tool: Tool, module: str, *words: str) -> None:
    run(module, *words, "--port", str(tool.stage.port), "--state", str(tool.stage.state))


def run(module: str, *words: str, **environment: str) -> None:
    """Run a program of the checkout here, until it ends. Raises EndedError where it does not end well."""
    command = [*_python(), module, *words]
    with subprocess.Popen(command, cwd=stages.CHECKOUT, env=os.environ | environment) as child:
        try:
            code = child.wait()
        except KeyboardInterrupt:  # the child has it too, and ends by itself
            child.wait()
            raise EndedError("stopped", INTERRUPTED) from None
    if code:
        raise EndedError(f"{words[0]} ended with {code}", INTERRUPTED if code in (130, -2) else FAILED)


def _output(tool: Tool, module: str, *words: str) -> list[str]:
    tool.out.say(f"computing by {module} …")
    ran = subprocess.run([*_python(), module, *words], cwd=stages.CHECKOUT, capture_output=True, text=True)
    if ran.returncode:
        raise EndedError(ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else f"{module} failed", FAILED)
    return ran.stdout.splitlines()


def _is_checkout() -> bool:
    return (stages.CHECKOUT / "Makefile").exists()


def _python() -> list[str]:
    if not _is_checkout():
        raise EndedError(
            "this needs a checkout of the repository, with its launcher", FAILED, "git clone, then make run"
        )
    own = stages.CHECKOUT / ".venv" / "bin" / "python"
    return [str(own) if own.exists() else sys.executable, "-m"]


def _dollars(lines: list[str]) -> dict[str, float]:
    """By what they are for: `$  6.00  alarms`, or `118 invocations $ 41.00`."""
    found = (match for line in lines if (match := _DOLLARS.match(line)))
    return {(match["what"] or match["after"]).strip(): float(match["dollars"]) for match in found}
