"""The checks of a mall that is deployed, by its own routes."""

import math
import time
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from operator import itemgetter

from clients.cli import stages
from clients.cli.checks.check import ACCESS, MALL, check
from clients.cli.choosing import open_letters
from clients.cli.tool import ALL, Tool
from clients.cli.wording import counted, lasting, moment
from clients.credential import claims
from clients.mall import Json

OPERATIONS = "/api/operations"
SKEW = 60  # seconds: tokens are judged by the clock
LONG_BACKLOG, LONG_SAGA = 3_600, 900  # seconds
MANY = 10  # messages: a queue at work has about so many
NAMED = 10  # of what is wrong
BETWEEN = 3.0  # seconds between two looks at a queue
SOON = timedelta(days=2)
DAY = timedelta(days=1)


@check(ACCESS, "the API answers", "a local mall: make up; a stage: its alarms, and this machine's network")
def answers(tool: Tool) -> str:
    return "" if tool.get("/health")["status"] == "ok" else "its health is not ok"


@check(
    ACCESS,
    "you are signed in as an operator",
    "an operator adds you to the group; then mallbots logout, then mallbots login",
)
def role(tool: Tool) -> str:
    said = claims(tool.mall.token())
    groups = said.get("cognito:groups", [])
    return "" if "operator" in groups else f"{said.get('username', 'you')} is in {', '.join(groups) or 'no group'}"


@check(ACCESS, "this machine's clock is right", "set it: tokens are judged by the time")
def clock(tool: Tool) -> str:
    sent = tool.mall.send("GET", "/health").headers.get("date")
    off = abs(time.time() - parsedate_to_datetime(sent).timestamp()) if sent else 0
    return f"it differs from the mall's by {lasting(off)}" if off > SKEW else ""


@check(ACCESS, "the mall's code is of this checkout's version", "deploy it, or use the command line of its version")
def version(tool: Tool) -> str:
    file = stages.CHECKOUT / "pyproject.toml"
    here = tomllib.loads(file.read_text())["project"]["version"] if file.exists() else ""
    there = tool.get("/health")["version"]
    return f"the mall is of {there}, this checkout of {here}" if here and here != there else ""


@check(MALL, "every service answers", "mallbots logs SERVICE; after a deploy: deploy the version of before again")
def services_answer(tool: Tool) -> str:
    found = tool.once(f"{OPERATIONS}/services", "services")
    return ", ".join(one["name"] for one in found if one["code"] is None)


@check(MALL, "every consumer runs", "mallbots consumers --busy; mallbots resume CONSUMER")
def consumers_run(tool: Tool) -> str:
    return _names(one for one in _consumers(tool) if one["state"] not in ("running", "resuming"))


@check(
    MALL,
    "every queue is read",
    "mallbots pause CONSUMER --reason 'not read', then mallbots resume CONSUMER: its event source is on again",
)
def queues_are_read(tool: Tool) -> str:
    """A consumer at work has received some of what waits. One look may be between two of its batches."""
    before = {one["name"]: one["waiting"]["visible"] for one in _consumers(tool) if _is_left(one)}
    if not before:
        return ""
    tool.wait(BETWEEN)
    now = [one for one in tool.get(f"{OPERATIONS}/consumers")["consumers"] if _is_left(one)]
    return _names(one for one in now if one["waiting"]["visible"] >= before.get(one["name"], math.inf))


@check(MALL, "queues are counted", "look at the quotas and the health of SQS")
def queues_answer(tool: Tool) -> str:
    return _names(one for one in _consumers(tool) if one["waiting"] is None)


@check(MALL, "no backlog takes more than an hour", "mallbots top; docs/runbooks/oldest-message.md")
def backlogs(tool: Tool) -> str:
    return _names(one for one in _consumers(tool) if (one["drainedInSeconds"] or 0) > LONG_BACKLOG)


@check(MALL, "no message is about to be lost", "mallbots resume CONSUMER until nothing waits: SQS drops after 14 days")
def losses(tool: Tool) -> str:
    soon = datetime.now(UTC) + SOON
    return _names(one for one in _consumers(tool) if one["lostFrom"] and moment(one["lostFrom"]) < soon)


@check(MALL, "there are no dead letters", "mallbots dead groups; docs/runbooks/dead-letters.md")
def letters(tool: Tool) -> str:
    number = open_letters(tool)["deadLetters"]
    return f"{counted(number, 'letter')} open" if number else ""


