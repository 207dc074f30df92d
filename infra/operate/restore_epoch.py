"""Open an epoch in a restored table, before it serves, and list what was committed after its backup and is lost.

Both tables are read once. What is lost is known where the table that served is still there: it is printed as JSON
lines, commit by commit, without what is personal; so is what was damaged in its place (restored_commits.py). The epoch
lets streams go on above every version that was ever published (functions/kernel/eventstore/epochs.py). With --in-place
the table that serves gets what the restored one holds, and the epoch; its service stands still meanwhile. A dry run
changes nothing, and refuses what the command would refuse. docs/runbooks/restore-a-table.md has the order of the steps.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any

from functions.kernel.eventstore import epochs
from functions.kernel.eventstore.epochs import KNOWN_FOR
from functions.kernel.eventstore.item import Item
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.restored_commits import (
    Change,
    Held,
    change,
    damaged,
    digest,
    held_by,
    is_lost,
    is_same,
    item_at,
    items,
    lost,
    readable,
    right,
)
from infra.operate.wording import counted


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)
    parser.add_argument("--table", required=True, help="the restored table of commits, which does not serve yet")
    parser.add_argument("--old", help="the table whose place it takes (default: the one that serves, if there is one)")
    parser.add_argument("--in-place", action="store_true", help="have the table that serves hold what it holds")
    parser.add_argument("--dry-run", action="store_true", help="list what is lost or damaged, and change nothing")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    restored, old = options.table, options.old or _serving(deployment, options.service)
    _check(deployment, restored, old, in_place=options.in_place)
    dynamodb = deployment.client("dynamodb")
    held = held_by(dynamodb, restored)
    print(f"{restored} holds {counted(len(held.commits), 'commit')}, the newest of {held.newest or 'no time'}.")
    highest = held.highest
    if old:
        highest = max(highest, tell(dynamodb, restored, old, held))
    else:
        print("What is lost cannot be told: the table that served is not there. Name it by ARGS='--old <table>'.")
    if old and options.in_place:
        opened = base_of(dynamodb, restored, old, highest)
        if options.dry_run:
            return 0
        base = put_in_place(dynamodb, restored, old, held, highest, opened)
        print(f"{old} holds what {restored} does. It may serve {int(KNOWN_FOR.total_seconds())} seconds from now.")
    elif options.dry_run:
        next_base(_epochs(dynamodb, restored), highest)
        return 0
    else:
        base = open_in(dynamodb, restored, highest, f"restored in place of {old or 'a table that is gone'}")
    print(f"An epoch is open: its streams go on above {base}.")
    return 0


def _serving(deployment: Deployment, service: str) -> str | None:
    """The table that serves; None where the service's stack is not there."""
    try:
        [outputs] = stacks(deployment, service).values()
    except OperateError:
        return None
    return outputs.get("EventsTable")


def _check(deployment: Deployment, restored: str, old: str | None, *, in_place: bool) -> None:
    """Raises OperateError for a table that is not there, that holds no commits, or that serves already."""
    if in_place and not old:
        raise OperateError("there is no table to put it into: deploy the service, or name the table by --old")
    if restored == old:
        raise OperateError(f"{restored} serves: an epoch is opened before that")
    dynamodb = deployment.client("dynamodb")
    for table in (restored, old) if old else (restored,):
        try:
            keys = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        except dynamodb.exceptions.ResourceNotFoundException as error:
            raise OperateError(f"there is no table {table}") from error
        if [key["AttributeName"] for key in keys] != ["stream", "version"]:
            raise OperateError(f"{table} holds no commits: name the table of a service's events")


def tell(dynamodb: Any, restored: str, old: str, held: Held) -> int:
    """Print what is lost and what is damaged in a table that served; returns its highest version."""
    highest, both, gone, changed = 0, 0, 0, Counter[Change]()
    for item in items(dynamodb, old):
        commit = readable(item)
        highest = max(highest, commit.last if commit else int(item["version"]["N"]))
        if is_lost(item, held):
            gone += 1
            print(json.dumps(asdict(lost(item, held))))
            continue
        both += 1
        if not is_same(item, held) and (was := item_at(dynamodb, restored, item)):
            changed[what := change(item, was)] += 1
            if what is Change.DAMAGED:
                print(json.dumps(asdict(damaged(item, was))))
    print(f"{counted(gone, 'commit')} of {old} {'is' if gone == 1 else 'are'} lost.")
    _sum_up(restored, old, len(held.commits) - both, changed)
    return highest


