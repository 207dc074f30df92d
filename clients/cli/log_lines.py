"""logs: what a service wrote into its logs, with the AWS credentials of the environment."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NoReturn

import typer

from clients.cli.account import TOO_MANY
from clients.cli.ending import NOT_FOUND, USAGE, EndedError
from clients.cli.tool import Tool
from clients.cli.verbs import verb
from clients.cli.wording import now

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
ERRORS = ("ERROR", "platform")  # our own, and what Lambda reports at its level WARN: a timeout, a crash
EVERY, LONGEST = 2.0, 60.0  # seconds between two looks; once AWS throttles
LATE = timedelta(minutes=1)  # by which a line may come after its time


@verb("logs", "mallbots logs depot --since 30m")
def logs(
    tool: Tool,
    service: Annotated[str, typer.Argument(help="A service, or gateway.")],
    order: Annotated[str, typer.Option("--order", help="Lines with the id of an order.")] = "",
    find: Annotated[str, typer.Option("--find", help="Lines with a text.")] = "",
    errors: Annotated[bool, typer.Option("--errors", help="Errors alone.")] = False,
    since: Annotated[str, typer.Option("--since", help="How long ago at most: 30m, 2h, 1d.")] = "1h",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
) -> None:
    """Print the log lines of a service, those about an order or with a text, or its errors, in order of time.

    It uses AWS credentials: logs:FilterLogEvents, cloudformation:DescribeStacks and cloudformation:ListStacks
    (clients/cli/policy.json).
    """
    terms = [term for term in (order, find) if term]
    if len(terms) > 1 or (terms and errors):
        raise EndedError("an --order, a text to --find, or --errors: one of them", USAGE)
    start = now() - _ago(since)
    groups = [group for name, group in tool.account.of(service).items() if name.endswith("Logs")]
    wanted = terms or list(ERRORS if errors else ("",))

    def look(since: datetime) -> list[dict[str, Any]]:
        return list(lines(tool, groups, wanted, since))

    if follow:
        _follow(tool, look, start)
    found = look(start)
    tool.out.show(found, lambda: tool.out.lines(_texts(found)))
    if not found and not tool.out.as_json:
        tool.out.say(f"no such lines of {service} in the last {since}")


def _follow(tool: Tool, look: Callable[[datetime], list[dict[str, Any]]], start: datetime) -> NoReturn:
    """Print new lines until Ctrl-C. Each look is at what may have come since the last; a throttle is outlasted."""
    seen: set[str] = set()
    pause = EVERY
    while True:
        begun = now()
        try:
            found = look(start)
        except EndedError as error:
            if error.status != TOO_MANY:
                raise
            pause = min(2 * pause, LONGEST)
            tool.out.say(f"{error.message}: it looks again in {pause:.0f} s")
        else:
            new = [one for one in found if one["id"] not in seen]
            # A line each also as JSON, since the end never comes.
            tool.out.lines(map(json.dumps, new) if tool.out.as_json else _texts(new))
            seen = {one["id"] for one in found}  # a line from before `start` is not found again
            start = max(start, begun - LATE)
            pause = EVERY
        time.sleep(pause)


def lines(tool: Tool, groups: list[str], terms: list[str], since: datetime) -> Iterator[dict[str, Any]]:
    """The lines of log groups that hold any of the terms, by their times. Raises EndedError.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    found: dict[str, dict[str, Any]] = {}
    for group in groups:
        for term in terms:
            asked = {"logGroupName": group, "startTime": int(since.timestamp() * 1000)}
            asked |= {"filterPattern": json.dumps(term)} if term else {}  # in quotes it is one term
            for event in _events(tool, asked):
                # An engine on this machine gives no id: then time and text tell lines apart.
                id = event.get("eventId") or f"{event['timestamp']} {event['message']}"
                found[id] = {**event, "group": group, "eventId": id}
    for event in sorted(found.values(), key=lambda event: (event["timestamp"], event["eventId"])):
        stamp = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        yield {"time": stamp, "group": event["group"], "line": event["message"].rstrip(), "id": event["eventId"]}


def _events(tool: Tool, asked: dict[str, Any]) -> list[Any]:
    """What one log group has; nothing, and that it is gone, where there is none."""
    try:
        found: list[Any] = tool.account.call("logs", "filter_log_events", **asked)["events"]
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        tool.out.say(error.message)
        return []
    return found


def _texts(found: list[dict[str, Any]]) -> list[str]:
    return [f"{one['time'][:23]}Z {one['line']}" for one in found]


def _ago(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([mhd])", text, re.ASCII)
    if not match:
        takes = "a number with m, h or d, such as 2h, of four digits at most"
        raise EndedError(f"--since must be {takes}, not {text!r}", USAGE)
    return timedelta(**{UNITS[match[2]]: int(match[1])})
