"""The queues and letters of a stage in an account of moto, for the commands of infra/operate (fixture: `account`)."""

import json
from collections.abc import Mapping
from typing import Any

import boto3

from functions.kernel.composition.manifest import manifest
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime.runtime import active
from functions.operations import rows
from functions.operations.letters import Letter
from infra.documents.generate import ROOT
from tests.support.runtime import memory_runtime

DEPOT = "mallbots-prod-depot"
OPERATIONS = "mallbots-prod-operations"
LETTERS = "letters"  # the table of operations
SAMPLE = json.loads((ROOT / "events" / "samples" / "OrderCancelled.v1.json").read_text())
LETTER = {"detail": {**SAMPLE, "metadata": {**SAMPLE["metadata"], "id": "m-1"}}}


def template(queues: Mapping[str, str]) -> str:
    """A stack of queues whose URLs are outputs: output name → queue name."""
    return json.dumps(
        {
            "Resources": {
                output: {
                    "Type": "AWS::SQS::Queue",
                    "Properties": {"QueueName": name} | ({"FifoQueue": True} if name.endswith(".fifo") else {}),
                }
                for output, name in queues.items()
            },
            "Outputs": {output: {"Value": {"Ref": output}} for output in queues},
        }
    )


def table_of_letters() -> str:
    """A stack with the table of operations."""
    indexes = manifest("operations").indexes
    keys = ["partition", "sort", *(f"{index}_{part}" for index in indexes for part in ("partition", "sort"))]

    def schema(prefix: str) -> list[dict[str, str]]:
        return [
            {"AttributeName": f"{prefix}partition", "KeyType": "HASH"},
            {"AttributeName": f"{prefix}sort", "KeyType": "RANGE"},
        ]

    properties = {
        "TableName": LETTERS,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": schema(""),
        "GlobalSecondaryIndexes": [
            {"IndexName": index, "KeySchema": schema(f"{index}_"), "Projection": {"ProjectionType": "ALL"}}
            for index in indexes
        ],
    }
    table = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    return json.dumps({"Resources": {"Views": table}, "Outputs": {"ViewsTable": {"Value": {"Ref": "Views"}}}})


def store(*letters: Letter) -> None:
    """Store letters as operations does."""
    views = DynamoViews(boto3.client("dynamodb"), LETTERS)
    with active(memory_runtime("operations", views=views, settings={"MALLBOTS_LETTERS_KEPT_DAYS": "90"})):
        for letter in letters:
            rows.put(letter)


def url(name: str) -> str:
    return str(boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def send(queue: str, *bodies: str, **more: Any) -> None:
    for body in bodies:
        boto3.client("sqs").send_message(QueueUrl=url(queue), MessageBody=body, **more)


def received(queue: str) -> list[dict[str, Any]]:
    found = boto3.client("sqs").receive_message(
        QueueUrl=url(queue), MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    )
    return list(found.get("Messages", []))  # type: ignore[arg-type]  # boto3's own type of a message
