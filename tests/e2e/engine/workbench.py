"""Functions, queues and tables that the contract tests create on an engine, under unique names."""

import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from infra.local.cloud import LocalCloud
from infra.local.process import REGION

ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DEADLINE_SECONDS = 30.0

# The body of a function sees `event`, `context` and `note`, which appends to the journal that the test reads.
HANDLER = """\
import json, os, time

def note(what):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(json.dumps(what) + "\\n")

def handler(event, context):
"""

T = TypeVar("T")


def eventually(probe: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """What `probe` returns once it is truthy; fails if that takes longer than the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {seconds} s: the last answer was {found!r}"
        time.sleep(0.01)
    return found


def until_saved(cloud: LocalCloud, service: str, text: str) -> None:
    """Wait until the engine's file of a service, which its first save makes, holds `text`."""
    file = cloud.state / "engine" / f"{service}.json"
    eventually(lambda: file.exists() and text in file.read_text())


def policy(*statements: dict[str, Any]) -> str:
    """The text of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def as_role(cloud: LocalCloud, role: str, service: str, endpoint: str = "") -> Any:
    """A boto3 client with a role's credentials, given its ARN; `endpoint`: of a service that has one of its own.

    The engine lets the administrator assume any role; AWS would only let Lambda assume a function's.
    """
    given = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session: Any = boto3.session.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], REGION)
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    return session.client(service, endpoint_url=endpoint or cloud.address, config=config)


@dataclass(frozen=True)
class Queue:
    url: str
    arn: str


@dataclass(frozen=True)
class Table:
    name: str
    stream: str


@dataclass(frozen=True)
class Function:
    name: str
    arn: str
    journal: Path

    def notes(self) -> list[Any]:
        """What the function appended to its journal, in order."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []


def bundle(body: str) -> bytes:
    """The archive of a function with this body."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", HANDLER + textwrap.indent(textwrap.dedent(body), "    "))
    return content.getvalue()


class Clients:
    """One boto3 client for each service of a cloud: creating one takes longer than most tests."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.cloud.client(service, max_pool_connections=32)
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


class Workbench:
    """Creates resources on a cloud, and stops its event sources at the end of the test."""

    def __init__(self, cloud: LocalCloud, clients: Clients, folder: Path) -> None:
        self.cloud = cloud
        self.client = clients
        self.folder = folder
        self._mappings: list[str] = []

    def close(self) -> None:
        for mapping in self._mappings:
            self.client("lambda").delete_event_source_mapping(UUID=mapping)

    def name(self, kind: str) -> str:
        return f"{kind}-{uuid.uuid4().hex[:8]}"

    def role(self, *statements: dict[str, Any]) -> str:
        """The ARN of a role for functions, with these statements as its policy."""
        name, iam = self.name("role"), self.client("iam")
        trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trusted))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="granted", PolicyDocument=policy(*statements))
        arn: str = made["Role"]["Arn"]
        return arn

    def function(self, body: str, **config: Any) -> Function:
        """A function with the given body; it can use `event`, `context`, `json`, `os`, `time` and `note`.

        Unless a `Role` is given, it may do anything.
        """
        name = self.name("function")
        journal = self.folder / f"{name}.jsonl"
        made = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Code={"ZipFile": bundle(body)},
            **{
                "Role": config.get("Role") or self.role(ANYTHING),
                "Timeout": 10,
                "Environment": {"Variables": {"JOURNAL": str(journal)}},
                **config,
            },
        )
        return Function(name, made["FunctionArn"], journal)

    def update(self, function: Function, body: str) -> None:
        """Give a function another body."""
        self.client("lambda").update_function_code(FunctionName=function.name, ZipFile=bundle(body))

    def invoke(self, function: Function, event: object = None) -> Any:
        """The answer to a synchronous invocation, or the error of the function."""
        answer = self.client("lambda").invoke(FunctionName=function.name, Payload=json.dumps(event))
        with answer["Payload"] as payload:
            return json.load(payload)

    def queue(self, suffix: str = "", **attributes: str) -> Queue:
        """A queue; a FIFO queue needs the suffix `.fifo`."""
        url = self.client("sqs").create_queue(QueueName=self.name("queue") + suffix, Attributes=attributes)["QueueUrl"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Queue(url, found["Attributes"]["QueueArn"])

    def allow_rule(self, rule: str, *queues: Queue) -> None:
        """Let a rule, by its ARN, send to these queues; it is the only one that may."""
        for queue in queues:
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
            self.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy(statement)})

    def receive(self, queue: Queue) -> list[dict[str, Any]]:
        """Up to ten messages, deleted, with all their attributes."""
        sqs = self.client("sqs")
        messages: list[dict[str, Any]] = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def send(self, queue: Queue, *bodies: str, **parameters: Any) -> None:
        for body in bodies:
            self.client("sqs").send_message(QueueUrl=queue.url, MessageBody=body, **parameters)

    def depth(self, queue: Queue) -> int:
        """The number of its messages, visible, delayed or in flight."""
        found = self.client("sqs").get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
        return sum(int(number) for name, number in found.items() if name.startswith("ApproximateNumberOfMessages"))

    def table(self) -> Table:
        """A table of commits: `pk` a string, `sk` a number, and a stream of new images."""
        made = self.client("dynamodb").create_table(
            TableName=self.name("table"),
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        return Table(made["TableName"], made["LatestStreamArn"])

    def put(self, table: Table, *names: str, version: int = 1, **attributes: Any) -> None:
        """Put an item for each name, which is its key."""
        for name in names:
            item = {"pk": {"S": name}, "sk": {"N": str(version)}, **attributes}
            self.client("dynamodb").put_item(TableName=table.name, Item=item)

    def feed(self, function: Function, source: str, **mapping: Any) -> None:
        """Make a function consume a queue or a stream, by its ARN; a stream from its beginning."""
        start = {"StartingPosition": "TRIM_HORIZON"} if "/stream/" in source else {}
        made = self.client("lambda").create_event_source_mapping(
            FunctionName=function.name, EventSourceArn=source, **{**start, **mapping}
        )
        self._mappings.append(made["UUID"])
