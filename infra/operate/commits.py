"""Print the commits of a stream as JSON, all or the one that holds a version; the console shows them compressed."""

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime.commit import Commit, Snapshot
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.options import at_least_one


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)
    parser.add_argument("--stream", required=True, help="such as Order#<id>")
    parser.add_argument("--version", type=at_least_one, help="of an event: only the commit that holds it")
    parser.add_argument("--limit", type=at_least_one, help="print so many commits at most (default: all)")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    found = commits(deployment, options.service, options.stream, options.version)
    for commit in islice(found, options.limit):
        print(json.dumps(readable(commit), indent=2, ensure_ascii=False))
    return 0


def commits(deployment: Deployment, service: str, stream: str, version: int | None = None) -> Iterator[Commit]:
    """The commits of a stream, oldest first; with a version, the one whose events include it.

    Raises OperateError for a service without streams, and where there is no such commit.
    """
    found = False
    for commit in event_store(deployment, service).forwards(stream):
        if version is None or commit.version <= version <= commit.last:
            found = True
            yield commit
        if version is not None and commit.last >= version:
            break
    if not found:
        what = f"{stream} of version {version}" if version else stream
        raise OperateError(f"{service} has no {what}: a stream is named by its kind and id, such as Order#<id>")


def event_store(deployment: Deployment, service: str) -> DynamoEventStore:
    """The commits of a service. Raises OperateError for a service without streams."""
    [outputs] = stacks(deployment, service).values()
    if "EventsTable" not in outputs:
        raise OperateError(f"{service} has no streams")
    return DynamoEventStore(deployment.client("dynamodb"), outputs["EventsTable"])


def readable(commit: Commit) -> dict[str, Any]:
    """All that a commit holds, as JSON-ready data; of the causes in a snapshot, how many there are.

    renewed: the snapshot that `make snapshots` put beside it.
    """
    return {
        "stream": commit.stream,
        "version": commit.version,
        "id": commit.id,
        "time": commit.time,
        "actor": commit.actor,
        "correlation_id": commit.correlation_id,
        "causation_id": commit.causation_id,
        "cause": commit.cause and {"id": commit.cause.id, "digest": commit.cause.digest},
        "events": [{"name": event.name, "version": event.version, "data": event.data} for event in commit.events],
        "messages": [{"detail": message.detail, "delay": message.delay} for message in commit.messages],
        "snapshot": _readable(commit.snapshot),
        "renewed": _readable(commit.renewed),
    }


def _readable(snapshot: Snapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    return {"schema": snapshot.schema, "state": snapshot.state, "causes": len(snapshot.causes.steps)}
