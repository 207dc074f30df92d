"""Make the snapshots that code with a raised snapshot schema will look for, before it is deployed.

Without them, the first command on a long stream folds all of it. This runs the code that is checked out here on the
stage's table, with the credentials of who deploys: no function may change a commit's item.
"""

import argparse
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from functions.kernel.domain.aggregate import Aggregate, UnknownEventError
from functions.kernel.eventstore import loading
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime.runtime import EventStore
from infra.operate.commits import event_store
from infra.operate.deployment import Deployment, stacks

LONG = 100  # events: a shorter stream is read from its beginning by four queries


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    made = renew_all(deployment, options.service, print)
    print("1 snapshot was made." if made == 1 else f"{made} snapshots were made.")
    return 0


def renew_all(
    deployment: Deployment, service: str, report: Callable[[str], None] = lambda _line: None, long: int = LONG
) -> int:
    """Renew the snapshot of each stream with more than so many events where it is needed; returns how many were.

    Reports a stream whose snapshot would be too large, and one that this code cannot read.
    Raises OperateError for a service without streams.
    """
    store, kinds, made = event_store(deployment, service), aggregates(service), 0
    for stream in _long_streams(deployment, service, long):
        kind, _, id = stream.partition("#")
        if kind not in kinds:
            continue
        try:
            if loading.renew(kinds[kind], id, store):
                made += 1
            elif size := _too_large(kinds[kind], id, store):
                report(f"{stream} was left out: its snapshot has {size:,} bytes, {loading.RENEWED_LIMIT:,} at most")
        except (UnknownEventError, UnreadableError) as error:
            report(f"{stream} cannot be read by this code: {error}")
    return made


def _too_large(kind: type[Aggregate], id: str, store: EventStore) -> int:
    """The bytes of a snapshot that is needed and not made because of them; 0 where none is needed."""
    loaded = loading.load(kind, id, store)
    snapshot = loaded.snapshot()
    size = len(memoryview(snapshot.text)) if snapshot else 0
    return size if len(loaded.newer) >= loading.SNAPSHOT_EVERY and size > loading.RENEWED_LIMIT else 0


def aggregates(service: str) -> dict[str, type[Aggregate]]:
    """The aggregates of a service by the names of their streams' kinds: those of its repositories."""
    package = import_module(f"functions.{service}")
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    repositories = [it for module in modules for it in vars(module).values() if isinstance(it, Repository)]
    return {repository.aggregate.__name__: repository.aggregate for repository in repositories}


def _long_streams(deployment: Deployment, service: str, long: int) -> Iterator[str]:
    """The streams that have an event of a version above `long`, each once; reads the whole table once."""
    [outputs] = stacks(deployment, service).values()
    request: dict[str, Any] = {
        "TableName": outputs["EventsTable"],
        "ProjectionExpression": "#stream",
        "FilterExpression": "#version > :long",
        "ExpressionAttributeNames": {"#stream": "stream", "#version": "version"},
        "ExpressionAttributeValues": {":long": {"N": str(long)}},
    }
    seen: set[str] = set()
    for page in deployment.client("dynamodb").get_paginator("scan").paginate(**request):
        streams = {item["stream"]["S"] for item in page["Items"]} - seen
        seen |= streams
        yield from sorted(streams)
