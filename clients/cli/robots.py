"""robot: what each robot does and says, to tell it what to do, and to run some that are simulated."""

from typing import Annotated, Any

import typer

from clients.cli import completing, launching, session
from clients.cli.ending import NOT_FOUND, USAGE, EndedError, unknown, whole
from clients.cli.tool import ALL, Tool, at
from clients.cli.verbs import group, verb
from clients.cli.wording import ago
from clients.mall import Json

BOTS, FLEET = "/api/depot/bots", "/api/fleet/robots"
RUN = "robots-run"  # the folder of the files of robots that are run here, in the state of their mall

group("robot", "What each robot does and says, and to tell it what to do.")

Id = Annotated[
    str,
    typer.Argument(
        help="The id of a robot, as `robot list` has it, or a name that no other has.", autocompletion=completing.robots
    ),
]
Action = Annotated[str, typer.Argument(help="The id of an action that failed, as `robot show` has it.")]


@verb("robot list", "mallbots robot list")
def list_robots(tool: Tool) -> None:
    """List the robots: what the depot counts on, and what each reported last."""
    reported = {one["id"]: one for one in tool.answered("fleet", lambda: tool.pages(FLEET, "robots", ALL)) or ()}
    found = [{**one, **reported.get(one["id"], {}), "status": one["status"]} for one in _bots(tool)]
    rows = (
        [one["id"], one["name"], one["status"], one.get("connection"), ago(one.get("lastReportedAt")), _doing(one)]
        for one in found
    )
    tool.out.rows(found, ("robot", "name", "status", "connection", "reported", "does"), rows, "no robots")


@verb("robot show", "mallbots robot show Ajax")
def show(tool: Tool, id: Id) -> None:
    """Show a robot: what it was told, where it is, and what is wrong with it."""
    one = _robot(tool, id)
    goods = [
        goods["orderId"]
        for status in ("assigned", "active")
        for goods in tool.pages(f"/api/depot/shopping?status={status}", "lists")
        if goods["botId"] == one["id"]
    ]
    data = {**one, "collects": goods}
    errors = [f"{error['type']} ({error['level']}): {error['description']}" for error in one.get("errors", ())]
    tool.out.fields(data, [*((n, v) for n, v in data.items() if n not in ("errors", "order")), ("errors", errors)])


@verb("robot pause", "mallbots robot pause Ajax --yes", changes=True)
def pause(tool: Tool, id: Id) -> None:
    """Tell a robot to stop where it is."""
    _tell(tool, id, "pause")


@verb("robot resume", "mallbots robot resume Ajax --yes", changes=True)
def resume(tool: Tool, id: Id) -> None:
    """Tell a robot that pauses to go on."""
    _tell(tool, id, "resume")


@verb("robot offline", "mallbots robot offline Ajax --yes", changes=True)
def take_offline(tool: Tool, id: Id) -> None:
    """Take a robot offline: the list that it works on goes to another. It comes online again as it reports."""
    one = _robot(tool, id)
    if tool.agreed(f"take robot {one['name']} ({one['id']}) offline, which is {one['status']}"):
        tool.put(f"{BOTS}/{at(one['id'])}/offline")
        one = _robot(tool, one["id"])
    tool.out.fields(one, ((name, one[name]) for name in ("id", "name", "status")))


@verb("robot retry", "mallbots robot retry Ajax pick-1 --yes", changes=True)
def retry(tool: Tool, id: Id, action: Action) -> None:
    """Tell a robot to try an action again that failed."""
    _tell_of(tool, id, action, "retry")


@verb("robot skip", "mallbots robot skip Ajax pick-1 --yes", changes=True)
def skip(tool: Tool, id: Id, action: Action) -> None:
    """Tell a robot to give up an action that failed, and to go on."""
    _tell_of(tool, id, action, "skip")


