"""replay and rebuild: history brought to read models, and read models made anew; run: long work, and its control."""

from typing import Annotated, Any

import typer

from clients.cli import completing, estimating, following
from clients.cli.choosing import services
from clients.cli.ending import PARTLY, EndedError, unknown
from clients.cli.tool import FEW, Tool, at
from clients.cli.verbs import group, verb
from clients.cli.wording import ago, counted, lasting
from clients.mall import Json

ROOT = "/api/operations"
REPLAYED = ("state", "step", "why", "to", "view", "messages", "failed", "percent", "wrong", "notRecoverable")

group("run", "One redrive, forecast, replay or rebuild: how far it is, and its control.")

Id = Annotated[str, typer.Argument(help="The id of a run, as `runs` has it.", autocompletion=completing.runs)]
Rate = Annotated[int, typer.Option("--rate", min=1, max=500, help="Messages a second.")]
View = Annotated[str, typer.Option("--view", help="One read model alone.")]
Wait = Annotated[bool, typer.Option(help="Wait until it has ended.")]


@verb("runs", "mallbots runs")
def runs(tool: Tool, limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = FEW) -> None:
    """List redrives, forecasts, replays and rebuilds: those at work first, and of these the newest."""
    found = tool.listed(f"{ROOT}/runs", "runs", limit)
    rows = ([one["id"], one["kind"], one["state"], _counts(one), ago(one["created"]), one["by"]] for one in found)
    tool.out.rows(found, ("run", "kind", "state", "counts", "begun", "by"), rows, "no runs")


@verb("run show", "mallbots run show 01a7")
def show(
    tool: Tool, id: Id, wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end.")] = False
) -> None:
    """Show a run and how far it is, with an estimate of what is left."""
    found = _run(tool, id)["run"]
    if found["kind"] in ("replay", "rebuild"):
        _follow(tool, found["id"], found["kind"], wait)
    else:
        following.run(tool, found["id"], wait)


@verb("run pause", "mallbots run pause 01a7 --yes", changes=True)
def pause(tool: Tool, id: Id) -> None:
    """Let a run do nothing more until it is resumed. What is on its way still has its outcome."""
    _control(tool, id, "pause")


@verb("run resume", "mallbots run resume 01a7 --yes", changes=True)
def resume(tool: Tool, id: Id) -> None:
    """Let a run go on that was paused, or stopped by itself: then its ramp begins again."""
    _control(tool, id, "resume")


@verb("run cancel", "mallbots run cancel 01a7 --yes", changes=True)
def cancel(tool: Tool, id: Id) -> None:
    """Let a run do nothing more, ever. What is on its way still has its outcome."""
    _control(tool, id, "cancel")


@verb("run switch", "mallbots run switch 01a7 --yes", changes=True)
def switch(tool: Tool, id: Id) -> None:
    """Make what a rebuild built the one that is read. The one before is kept for an hour."""
    _control(tool, id, "switch")


@verb("run abort", "mallbots run abort 01a7 --yes", changes=True)
def abort(tool: Tool, id: Id) -> None:
    """Remove what a rebuild built, and end it."""
    _control(tool, id, "abort")


@verb("replay", "mallbots replay search --from ordering --yes", changes=True)
def replay(
    tool: Tool,
    to: Annotated[str, typer.Argument(help="The service whose read models take the history.")],
    source: Annotated[str, typer.Option("--from", help="Whose history; of all services where it is left out.")] = "",
    stream: Annotated[str, typer.Option("--stream", help="Of one stream: 'Order#<id>'.")] = "",
    since: Annotated[str, typer.Option("--since", help="From a time on, such as 2026-03-01T12:00:00Z.")] = "",
    until: Annotated[str, typer.Option("--until", help="Before a time.")] = "",
    names: Annotated[list[str] | None, typer.Option("--name", help="A command or reply to bring too.")] = None,
    view: View = "",
    rate: Rate = 50,
    wait: Wait = True,
) -> None:
    """Bring history to the read models of a service: no handler runs, nothing else is written."""
    for given in filter(None, (to, source)):
        _service(tool, given)
    asked = {"to": to, "from": source, "stream": stream, "since": since, "until": until, "view": view, "rate": rate}
    body: Json = {name: value for name, value in asked.items() if value} | ({"names": names} if names else {})
    whose = f"{source or 'all services'}{f', stream {stream}' if stream else ''}"
    estimate = estimating.estimate(tool, "replay", **{**asked, "names": ",".join(names or ())})
    if _agreed(tool, f"replay the history of {whose} to {to}", estimate, rate):
        _follow(tool, tool.post(f"{ROOT}/replays", body)["id"], "replay", wait, estimate)
    else:
        tool.out.show({"asked": body, "estimate": estimate, "run": None}, lambda: None)


