"""Two versions at once: containers that run the code from before an adjustment of an invoice said why.

What such a container writes and makes of messages is brought about where it meets the cloud: it stores and says
version 1, and version 2 is newer than it knows. Its snapshots are of another schema, in which amounts had other names.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.simulation.dynamodb import DynamoDBClient
from tests.simulation.expressions import Item
from tests.simulation.sqs import SQSClient

EVOLVED = ("payments", "insights")  # the services whose code differs between the two versions
NEWER_THAN_ANY = "99"

_NEW = re.compile(r'("name": ?"InvoiceAdjusted", ?"version": ?)2\b')
_SHOWN = re.compile(rf'("name": ?"InvoiceAdjusted", ?"version": ?){NEWER_THAN_ANY}\b')


def received(event: dict[str, Any]) -> dict[str, Any]:
    """What an old container is handed: to it, version 2 is as unknown as any that is yet to come."""
    if "Records" not in event or "body" not in event["Records"][0]:
        return event
    records = [
        {**record, "body": _NEW.sub(rf"\g<1>{NEWER_THAN_ANY}", record["body"])}
        if "InvoiceAdjusted" in record["body"]
        else record
        for record in event["Records"]
    ]
    return {"Records": records}


def written(item: Item) -> Item:
    """An item as the old code would have written it."""
    old = dict(item)
    if "snapshot" in item:
        schema, state, causes = json.loads(item["snapshot"]["S"])
        renamed = {f"old_{name}" if name in ("amount", "authorized") else name: it for name, it in state.items()}
        old["snapshot"] = {"S": _text([schema - 1, renamed, causes])}
    if '["Adjusted",2,' in item.get("events", {}).get("S", ""):
        old["events"] = {"S": _text([_event(*event) for event in json.loads(item["events"]["S"])])}
    if '"InvoiceAdjusted"' in item.get("messages", {}).get("S", ""):
        old["messages"] = {"S": _text([_message(message) for message in json.loads(item["messages"]["S"])])}
    return old


def _event(name: str, version: int, data: dict[str, Any]) -> list[Any]:
    if name != "Adjusted":
        return [name, version, data]
    return [name, 1, {"amount": data["amount"]}]


def _message(message: dict[str, Any]) -> dict[str, Any]:
    metadata, data = message["detail"]["metadata"], message["detail"]["data"]
    if metadata["name"] != "InvoiceAdjusted":
        return message
    data = {name: value for name, value in data.items() if name != "reason"}
    return {**message, "detail": {**message["detail"], "metadata": {**metadata, "version": 1}, "data": data}}


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class OldDynamoDBClient(DynamoDBClient):
    """The client of an old container."""

    def put_item(self, **request: Any) -> dict[str, Any]:
        """What the old code would have put."""
        return super().put_item(**{**request, "Item": written(request["Item"])})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """The same for several."""
        actions = [{kind: _old(action) for kind, action in one.items()} for one in request["TransactItems"]]
        return super().transact_write_items(**{**request, "TransactItems": actions})


def _old(action: Mapping[str, Any]) -> dict[str, Any]:
    return {**action, "Item": written(action["Item"])} if "Item" in action else dict(action)


class OldSQSClient(SQSClient):
    """The client of an old container, which lays messages aside as they were."""

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> dict[str, Any]:
        """Send one message."""
        return super().send_message(QueueUrl=QueueUrl, MessageBody=_SHOWN.sub(r"\g<1>2", MessageBody), **more)