@verb("robot register", "mallbots robot register Ajax --yes", changes=True)
def register(tool: Tool, name: Annotated[str, typer.Argument(help="What staff call it.")]) -> None:
    """Register a robot by a name; its token, which is shown once, is what it signs in with."""
    agreed = tool.agreed(f"register robot {name}")
    made: Json = tool.post(BOTS, {"name": name}) if agreed else dict.fromkeys(("id", "token"))
    tool.out.fields(made, made.items())


@verb("robot retire", "mallbots robot retire Ajax --yes", changes=True)
def retire(tool: Tool, id: Id) -> None:
    """Retire a robot for good: its list, if it has one, goes to another."""
    one = _robot(tool, id)
    if tool.agreed(f"retire robot {one['name']} ({one['id']}), which is {one['status']}"):
        tool.call("DELETE", f"{BOTS}/{at(one['id'])}")
    tool.out.fields({"id": one["id"], "retired": not tool.dry_run}, [("id", one["id"])])


@verb("robot run", "mallbots robot run --count 3 --speed 5 --yes", changes=True)
def run(
    tool: Tool,
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 1,
    speed: Annotated[float, typer.Option("--speed", min=0.1, help="How many times as fast as a real one.")] = 1,
) -> None:
    """Run simulated robots in a local mall that is up, until Ctrl-C; those that are new are registered and enrolled."""
    if tool.stage.state is None:
        raise EndedError("simulated robots are of a local mall: they would bring real customers nothing", USAGE)
    if tool.agreed(f"run {count} simulated robots until Ctrl-C, and register those that are new"):
        words = ("--count", str(count), "--speed", f"{speed:g}", "--state", str(tool.stage.state.absolute() / RUN))
        token = session.credential(tool.stage).token()
        launching.run("clients.robot", "run", *words, MALLBOTS_API=tool.stage.api, MALLBOTS_TOKEN=token)
    else:
        tool.out.show({"count": count, "speed": speed}, lambda: None)


def _tell(tool: Tool, id: str, what: str) -> None:
    one = _robot(tool, id)
    if tool.agreed(f"tell robot {one['name']} ({one['id']}): {what}"):
        tool.put(f"{FLEET}/{at(one['id'])}/{what}")
    one = _robot(tool, one["id"])
    tool.out.fields(one, ((name, one.get(name)) for name in ("id", "name", "status", "connection", "paused")))


def _tell_of(tool: Tool, id: str, action: str, what: str) -> None:
    """Tell a robot what becomes of an action that failed. Raises EndedError, with the nearest one, for another."""
    failed = _robot(tool, id).get("retriable", [])
    if not (found := action if action in failed else whole("failed action", action, failed)):
        error = unknown("failed action", action, failed)
        raise EndedError(error.message, error.code, error.hint or f"failed: {', '.join(failed) or 'none'}")
    _tell(tool, id, f"actions/{at(found)}/{what}")


def _robot(tool: Tool, id: str) -> Json:
    """A robot by its id, or by a name that no other has. Raises EndedError."""
    bots = _bots(tool)
    found = [one for one in bots if one["id"] == id] or [one for one in bots if one["name"] == id]
    if not found:
        raise unknown("robot", id, [word for one in bots for word in (one["id"], one["name"])])
    if len(found) > 1:
        ids = ", ".join(f"{one['id']} ({one['status']})" for one in found)
        raise EndedError(f"{len(found)} robots are named {id!r}", USAGE, f"name one by its id: {ids}")
    [one] = found
    try:
        return {**tool.get(f"{FLEET}/{at(one['id'])}")["robot"], **one}
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        return one  # it was never on the robots' stream


def _bots(tool: Tool) -> list[Json]:
    return tool.pages(BOTS, "bots", ALL)


def _doing(one: Json) -> Any:
    if one.get("errors"):
        return ", ".join(error["type"] for error in one["errors"])
    if one.get("paused"):
        return "is paused"
    order = one.get("order")
    return f"collects list {order['listId']}" if order else ""
