"""DynamoDB, SQS and EventBridge in this process, and ways to record calls and to inject faults."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.config import Config
from moto import mock_aws

from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import ids

REGION = "eu-central-1"


@contextmanager
def local_aws() -> Iterator[None]:
    """Within the block, clients that are created here use fakes in this process."""
    with mock_aws():
        yield


@contextmanager
def local_views(indexes: Sequence[str]) -> Iterator[DynamoViews]:
    """Within the block, a view store on a fake DynamoDB in this process."""
    with local_aws():
        dynamodb = client("dynamodb")
        yield DynamoViews(dynamodb, view_table(dynamodb, indexes))


@contextmanager
def untransformed_events() -> Iterator[None]:
    """Within the block, the bus delivers events to its targets untransformed.

    The fake bus parses every event with a package for input transformers that is not installed.
    """
    from moto.events.utils import EventTemplateParser

    def untransformed(input_template: str, input_paths_map: object, event: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in event.items() if name not in ("ingestion-time", "event-bus-name")}

    with patch.object(EventTemplateParser, "parse", staticmethod(untransformed)):
        yield


def client(service: str) -> Any:
    """A client with the services' configuration."""
    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    return boto3.client(service, region_name=REGION, config=Config(retries=retries))  # type: ignore[call-overload]


def event_table(dynamodb: Any) -> str:
    """Create a table for commits; returns its name."""
    return _table(dynamodb, [("stream", "S", "HASH"), ("version", "N", "RANGE")], [])


def view_table(dynamodb: Any, indexes: Sequence[str]) -> str:
    """Create a table for rows of read models; returns its name."""
    return _table(dynamodb, [("partition", "S", "HASH"), ("sort", "S", "RANGE")], indexes)


def audit_table(dynamodb: Any) -> str:
    """Create a table for the audit; returns its name."""
    return _table(dynamodb, [("day", "S", "HASH"), ("place", "S", "RANGE")], [])


def items(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    """All items of a table."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def _table(dynamodb: Any, keys: list[tuple[str, str, str]], indexes: Sequence[str]) -> str:
    name = f"table-{ids.new()}"
    found_by = {index: [(f"{index}_partition", "S", "HASH"), (f"{index}_sort", "S", "RANGE")] for index in indexes}
    every = [*keys, *(key for keys in found_by.values() for key in keys)]
    more: dict[str, Any] = {}
    if indexes:
        more["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _schema(keys), "Projection": {"ProjectionType": "ALL"}}
            for index, keys in found_by.items()
        ]
    dynamodb.create_table(
        TableName=name,
        KeySchema=_schema(keys),
        AttributeDefinitions=[{"AttributeName": field, "AttributeType": kind} for field, kind, _ in every],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    return name


def _schema(keys: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": field, "KeyType": role} for field, _, role in keys]


@contextmanager
def calls(client: Any) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The operations that are called within the block, each with its parameters."""
    made: list[tuple[str, dict[str, Any]]] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append((model.name, dict(params)))

    event = f"provide-client-params.{client.meta.service_model.service_id.hyphenize()}"
    client.meta.events.register(event, record)
    try:
        yield made
    finally:
        client.meta.events.unregister(event, record)


def error(code: str, message: str = "", status: int = 400, **members: Any) -> tuple[int, dict[str, Any]]:
    """An error response of the service; `members` are further members of the API's response (`Item`…)."""
    metadata = {"HTTPStatusCode": status, "RequestId": "made-up", "HTTPHeaders": {}, "RetryAttempts": 0}
    return status, {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata, **members}


@contextmanager
def answering(client: Any, operation: str, *answers: tuple[int, dict[str, Any]] | Exception) -> Iterator[None]:
    """Within the block, the first calls of an operation get these answers or errors; later calls are not affected."""
    left = list(answers)

    def answer(**_: Any) -> Any:
        if not left:
            return None
        next_one = left.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        status, parsed = next_one
        return SimpleNamespace(status_code=status), parsed

    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, answer)
    try:
        yield
    finally:
        client.meta.events.unregister(event, answer)
    assert not left, f"{len(left)} answers of {operation} were not used"


@contextmanager
def losing_first_reply(client: Any, operation: str) -> Iterator[list[int]]:
    """Within the block, an operation takes effect but its first response is lost, so the SDK repeats the request.

    Yields the list of attempts.
    """
    attempts: list[int] = []

    def lose(attempts_made: int) -> int | None:
        attempts.append(attempts_made)
        return 0 if attempts_made == 1 else None

    def needs_retry(attempts: int, **_: Any) -> int | None:
        return lose(attempts)

    event = f"needs-retry.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register_first(event, needs_retry)
    try:
        yield attempts
    finally:
        client.meta.events.unregister(event, needs_retry)
