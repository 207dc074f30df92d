"""Open an epoch in a restored table, before it serves, and list what was committed after its backup and is lost.

Both tables are read once. What is lost is known where the table that served is still there: it is printed as JSON
lines, commit by commit, without what is personal. The epoch lets streams go on above every version that was ever
published (functions/kernel/eventstore/epochs.py). With --in-place the table that serves gets what the restored one
holds, and the epoch; its service stands still meanwhile. docs/runbooks/restore-a-table.md has the order of the steps.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

from functions.kernel.eventstore import epochs
from functions.kernel.eventstore.epochs import KNOWN_FOR
from functions.kernel.eventstore.item import Item, from_item
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.wording import counted


@dataclass(frozen=True)
class Lost:
    """A commit that the restored table lacks. is_whole: whether it lacks the stream, so that it begins anew."""

    stream: str
    version: int
    last: int
    time: str
    actor: str
    correlation_id: str
    events: tuple[str, ...]
    messages: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True)
class Held:
    """What a table holds. commits: stream, version and id of each, hashed: about 60 bytes each, for a large table."""

    commits: frozenset[int]
    streams: frozenset[int]
    highest: int
    newest: str


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)
    parser.add_argument("--table", required=True, help="the restored table of commits, which does not serve yet")
    parser.add_argument("--old", help="the table whose place it takes (default: the one that serves, if there is one)")
    parser.add_argument("--in-place", action="store_true", help="have the table that serves hold what it holds")
    parser.add_argument("--dry-run", action="store_true", help="list what is lost, and change nothing")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    old = options.old or _serving(deployment, options.service)
    _check(deployment, options.table, old)
    dynamodb = deployment.client("dynamodb")
    held = held_by(dynamodb, options.table)
    print(f"{options.table} holds {counted(len(held.commits), 'commit')}, the newest of {held.newest or 'no time'}.")
    highest, found = held.highest, 0
    if old:
        for commit in commits(dynamodb, old):
            highest = max(highest, commit.last)
            if is_lost(commit, held):
                found += 1
                print(json.dumps(asdict(lost(commit, held))))
        print(f"{counted(found, 'commit')} of {old} {'is' if found == 1 else 'are'} lost.")
    else:
        print("What is lost cannot be told: the table that served is not there. Name it by ARGS='--old <table>'.")
    if options.dry_run:
        return 0
    if options.in_place:
        if not old:
            raise OperateError("there is no table to put it into: deploy the service, or name the table by --old")
        base = put_in_place(dynamodb, options.table, old, highest)
        print(f"{old} holds what {options.table} does. It may serve {int(KNOWN_FOR.total_seconds())} seconds from now.")
    else:
        base = open_in(dynamodb, options.table, highest, f"restored in place of {old or 'a table that is gone'}")
    print(f"An epoch is open: its streams go on above {base}.")
    return 0


def _serving(deployment: Deployment, service: str) -> str | None:
    """The table that serves; None where the service's stack is not there."""
    try:
        [outputs] = stacks(deployment, service).values()
    except OperateError:
        return None
    return outputs.get("EventsTable")


def _check(deployment: Deployment, restored: str, old: str | None) -> None:
    """Raises OperateError for a table that is not there, that holds no commits, or that serves already."""
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


def held_by(dynamodb: Any, table: str) -> Held:
    """Read a table once."""
    found, streams, highest, newest = set[int](), set[int](), 0, ""
    for commit in commits(dynamodb, table):
        found.add(hash((commit.stream, commit.version, commit.id)))
        streams.add(hash(commit.stream))
        highest, newest = max(highest, commit.last), max(newest, commit.time)
    return Held(frozenset(found), frozenset(streams), highest, newest)


def is_lost(commit: Commit, held: Held) -> bool:
    """Whether a table lacks a commit of another one."""
    return hash((commit.stream, commit.version, commit.id)) not in held.commits


def lost(commit: Commit, held: Held) -> Lost:
    """What is said of a lost commit: names of events and messages, nothing that they hold."""
    return Lost(
        stream=commit.stream,
        version=commit.version,
        last=commit.last,
        time=commit.time,
        actor=commit.actor,
        correlation_id=commit.correlation_id,
        events=tuple(event.name for event in commit.events),
        messages=tuple(message.name for message in commit.messages),
        is_whole=hash(commit.stream) not in held.streams,
    )


def open_in(dynamodb: Any, table: str, highest: int, about: str) -> int:
    """Open an epoch whose base is now; returns the base. It may run again: an epoch that nothing uses does no harm.

    highest: the highest version that any stream is known to have. Raises OperateError where this machine's clock is
    behind, so that the base is not above all that was published.
    """
    base = epochs.base_at(clock.now())
    try:
        if base <= highest:
            raise ValueError(f"version {highest} is there")
        epochs.open_epoch(DynamoEventStore(dynamodb, table), base, about)
    except ValueError as error:
        raise OperateError(f"the base would be {base}, and {error}: set this machine's clock right") from error
    return base


def put_in_place(dynamodb: Any, restored: str, old: str, highest: int) -> int:
    """Have a table hold what the restored one does, and an epoch; returns its base. It may stop, and run again.

    The epoch comes first, so that nothing that is put back is taken for what is yet to come. Raises OperateError where
    the table serves again, as it does where a stream has gone on above the base: what it committed would go.
    """
    about = f"restored in place from {restored}"
    opened = [commit for commit in DynamoEventStore(dynamodb, old).forwards(epochs.STREAM) if about in _about(commit)]
    base = opened[-1].events[0].data["base"] if opened else open_in(dynamodb, old, highest, about)
    if highest > base:
        raise OperateError(f"{old} serves again: it has commits above {base}")
    there, wanted = held_by(dynamodb, old), held_by(dynamodb, restored)
    for item in _items(dynamodb, old):
        if _digest(item) not in wanted.commits:
            dynamodb.delete_item(TableName=old, Key={"stream": item["stream"], "version": item["version"]})
    for item in _items(dynamodb, restored):
        if _digest(item) not in there.commits:
            dynamodb.put_item(TableName=old, Item=item)
    return int(base)


def _about(commit: Commit) -> str:
    return str(commit.events[0].data["about"])


def _digest(item: Item) -> int:
    return hash((item["stream"]["S"], int(item["version"]["N"]), item["id"]["S"]))


def commits(dynamodb: Any, table: str) -> Iterator[Commit]:
    """All commits of a table but those of epochs."""
    return map(from_item, _items(dynamodb, table))


def _items(dynamodb: Any, table: str) -> Iterator[Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            if item["stream"]["S"] != epochs.STREAM:
                yield cast(Item, item)
