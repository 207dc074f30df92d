"""List what was given up and is not done with, with the reasons: what operations has stored, and what is in queues yet.

It reads the rows of operations with your own credentials, as the routes of operations do with an operator's token.
"""

import argparse
from collections.abc import Iterator
from typing import Any, cast

from clients.cli.output import plain
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime
from functions.operations import rows
from functions.operations.letters import OPEN, PARKED, REDRIVING, Letter
from functions.operations.rows import Filter
from infra.names import OPERATIONS
from infra.operate.deployment import Deployment, stacks
from infra.operate.given_up import readable, waiting
from infra.operate.options import at_least_one

LIMIT = 1_000  # letters of each state, and of each queue
NOT_DONE = (OPEN, REDRIVING, PARKED)
WAITING = "waiting"  # in its queue: operations stores it within a minute
AT_ONCE = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", help="only those of one service")
    parser.add_argument("--bodies", action="store_true", help="also print the messages")
    parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"of each state (default: {LIMIT})")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    known, left = stored(deployment, options.service, options.limit), list[str]()
    letters, there = [(one.state, one) for one in known], {one.id for one in known}
    for queue, found, count in waiting(deployment, options.service, options.limit):
        letters += [(WAITING, one) for one in found if one.id not in there]
        if len(found) < count:
            left.append(f"{queue.name}: {len(found)} of about {count}")
    if not letters:
        print("No dead letters.")
        return 0
    for state, one in letters:
        tries = f" after {one.tries} tries" if one.tries else ""
        print(plain(f"{state:9} {one.id} {one.queue} {one.name or 'unreadable'}{tries}: {one.reason}"))
    for line in left:
        print(line)
    for _, one in letters if options.bodies else ():
        print(plain(readable(one.body)))
    return 0


def dead_letters(deployment: Deployment, service: str | None = None, limit: int = LIMIT) -> list[Letter]:
    """What was given up and is not done with, stored or in a queue yet; so many of each.

    Raises OperateError for a service that is not deployed.
    """
    known = stored(deployment, service, limit)
    there = {one.id for one in known}
    found = [one for _, letters, _ in waiting(deployment, service, limit) for one in letters if one.id not in there]
    return [*known, *found]


def stored(deployment: Deployment, service: str | None = None, limit: int = LIMIT) -> list[Letter]:
    """The letters of operations that are not done with, so many of each state; none where it is not deployed."""
    outputs = stacks(deployment).get(OPERATIONS)
    if not outputs:
        return []
    nothing = cast(Any, None)
    running = Runtime(
        service=OPERATIONS,
        views=DynamoViews(deployment.client("dynamodb"), outputs["ViewsTable"]),
        store=nothing,
        vault=nothing,
        bus=nothing,
        queue=nothing,
        dead_letters=nothing,
    )
    with runtime.active(running):
        return [one for state in NOT_DONE for one in _of_state(service or "", state, limit)]


def _of_state(service: str, state: str, limit: int) -> Iterator[Letter]:
    after: dict[str, Any] | None = None
    while limit:
        page = rows.letters(Filter(service=service, state=state), min(limit, AT_ONCE), after)
        yield from page.letters
        limit, after = limit - len(page.letters), page.after
        if after is None:
            return