def _sum_up(restored: str, old: str, missing: int, changed: Mapping[Change, int]) -> None:
    found = {
        f"of {restored} not in {old}": missing,
        f"of {old} not as restored": changed[Change.DAMAGED],
        f"of {old} sealed since: left so": changed[Change.SEALED],
        "with another snapshot beside it": changed[Change.SNAPSHOT],
    }
    for what, number in found.items():
        if number:
            print(f"{counted(number, 'commit')} {what}.")


def next_base(known: list[Commit], highest: int) -> int:
    """The base of an epoch that is opened now. Raises OperateError where this machine's clock is behind, so that it is
    not above all that was published. known: the epochs that there are.
    """
    base, there = epochs.base_at(clock.now()), max(highest, *map(_base, known), 0)
    if base <= there:
        raise OperateError(f"the base would be {base}, and version {there} is there: set this machine's clock right")
    return base


def open_in(dynamodb: Any, table: str, highest: int, about: str) -> int:
    """Open an epoch whose base is now; returns the base. It may run again: an epoch that nothing uses does no harm.

    highest: the highest version that any stream is known to have. Raises OperateError as `next_base` does.
    """
    base = next_base(_epochs(dynamodb, table), highest)
    epochs.open_epoch(DynamoEventStore(dynamodb, table), base, about)
    return base


def base_of(dynamodb: Any, restored: str, old: str, highest: int) -> int | None:
    """The base of the epoch that this restoration has opened before it stopped; None where it begins.

    Raises OperateError where it may not go on: where the table serves again, since a stream has gone on above the base
    and what it committed would go; where an epoch is damaged that the restored table does not have; and as `next_base`.
    """
    found = _epochs(dynamodb, old, besides=restored)
    about = restored_from(dynamodb, restored)
    opened = [_base(commit) for commit in found if commit.events[0].data["about"] == about]
    if not opened:
        next_base(found, highest)
        return None
    if highest > opened[-1]:
        raise OperateError(f"{old} serves again: it has commits above {opened[-1]}")
    return opened[-1]


def restored_from(dynamodb: Any, restored: str) -> str:
    """What the epoch of a restoration says, and is known by: one name may be of another table each time.

    The id is one table's only; what has no ids tells a table by the moment at which it was made.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    table = dynamodb.describe_table(TableName=restored)["Table"]
    made = table["CreationDateTime"].astimezone(UTC).isoformat()
    return f"restored in place from {restored}, made at {made}, id {table.get('TableId', 'unknown')}"


def put_in_place(dynamodb: Any, restored: str, old: str, held: Held, highest: int, opened: int | None) -> int:
    """Have a table hold what the restored one does, and an epoch; returns its base. It may stop, and run again.

    The epoch comes first, so that nothing that is put back is taken for what is yet to come. What replaces an item is
    no insertion, so the relay does not send its messages (infra/service.py).
    """
    _put_epochs_back(dynamodb, restored, old)
    base = opened or open_in(dynamodb, old, highest, restored_from(dynamodb, restored))
    there = set[int]()
    for item in items(dynamodb, old):
        if is_lost(item, held):
            dynamodb.delete_item(TableName=old, Key={"stream": item["stream"], "version": item["version"]})
            continue
        there.add(digest(item))
        if not is_same(item, held) and (was := item_at(dynamodb, restored, item)):
            wanted = right(item, was)
            if wanted != item:
                dynamodb.put_item(TableName=old, Item=wanted)
    for item in items(dynamodb, restored):
        if digest(item) not in there:
            dynamodb.put_item(TableName=old, Item=item)
    return base


def _put_epochs_back(dynamodb: Any, restored: str, old: str) -> None:
    """Epochs that the restored table has, where they are gone or damaged: they are read before one is opened."""
    for item in _epoch_items(dynamodb, restored):
        there = item_at(dynamodb, old, item)
        if there is None or readable(there) is None:
            dynamodb.put_item(TableName=old, Item=item)


def _epochs(dynamodb: Any, table: str, besides: str = "") -> list[Commit]:
    """The epochs of a table. besides: another, which has as they were those that are damaged. Raises OperateError."""
    found = []
    for item in _epoch_items(dynamodb, table):
        there = item if readable(item) or not besides else item_at(dynamodb, besides, item)
        commit = readable(there) if there else None
        if commit is None:
            raise OperateError(f"the epoch {item['version']['N']} of {table} cannot be read: it was damaged")
        found.append(commit)
    return found


def _epoch_items(dynamodb: Any, table: str) -> list[Item]:
    response = dynamodb.query(  # one page: it has room for thousands of epochs
        TableName=table,
        KeyConditionExpression="#stream = :stream",
        ExpressionAttributeNames={"#stream": "stream"},
        ExpressionAttributeValues={":stream": {"S": epochs.STREAM}},
        ConsistentRead=True,
    )
    return list(response["Items"])


def _base(commit: Commit) -> int:
    return int(commit.events[0].data["base"])
