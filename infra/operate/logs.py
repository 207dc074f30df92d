"""Print the log lines of a service that hold a text, or its errors; the gateway's with its access log."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from clients.cli.output import plain
from functions.kernel.runtime import clock
from infra.operate.deployment import Deployment, OperateError, stacks

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
# Errors of ours, and what Lambda itself reports: at its level WARN only a timeout or a crash.
ERRORS = ("ERROR", "platform")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)
    parser.add_argument("--find", help="a text that the lines hold, such as an order's id (default: errors)")
    parser.add_argument("--since", default="1h", help="how long ago at most: 30m, 2h, 1d (default: 1h)")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    found = False
    for line in lines(deployment, options.service, options.find, ago(options.since)):
        found = True
        print(plain(line))
    if not found:
        what = f"with {options.find}" if options.find else "with an error"
        print(f"No lines {what} in the last {options.since}.", file=sys.stderr)
    return 0


def lines(deployment: Deployment, service: str, find: str | None, since: timedelta) -> Iterator[str]:
    """The lines of all functions of a service that hold a text, in order of time; those with an error for none."""
    [outputs] = stacks(deployment, service).values()
    client = deployment.client("logs")
    start = int((clock.now() - since).timestamp() * 1000)
    events = {
        (event["timestamp"], event["message"])
        for output, group in outputs.items()
        if output.endswith("Logs")
        for term in ((find,) if find else ERRORS)
        for page in client.get_paginator("filter_log_events").paginate(
            # In quotes, it is one term, whatever characters it has.
            logGroupName=group,
            startTime=start,
            filterPattern=json.dumps(term),
        )
        for event in page["events"]
    }
    for timestamp, message in sorted(events):
        time = datetime.fromtimestamp(timestamp / 1000, UTC)
        yield f"{time:%Y-%m-%dT%H:%M:%SZ} {message.rstrip()}"


def ago(text: str) -> timedelta:
    """30m, 2h or 1d as a time. Raises OperateError."""
    match = re.fullmatch(r"(\d{1,4})([mhd])", text, re.ASCII)
    if not match:
        raise OperateError(f"SINCE must be a number with m, h or d, such as 2h, of four digits at most, not {text!r}")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