@verb("rebuild", "mallbots rebuild search orders --yes", changes=True)
def rebuild(
    tool: Tool,
    service: Annotated[str, typer.Argument(help="Whose read model.")],
    view: Annotated[str, typer.Argument(help="Which one: `orders` of search, `timeline` of insights.")],
    rate: Rate = 50,
    wait: Wait = True,
) -> None:
    """Build a read model anew beside the one that is read, from all of its history; `run switch` takes it."""
    _service(tool, service)
    body = {"service": service, "view": view, "rate": rate}
    estimate = estimating.estimate(tool, "rebuild", **body)
    if _agreed(tool, f"build {view} of {service} anew", estimate, rate):
        _follow(tool, tool.post(f"{ROOT}/rebuilds", body)["id"], "rebuild", wait, estimate)
    else:
        tool.out.show({"asked": body, "estimate": estimate, "run": None}, lambda: None)


def _agreed(tool: Tool, what: str, estimate: Json | None, rate: int) -> bool:
    what = f"{what}{estimating.words(estimate, rate)}"
    if tool.yes and not tool.dry_run:
        tool.out.say(what)
    return tool.agreed(what)


def _follow(tool: Tool, id: str, kind: str, wait: bool, estimate: Json | None = None) -> None:
    tool.out.say(f"run {id}")

    def ask() -> Json:
        found: Json = tool.get(f"{ROOT}/{kind}s/{at(id)}")[kind]
        return {**found, "estimate": estimate} if estimate else found

    found = following.until(tool, ask, _line, _waits_for_someone, id) if wait else ask()
    tool.out.fields(found, [("id", id), ("kind", kind), *_pairs(found)])
    if found.get("mayBeSwitched"):
        tool.out.say(f"take it: {tool.typed('run switch', id)}; leave it: {tool.typed('run abort', id)}")
    if not wait:
        return
    following.ended_early(tool, found, id)
    if found["failed"]:
        raise EndedError(
            f"{counted(found['failed'], 'message')} failed", PARTLY, f"see them: {tool.typed('dead groups')}"
        )


def _waits_for_someone(found: Json) -> bool:
    return found["state"] in following.HELD or bool(found.get("mayBeSwitched"))


def _line(found: Json) -> str:
    share = "" if found["percent"] is None else f", {found['percent']} %"
    left = f", about {lasting(found['secondsLeft'])} left" if found["secondsLeft"] else ""
    return f"{found['state']}, {found['step']}: {counted(found['messages'], 'message')}{share}{left}"


def _pairs(found: Json) -> list[tuple[str, Any]]:
    pairs = [(name, found[name]) for name in REPLAYED]
    if "compared" in found:
        live, built = found["compared"]["rows"] or (0, 0)
        pairs.append(("rows", f"{live} read, {built} built, {found['compared']['different']} different"))
    return pairs


def _control(tool: Tool, id: str, action: str) -> None:
    shown = _run(tool, id)["run"]
    path, counts = f"{ROOT}/runs/{at(shown['id'])}", _counts(shown)
    if tool.agreed(f"{action} {shown['kind']} {shown['id']}, {shown['state']}{f': {counts}' if counts else ''}"):
        tool.put(f"{path}/{action}")
    found = tool.get(path)
    tool.out.fields(found, following.shown_fields(found))


def _run(tool: Tool, id: str) -> Json:
    return tool.found(f"{ROOT}/runs/{at(id)}", "run", id, lambda: tool.known(f"{ROOT}/runs", "runs"))


def _service(tool: Tool, given: str) -> None:
    if given not in (known := services(tool)):
        raise unknown("service", given, known)


def _counts(run: Json) -> str:
    return ", ".join(f"{number} {name}" for name, number in run["counts"].items() if number)
