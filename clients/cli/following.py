"""Long work of operations, followed to its end: how far it is goes to stderr. Ctrl-C ends the following alone."""

from collections.abc import Callable
from typing import Any

from clients.cli.ending import FAILED, INTERRUPTED, PARTLY, EndedError
from clients.cli.tool import Tool, at
from clients.cli.wording import counted, lasting
from clients.mall import Json

ROOT = "/api/operations"
OVER = ("cancelled", "done", "stopped")
HELD = (*OVER, "paused")
EVERY = 2.0  # seconds
BAD = ("dead", "failing", "failed")


def run(tool: Tool, id: str, wait: bool) -> None:
    """Follow a run, and print what it came to. Raises EndedError where it stopped, or not all of it went well."""
    tool.out.say(f"run {id}")

    def ask() -> Json:
        return tool.get(f"{ROOT}/runs/{at(id)}")

    found = until(tool, ask, _line, lambda found: found["run"]["state"] in HELD, id) if wait else ask()
    shown = found["run"]
    tool.out.fields(found, [*shown_fields(found)])
    if not wait:
        return
    bad = {name: shown["counts"][name] for name in BAD if shown["counts"].get(name)}
    ended_early(tool, shown, id)
    if bad:
        what = ", ".join(f"{number} {name}" for name, number in bad.items())
        raise EndedError(f"not all went well: {what}", PARTLY, f"see them: {tool.typed('dead groups')}")


def ended_early(tool: Tool, shown: Json, id: str) -> None:
    """Raises EndedError for a run that does no more now; what is cancelled does none ever, so it is begun anew."""
    if shown["state"] in ("stopped", "cancelled", "paused"):
        hint = "" if shown["state"] == "cancelled" else f"let it go on: {tool.typed('run resume', id)}"
        raise EndedError(f"it is {shown['state']}" + (f": {shown['why']}" if shown["why"] else ""), FAILED, hint)


def shown_fields(found: Json) -> list[tuple[str, Any]]:
    """The fields of a run, as they are printed."""
    shown = found["run"]
    counts = ", ".join(f"{number} {name}" for name, number in shown["counts"].items() if number)
    return [
        *((name, shown[name]) for name in ("id", "kind", "state", "why", "by", "total", "created", "ended")),
        ("counts", counts),
        ("step", found["step"]),
        ("skipped", ", ".join(f"{number} {why}" for why, number in found["skipped"].items())),
        ("left", lasting(found["secondsLeft"]) if found["secondsLeft"] is not None else ""),
    ]


def forecast(tool: Tool, id: str) -> Json:
    """Follow a forecast to its end."""

    def ask() -> Json:
        found: Json = tool.get(f"{ROOT}/forecasts/{at(id)}")["forecast"]
        return found

    def line(found: Json) -> str:
        return f"{found['state']}: {found['answered']} of {counted(found['total'], 'letter')} answered"

    return until(tool, ask, line, lambda found: found["state"] in HELD, id)


def until(
    tool: Tool, ask: Callable[[], Json], line: Callable[[Json], str], is_over: Callable[[Json], bool], id: str
) -> Json:
    """Ask how far something is until it is over, and say each change. Raises EndedError by Ctrl-C."""
    said = ""
    more = f"follow it: {tool.typed('run show', id, '--wait')}; end it: {tool.typed('run cancel', id)}"
    try:
        while True:
            try:
                found = ask()
            except EndedError as error:
                raise EndedError(error.message, error.code, f"it goes on; {more}", error.status) from None
            if (new := line(found)) != said:
                tool.out.say(new)
                said = new
            if is_over(found):
                return found
            tool.wait(EVERY)
    except KeyboardInterrupt:
        raise EndedError("it goes on without you", INTERRUPTED, more) from None


def _line(found: Json) -> str:
    shown = found["run"]
    counts = ", ".join(f"{number} {name}" for name, number in shown["counts"].items() if number)
    left = f", about {lasting(found['secondsLeft'])} left" if found["secondsLeft"] else ""
    why = f"; {shown['why']}" if shown["why"] else ""
    return f"{shown['state']}, {counted(shown['total'], 'letter')}: {counts or 'none yet'}{left}{why}"
