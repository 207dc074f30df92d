"""All that a deployment holds, read by its administrator: what a search for personal data goes through.

Texts that SNS was to send are left out: they are with the carrier, which the customer's own phone has them from.
"""

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clients.mall import wait_for
from infra.local.cloud import LocalCloud
from infra.operate.dead_letters import dead_letters

Held = Iterator[tuple[str, Any]]  # where something is, and what

# Of the engine's files: the texts that SNS was to send, and the functions' code, which is older than any customer.
NOT_SEARCHED = ("sns.json", "lambda.json")
SAVED_WITHIN = (
    600  # seconds: after a save that took long, as one with the functions, the engine waits ten times as long
)


def held(cloud: LocalCloud) -> Held:
    """What AWS shows: tables, their streams, dead letters, logs, buckets, parameters, secrets and metrics."""
    for read in (tables, streams, letters, logs, objects, parameters, secrets, metrics):
        yield from read(cloud)


def tables(cloud: LocalCloud) -> Held:
    for name in table_names(cloud):
        yield from ((f"the table {name}", item) for item in items(cloud, name))


def table_names(cloud: LocalCloud) -> Iterator[str]:
    """The tables of all services."""
    for page in _pages(cloud, "dynamodb", "list_tables"):
        yield from page["TableNames"]


def items(cloud: LocalCloud, table: str) -> Iterator[dict[str, Any]]:
    """All items of a table."""
    for page in _pages(cloud, "dynamodb", "scan", TableName=table, ConsistentRead=True):
        yield from page["Items"]


def streams(cloud: LocalCloud) -> Held:
    """The records of tables' streams, which are kept for a day."""
    client = cloud.client("dynamodbstreams")
    for stream in client.list_streams()["Streams"]:
        arn = stream["StreamArn"]
        for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            at = client.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            ).get("ShardIterator")
            while at and (page := client.get_records(ShardIterator=at))["Records"]:
                yield from ((f"the stream of {stream['TableName']}", record) for record in page["Records"])
                at = page.get("NextShardIterator")


def letters(cloud: LocalCloud) -> Held:
    """Of the other queues no message is received, since that would keep it from its consumer: see `saved`."""
    for letter in dead_letters(cloud):
        yield f"the queue {letter.queue}", [letter.body, letter.reason]


def logs(cloud: LocalCloud) -> Held:
    for page in _pages(cloud, "logs", "describe_log_groups"):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in _pages(cloud, "logs", "filter_log_events", logGroupName=name):
                yield from ((f"the log {name}", event["message"]) for event in events["events"])


def objects(cloud: LocalCloud) -> Held:
    """Objects in buckets; of those that are archives, the files."""
    client = cloud.client("s3")
    for bucket in client.list_buckets()["Buckets"]:
        for page in _pages(cloud, "s3", "list_objects_v2", Bucket=bucket["Name"]):
            for found in page.get("Contents", ()):
                where = f"the bucket {bucket['Name']}"
                content = client.get_object(Bucket=bucket["Name"], Key=found["Key"])["Body"].read()
                yield where, found["Key"]
                yield from ((where, part) for part in _files(content))


def _files(content: bytes) -> Iterator[bytes]:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        yield content
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from (archive.read(name) for name in archive.namelist())


def parameters(cloud: LocalCloud) -> Held:
    for page in _pages(cloud, "ssm", "describe_parameters"):
        for found in page["Parameters"]:
            value = cloud.client("ssm").get_parameter(Name=found["Name"], WithDecryption=True)["Parameter"]
            yield f"the parameter {found['Name']}", value


def secrets(cloud: LocalCloud) -> Held:
    for page in _pages(cloud, "secretsmanager", "list_secrets"):
        for found in page["SecretList"]:
            value = cloud.client("secretsmanager").get_secret_value(SecretId=found["ARN"])
            yield f"the secret {found['Name']}", value["SecretString"]


def metrics(cloud: LocalCloud) -> Held:
    for page in _pages(cloud, "cloudwatch", "list_metrics"):
        yield from (("the metrics", found) for found in page["Metrics"])


def saved(cloud: LocalCloud) -> Held:
    """The files in which the engine keeps its state, once it has saved what there is now.

    So what no API shows: messages that wait or are in flight in any queue, and the bus's archive.
    """
    for _ in range(2):  # a save that is under way may have begun before
        _wait_for_a_save(cloud)
    for file in sorted(folder(cloud).glob("*.json")):
        if file.name not in NOT_SEARCHED:
            yield f"the engine's {file.name}", file.read_text()


def folder(cloud: LocalCloud) -> Path:
    """Where the engine keeps its state."""
    return cloud.state / "engine"


def _wait_for_a_save(cloud: LocalCloud) -> None:
    began = time.time()

    def is_saved() -> bool | None:
        cloud.client("sqs").list_queues()  # the engine saves after requests
        files = [folder(cloud) / f"{name}.json" for name in ("dynamodb", "sqs", "eventbridge")]
        return all(file.exists() and file.stat().st_mtime > began for file in files) or None

    wait_for(is_saved, "the engine to save its state", seconds=SAVED_WITHIN)


def _pages(cloud: LocalCloud, service: str, operation: str, **parameters: Any) -> Iterator[Any]:
    return iter(cloud.client(service).get_paginator(operation).paginate(**parameters))
