"""Send dead letters back to the queues that they came from, as an operator: in a ramp that stops by itself.

Operations does it (functions/operations/README.md); this begins it, and shows how far it is. Ctrl-C ends the showing,
not the redrive.
"""

import argparse
import uuid
from collections.abc import Callable
from typing import Protocol

from clients.mall import Json, MallError
from functions.kernel.runtime import clock
from infra.operate.deployment import Deployment, OperateError
from infra.operate.operator import operator
from infra.operate.options import above_zero

HELD = ("cancelled", "done", "paused", "stopped")  # a run that does no more now
FAILED = ("dead", "failing")
EVERY = 2.0  # seconds


class Operated(Protocol):
    """The mall's API, as an operator calls it."""

    def get(self, path: str) -> Json: ...

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json: ...


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--letters", help="ids of letters, as dead-letters lists them, with commas between")
    parser.add_argument("--group", help="the open letters of a group")
    parser.add_argument("--service", help="the open letters of a service, or of one consumer: depot/dispatcher")
    parser.add_argument("--to", help="the consumer that takes them, where theirs was renamed")
    parser.add_argument("--rate", type=above_zero, help="how many a second, once the ramp has been climbed")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    asked = {
        **({"letters": options.letters.split(",")} if options.letters else {}),
        **({"group": options.group} if options.group else {}),
        **({"filter": {"service": options.service}} if options.service else {}),
    }
    if len(asked) != 1:
        raise OperateError("which letters? LETTERS=id,id or GROUP=id or SERVICE=depot, one of them")
    more = {name: value for name in ("to", "rate") if (value := getattr(options, name)) is not None}
    with operator(deployment, options.stage) as mall:
        try:
            ended = redrive(mall, {**asked, **more}, print)
        except MallError as error:
            raise OperateError(f"operations answers: {error}") from None
    return report_end(ended, print)


def report_end(ended: Json, report: Callable[[str], None]) -> int:
    """Say how a run may go on that does no more now; the exit code: 1 where not all letters were handled."""
    if ended["state"] in ("paused", "stopped"):
        why = f": {ended['why']}" if ended["why"] else ""
        report(f"It is {ended['state']}{why}. PUT /api/operations/runs/{ended['id']}/resume lets it go on.")
    return 0 if ended["state"] == "done" and not any(ended["counts"].get(what) for what in FAILED) else 1


def redrive(
    mall: Operated, asked: Json, report: Callable[[str], None], wait: Callable[[float], None] = clock.wait
) -> Json:
    """Begin a redrive, and report how far it is until it does no more; returns how it is then. Raises MallError."""
    run_id = mall.post("/api/operations/redrives", asked, key=str(uuid.uuid4()))["id"]
    report(f"run {run_id}")
    said = ""
    while True:
        found: Json = mall.get(f"/api/operations/runs/{run_id}")["run"]
        counted = {what: count for what, count in found["counts"].items() if count and what != "total"}
        counts = ", ".join(f"{count} {what}" for what, count in counted.items())
        if (line := f"{found['state']}, {found['total']} letters: {counts or 'none yet'}") != said:
            report(line)
            said = line
        if found["state"] in HELD:
            return found
        wait(EVERY)
