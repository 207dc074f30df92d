"""The queues of a stage in an account of moto, for the commands of infra/operate (fixture: `account`)."""

import json
from collections.abc import Mapping
from typing import Any

import boto3

DEPOT = "mallbots-prod-depot"
LETTER = {"detail": {"metadata": {"name": "OrderCancelled", "id": "m-1"}, "data": {}}}


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
