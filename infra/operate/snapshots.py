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
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.loading import renew
from functions.kernel.eventstore.repository import Repository
from infra.operate.commits import event_store
from infra.operate.deployment import Deployment, stacks

LONG = 100  # events: a shorter stream is read from its beginning by four queries


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    made = renew_all(deployment, options.service, print)
    print(f"{made} snapshots were made.")
    return 0


def renew_all(
    deployment: Deployment, service: str, report: Callable[[str], None] = lambda _line: None, long: int = LONG
) -> int:
    """Renew the snapshot of each stream with more than so many events where it is needed; returns how many were.

    Reports a stream that this code cannot read. Raises OperateError for a service without streams.
    """
    store, kinds, made = event_store(deployment, service), aggregates(service), 0
    for stream in _long_streams(deployment, service, long):
        kind, _, id = stream.partition("#")
        try:
            made += kind in kinds and renew(kinds[kind], id, store)
        except (UnknownEventError, UnreadableError) as error:
            report(f"{stream} cannot be read by this code: {error}")
    return made


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
