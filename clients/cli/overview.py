"""status and top: how a mall is, and what is busy, slow and failing now."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import typer

from clients.cli import published
from clients.cli.choosing import open_letters
from clients.cli.consuming import is_busy, waiting
from clients.cli.ending import PARTLY, EndedError
from clients.cli.tool import Tool
from clients.cli.verbs import verb
from clients.cli.vitals import Vitals, vitals
from clients.cli.wording import ago, counted, lasting
from clients.mall import Json

OPERATIONS = "/api/operations"
SHARED = 6  # digits of a version, which are of what all services share (infra/bundling.py)


@verb("status", "mallbots status")
def status(
    tool: Tool,
    all: Annotated[bool, typer.Option("--all", help="Also alarms, oldest messages, relays, and costs.")] = False,
) -> None:
    """Show how a mall is: versions, consumers and what waits for them, dead letters, sagas, robots, money, long work.

    Ends by 4 where something needs a person, and says what to do. With --all also alarms, how old the oldest message
    of each consumer is, how late each relay publishes, what it costs a month without use, and what AWS billed today:
    on AWS by credentials for cloudwatch:DescribeAlarms, cloudwatch:GetMetricData and ce:GetCostAndUsage, a request of
    which is $0.01 (clients/cli/policy.json); the month is computed by a checkout. A local mall only has the costs.
    """
    consumers = _asked(tool, lambda: tool.get(f"{OPERATIONS}/consumers")["consumers"])
    letters = _asked(tool, lambda: [open_letters(tool)]) or [{"deadLetters": 0, "groups": 0}]
    sagas = {state: _asked(tool, partial(_sagas, tool, state)) for state in ("running", "parked")}
    robots = _asked(tool, lambda: tool.pages("/api/depot/bots", "bots"))
    differences = _asked(tool, lambda: tool.pages("/api/payments/differences?status=open", "differences"))
    runs = _asked(tool, lambda: tool.pages(f"{OPERATIONS}/runs", "runs", 100))
    health = tool.get("/health")
    codes: dict[str, str | None] = {"gateway": health.get("code", "")}  # none of a gateway from before it said so
    services = _asked(tool, lambda: tool.get(f"{OPERATIONS}/services")["services"])
    codes |= {one["name"]: one["code"] for one in services or [{"name": "operations", "code": None}]}
    data: Json = {
        "stage": tool.stage_name,
        "api": tool.stage.api,
        "version": health["version"],
        "services": codes,
        "consumers": len(consumers),
        "notRunning": [one["name"] for one in consumers if one["state"] != "running"],
        "waiting": {one["name"]: _number(one) for one in consumers if _number(one)},
        "longest": max((one["drainedInSeconds"] or 0 for one in consumers), default=0),
        **letters[0],
        "sagas": {state: len(found) for state, found in sagas.items()},
        "robots": dict(Counter(one["status"] for one in robots)),
        "differences": len(differences),
        "runs": [f"{one['kind']} {one['id']}" for one in runs if not one["ended"]],
    }
    seen = vitals(tool, [one["name"] for one in consumers], published.services()) if all else None
    data["account"] = asdict(seen) if seen else None
    wrong = problems(data)
    data["wrong"] = wrong

    def render() -> None:
        tool.out.pairs(
            [
                ("stage", f"{data['stage']}, version {data['version']}, {data['api']}"),
                ("services", _versions(data["services"])),
                ("consumers", f"{data['consumers']}, {len(data['notRunning'])} not running"),
                ("waiting", ", ".join(f"{name} {number}" for name, number in data["waiting"].items()) or "nothing"),
                ("takes", lasting(data["longest"]) if data["longest"] else ""),
                ("dead letters", f"{data['deadLetters']} open in {counted(data['groups'], 'group')}"),
                ("sagas", _words(data["sagas"])),
                ("robots", _words(data["robots"]) or "none"),
                ("money", f"{counted(data['differences'], 'difference')} open"),
                ("at work", data["runs"]),
                *(_of_account(tool, seen) if seen else ()),
            ]
        )
        tool.out.lines(f"! {one['what']}: {one['do']}" for one in wrong)

    tool.out.show(data, render)
    if wrong:
        raise EndedError(f"{counted(len(wrong), 'thing')} need{'s' if len(wrong) == 1 else ''} a person", PARTLY)


def _versions(codes: dict[str, str | None]) -> str:
    """A line for all services where what they share is of one version, else one a service with its whole version."""
    shared = {code and code[:SHARED] for code in codes.values()}
    if len(shared) > 1:
        said = {name: "does not answer" if code is None else code or "does not say" for name, code in codes.items()}
        return "\n".join(f"{name} {text}" for name, text in said.items())
    return f"{', '.join(codes)}; shared code: {shared.pop() or 'not said'}"


def _of_account(tool: Tool, seen: Vitals) -> list[tuple[str, str]]:
    idle = "not computed: that needs a checkout" if seen.idle is None else f"${seen.idle:.2f} a month"
    cost = ("cost", f"{idle} without use, ${seen.today:.2f} today")
    if tool.stage.is_local:
        return [cost]
    return [
        ("alarms", f"{len(seen.alarms)} ring" + "".join(f"\n{name}" for name in seen.alarms)),
        ("oldest", _ages(seen.oldest) or "no message waits"),
        ("relays", _ages(seen.relays) or "nothing is published"),
        cost,
    ]


def _ages(found: dict[str, float]) -> str:
    """The oldest first."""
    return ", ".join(f"{name} {lasting(age)}" for name, age in sorted(found.items(), key=lambda one: -one[1]))


def problems(found: Json) -> list[dict[str, str]]:
    """What needs a person, each with the command that tells more."""
    paused, letters, differences = found["notRunning"], found["deadLetters"], found["differences"]
    alarms = (found["account"] or {}).get("alarms", [])
    silent = [name for name, code in found["services"].items() if code is None]
    parked, online = found["sagas"]["parked"], found["robots"].keys() & {"idle", "active"}
    rules: list[tuple[Any, str, str]] = [
        (silent, f"{', '.join(silent)} did not say which code", "mallbots logs SERVICE"),
        (paused, f"paused: {', '.join(paused)}", "mallbots resume CONSUMER"),
        (letters, counted(letters, "dead letter"), "mallbots dead groups"),
        (parked, f"{counted(parked, 'saga')} parked", "mallbots saga list --status parked"),
        (not online, "no robot is online", "mallbots robot list"),
        (alarms, f"{counted(len(alarms), 'alarm')}: {', '.join(alarms)}", "docs/runbooks, the page named as the alarm"),
        (differences, f"{counted(differences, 'difference')} of money", "docs/runbooks/money-differs.md"),
    ]
    return [{"what": what, "do": do} for is_wrong, what, do in rules if is_wrong]


@verb("top", "mallbots top --every 0")
def top(
    tool: Tool,
    every: Annotated[float, typer.Option("--every", min=0, help="Seconds until it looks again; 0: once.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of each.")] = 10,
) -> None:
    """Show what is busy, slow and failing now: consumers by backlog, waits of orders by stage, letters by cause."""
    while True:
        consumers = [one for one in tool.get(f"{OPERATIONS}/consumers")["consumers"] if is_busy(one)]
        consumers.sort(key=lambda one: (one["state"] == "running", -_number(one)))
        stages = tool.get("/api/insights/waiting")["stages"]
        stages.sort(key=lambda one: -one["longestSeconds"])
        failing = [one for one in tool.pages(f"{OPERATIONS}/groups", "groups", limit) if one["counts"]["open"]]
        data = {"busy": consumers[:limit], "slow": stages[:limit], "failing": failing}
        tool.out.show(data, partial(_top, tool, data))
        if not every:
            return
        tool.wait(every)


def _top(tool: Tool, shown: dict[str, list[Json]]) -> None:
    rows: list[list[Any]] = []
    for one in shown["busy"]:
        rows.append(["busy", one["name"], f"{waiting(one)} wait, {one['state']}", lasting(one["drainedInSeconds"])])
    for one in shown["slow"]:
        rows.append(["slow", one["stage"], counted(one["orders"], "order"), lasting(one["longestSeconds"])])
    for one in shown["failing"]:
        what, how = f"{one['consumer']} {one['message']}", f"{one['counts']['open']} open: {one['reason']}"
        rows.append(["failing", what, how, ago(one["lastSeen"])])
    tool.out.rows(shown, ("", "what", "how", "time"), rows, "nothing is busy, slow or failing")


def _asked(tool: Tool, ask: Callable[[], list[Json]]) -> list[Json]:
    """What a service answers; nothing, and that it is down, where it does not."""
    try:
        return ask()
    except EndedError as error:
        if "(503 " not in error.message:
            raise
        tool.out.say(f"a part does not answer: {error.message}", style="red")
        return []


def _sagas(tool: Tool, state: str) -> list[Json]:
    return tool.pages(f"/api/checkout/sagas?status={state}", "sagas")


def _number(one: Json) -> int:
    found = one["waiting"] or {}
    return sum(found.values())


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())