@check(MALL, "no letter came after its cause was mended", "mallbots dead show GROUP; the cause is not mended")
def came_back(tool: Tool) -> str:
    return _few(one["id"] for one in _groups(tool) if one["cameBack"])


@check(MALL, "each old group of letters has an owner", "mallbots dead owner GROUP NAME")
def owners(tool: Tool) -> str:
    old = datetime.now(UTC) - DAY
    return _few(one["id"] for one in _groups(tool) if not one["owner"] and moment(one["firstSeen"]) < old)


@check(MALL, "no saga is parked", "mallbots saga list --status parked; mallbots saga resume ORDER")
def parked(tool: Tool) -> str:
    number = len(_sagas(tool, "parked"))
    return f"{counted(number, 'saga')} parked" if number else ""


@check(MALL, "no saga runs for long", "mallbots saga list --status running; mallbots order ORDER")
def long_sagas(tool: Tool) -> str:
    old = datetime.now(UTC) - timedelta(seconds=LONG_SAGA)
    found = sorted((one for one in _sagas(tool, "running") if moment(one["since"]) < old), key=itemgetter("since"))
    return _few(one["orderId"] for one in found)


@check(MALL, "a robot is online", "mallbots robot list; of a local mall: make shoppers")
def robots(tool: Tool) -> str:
    found = tool.pages("/api/depot/bots", "bots", ALL)
    if not found:
        return "no robot is registered"
    return "" if any(one["status"] != "offline" for one in found) else f"all {len(found)} are offline"


@check(
    MALL, "no robot reports an error", "mallbots robot show ROBOT; then mallbots robot retry, or mallbots robot skip"
)
def robot_errors(tool: Tool) -> str:
    return _names(one for one in _reported(tool) if one["errors"])


@check(MALL, "no robot's connection broke", "look at the robot, and at its network")
def connections(tool: Tool) -> str:
    return _names(one for one in _reported(tool) if one["connection"] == "broken")


@check(MALL, "no robot was left paused", "mallbots robot resume ROBOT")
def paused_robots(tool: Tool) -> str:
    return _names(one for one in _reported(tool) if one["paused"])


@check(MALL, "orders, invoices and payments agree", "mallbots money list; docs/runbooks/money-differs.md")
def money(tool: Tool) -> str:
    number = len(tool.pages("/api/payments/differences?status=open", "differences", ALL))
    return f"{counted(number, 'difference')} open" if number else ""


@check(MALL, "no run stopped by itself", "mallbots run show RUN; mallbots run resume RUN")
def stopped_runs(tool: Tool) -> str:
    return ", ".join(f"{one['kind']} {one['id']}" for one in _runs(tool) if one["state"] == "stopped")


@check(MALL, "no rebuild waits to be taken", "mallbots run switch RUN, or mallbots run abort RUN")
def waiting_rebuilds(tool: Tool) -> str:
    at_work = [one["id"] for one in _runs(tool) if one["kind"] == "rebuild" and one["state"] == "running"]
    waits = [id for id in at_work if tool.get(f"{OPERATIONS}/rebuilds/{id}")["rebuild"]["mayBeSwitched"]]
    return ", ".join(waits)


def _consumers(tool: Tool) -> list[Json]:
    return tool.once(f"{OPERATIONS}/consumers", "consumers")


def _groups(tool: Tool) -> list[Json]:
    return tool.whole_once(f"{OPERATIONS}/groups", "groups")


def _sagas(tool: Tool, status: str) -> list[Json]:
    """All of them: those that run come the newest first, so those that run for long are on the last page."""
    return tool.whole_once(f"/api/checkout/sagas?status={status}", "sagas")


def _reported(tool: Tool) -> list[Json]:
    return tool.whole_once("/api/fleet/robots", "robots")


def _runs(tool: Tool) -> list[Json]:
    """The first page: those at work come first, and those that are over are kept for months."""
    return tool.once(f"{OPERATIONS}/runs?limit=100", "runs")


def _names(found: Iterable[Json]) -> str:
    return _few(one["name"] for one in found)


def _few(names: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    first, more = (found := list(names))[:NAMED], len(found) - NAMED
    return ", ".join([*first, *([f"and {more} more"] if more > 0 else [])])


def _is_left(one: Json) -> bool:
    """Whether much waits for a consumer that runs, and none of it was received."""
    found = one["waiting"]
    return bool(one["state"] == "running" and found and found["visible"] >= MANY and not found["inFlight"])
