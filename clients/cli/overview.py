"""status and top: how a mall is, and what is busy, slow and failing now."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import typer

from clients.cli import published
from clients.cli.choosing import open_letters
from clients.cli.consuming import is_busy, waiting
from clients.cli.ending import PARTLY, EndedError, UnansweredError
from clients.cli.tool import ALL, Tool
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
    which is $0.01 (clients/cli/policy.json); the month is computed by a checkout. A local mall only has the costs. What
    the credentials may not see is not known, and the rest is shown.
    """
    health = tool.get("/health")
    codes: dict[str, str | None] = {"gateway": health.get("code", "")}  # none of a gateway from before it said so
    services = tool.answered("operations", lambda: tool.get(f"{OPERATIONS}/services")["services"])
    codes |= {one["name"]: one["code"] for one in services or [{"name": "operations", "code": None}]}
    consumers = tool.answered("operations", lambda: tool.get(f"{OPERATIONS}/consumers")["consumers"])
    letters = tool.answered("operations", lambda: open_letters(tool))
    sagas = {state: _number_of(tool, "checkout", partial(_sagas, tool, state)) for state in ("running", "parked")}
    robots = tool.answered("depot", lambda: tool.pages("/api/depot/bots", "bots", ALL))
    open_ones = partial(tool.pages, "/api/payments/differences?status=open", "differences", ALL)
    runs = tool.answered("operations", lambda: tool.pages(f"{OPERATIONS}/runs", "runs", 100))
    data: Json = {
        "stage": tool.stage_name,
        "api": tool.stage.api,
        "version": health["version"],
        "services": codes,
        **_of_consumers(consumers),
        **(letters or dict.fromkeys(("deadLetters", "groups"))),
        "sagas": sagas,
        "robots": None if robots is None else dict(Counter(one["status"] for one in robots)),
        "differences": _number_of(tool, "payments", open_ones),
        "runs": None if runs is None else [f"{one['kind']} {one['id']}" for one in runs if not one["ended"]],
        "silent": tool.silent,
    }
    seen = vitals(tool, [one["name"] for one in consumers or ()], published.services()) if all else None
    data["account"] = asdict(seen) if seen else None
    wrong = problems(tool, data)
    data["wrong"] = wrong

    def render() -> None:
        tool.out.pairs([*_of_mall(data), *(_of_account(tool, seen) if seen else ())])
        tool.out.lines(f"! {one['what']}: {one['do']}" for one in wrong)

    tool.out.show(data, render)
    if wrong:
        raise EndedError(f"{counted(len(wrong), 'thing')} need{'s' if len(wrong) == 1 else ''} a person", PARTLY)


def _of_mall(data: Json) -> Iterator[tuple[str, Any]]:
    """What is said of a mall; of what a silent service would tell, that it is not known."""
    unknown = "not known"
    yield "stage", f"{data['stage']}, version {data['version']}, {data['api']}"
    yield "services", _versions(data["services"])
    if data["consumers"] is None:
        yield "consumers", unknown
    else:
        yield "consumers", f"{data['consumers']}, {len(data['notRunning'])} not running"
        yield "waiting", ", ".join(f"{name} {number}" for name, number in data["waiting"].items()) or "nothing"
        yield "takes", lasting(data["longest"]) if data["longest"] else ""
    letters, groups, differences = data["deadLetters"], data["groups"], data["differences"]
    yield "dead letters", unknown if letters is None else f"{letters} open in {counted(groups, 'group')}"
    yield "sagas", unknown if None in data["sagas"].values() else _words(data["sagas"])
    yield "robots", unknown if data["robots"] is None else _words(data["robots"]) or "none"
    yield "money", unknown if differences is None else f"{counted(differences, 'difference')} open"
    yield "at work", unknown if data["runs"] is None else data["runs"]


def _of_consumers(found: list[Json] | None) -> Json:
    """What there is to say of all consumers; None of what operations does not tell."""
    if found is None:
        return dict.fromkeys(("consumers", "notRunning", "waiting", "longest"))
    return {
        "consumers": len(found),
        "notRunning": [one["name"] for one in found if one["state"] not in ("running", "resuming")],
        "waiting": {one["name"]: _number(one) for one in found if _number(one)},
        "longest": max((one["drainedInSeconds"] or 0 for one in found), default=0),
    }


def _number_of(tool: Tool, service: str, ask: Callable[[], list[Json]]) -> int | None:
    found = tool.answered(service, ask)
    return None if found is None else len(found)


def _versions(codes: dict[str, str | None]) -> str:
    """A line for all services where what they share is of one version, else one a service with its whole version."""
    shared = {code and code[:SHARED] for code in codes.values()}
    if len(shared) > 1:
        said = {name: "does not answer" if code is None else code or "does not say" for name, code in codes.items()}
        return "\n".join(f"{name} {text}" for name, text in said.items())
    return f"{', '.join(codes)}; shared code: {shared.pop() or 'not said'}"


def _of_account(tool: Tool, seen: Vitals) -> list[tuple[str, str]]:
    alarms, unknown = seen.alarms or [], {part: f"not known: {why}" for part, why in seen.unknown.items()}
    idle = "not computed: that needs a checkout" if seen.idle is None else f"${seen.idle:.2f} a month"
    cost = "cost", unknown.get("idle") or f"{idle} without use"
    if tool.stage.is_local:
        return [cost]
    return [
        ("alarms", unknown.get("alarms") or f"{len(alarms)} ring" + "".join(f"\n{name}" for name in alarms)),
        ("oldest", unknown.get("oldest") or _ages(seen.oldest or {}) or "no message waits"),
        ("relays", unknown.get("relays") or _ages(seen.relays or {}) or "nothing is published"),
        cost,
        ("today", unknown.get("today") or f"${seen.today or 0:.2f} billed"),
    ]


def _ages(found: dict[str, float]) -> str:
    """The oldest first."""
    return ", ".join(f"{name} {lasting(age)}" for name, age in sorted(found.items(), key=lambda one: -one[1]))


def problems(tool: Tool, found: Json) -> list[dict[str, str]]:
    """What needs a person, each with the command that tells more."""
    paused, letters, differences = found["notRunning"] or (), found["deadLetters"] or 0, found["differences"] or 0
    account = found["account"] or {}
    alarms, unseen = account.get("alarms") or [], account.get("unknown", {})
    silent = found["silent"]
    unsaid = [name for name, code in found["services"].items() if code is None and name not in silent]
    parked, robots = found["sagas"]["parked"] or 0, found["robots"]
    nowhere = robots is not None and not robots.keys() & {"idle", "active"}
    rules: list[tuple[Any, str, str]] = [
        (silent, f"{', '.join(silent)} did not answer", tool.typed("logs SERVICE")),
        (unsaid, f"{', '.join(unsaid)} did not say which code", tool.typed("logs SERVICE")),
        (paused, f"paused: {', '.join(paused)}", tool.typed("resume CONSUMER")),
        (letters, counted(letters, "dead letter"), tool.typed("dead groups")),
        (parked, f"{counted(parked, 'saga')} parked", tool.typed("saga list --status parked")),
        (nowhere, "no robot is online", tool.typed("robot list")),
        (alarms, f"{counted(len(alarms), 'alarm')}: {', '.join(alarms)}", "docs/runbooks, the page named as the alarm"),
        (unseen, f"not known: {', '.join(unseen)}", f"{tool.typed('status --all')} says why"),
        (differences, f"{counted(differences, 'difference')} of money", tool.typed("money list --status open")),
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
        try:
            data = _busy(tool, limit)
            tool.out.show(data, partial(_top, tool, data))
        except UnansweredError as error:
            if not every:
                raise
            tool.out.say(f"{error.message}: it looks again")
        if not every:
            return
        tool.wait(every)


def _busy(tool: Tool, limit: int) -> dict[str, Any]:
    tool.silent.clear()
    asked = tool.answered("operations", lambda: tool.get(f"{OPERATIONS}/consumers")["consumers"]) or ()
    consumers = sorted(filter(is_busy, asked), key=lambda one: (one["state"] == "running", -_number(one)))
    waits = tool.answered("insights", lambda: tool.get("/api/insights/waiting")["stages"]) or ()
    stages = sorted(filter(_has_orders, waits), key=lambda one: -one["longestSeconds"])
    groups = tool.answered("operations", lambda: tool.pages(f"{OPERATIONS}/groups", "groups", limit)) or ()
    failing = [one for one in groups if one["counts"]["open"]]
    return {"busy": consumers[:limit], "slow": stages[:limit], "failing": failing, "silent": list(tool.silent)}


def _top(tool: Tool, shown: dict[str, Any]) -> None:
    rows: list[list[Any]] = []
    for one in shown["busy"]:
        rows.append(["busy", one["name"], f"{waiting(one)} wait, {one['state']}", lasting(one["drainedInSeconds"])])
    for one in shown["slow"]:
        rows.append(["slow", one["stage"], counted(one["orders"], "order"), lasting(one["longestSeconds"])])
    for one in shown["failing"]:
        what, how = f"{one['consumer']} {one['message']}", f"{one['counts']['open']} open: {one['reason']}"
        rows.append(["failing", what, how, ago(one["lastSeen"])])
    empty = "what answers is not busy, slow or failing" if tool.silent else "nothing is busy, slow or failing"
    tool.out.rows(shown, ("", "what", "how", "time"), rows, empty)


def _has_orders(stage: Json) -> bool:
    return bool(stage["orders"])


def _sagas(tool: Tool, state: str) -> list[Json]:
    return tool.pages(f"/api/checkout/sagas?status={state}", "sagas", ALL)


def _number(one: Json) -> int:
    found = one["waiting"] or {}
    return sum(found.values())


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())
