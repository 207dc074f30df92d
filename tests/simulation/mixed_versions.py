"""Two versions at once: some containers run the code from before InvoiceAdjusted had a reason (version 2).

Their behaviour is simulated at their clients: they store and publish version 1, and take version 2 for a newer one than
they know. Their snapshots have another schema, in which amounts have other names, and their commits the first stored
form.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.simulation.check.stored_form import unpacked
from tests.simulation.dynamodb import DynamoDBClient
from tests.simulation.expressions import Item
from tests.simulation.sqs import SQSClient

EVOLVED = ("payments", "live")  # the services whose code differs between the two versions
NEWER_THAN_ANY = "99"

_NEWER = re.compile(rf'("version": ?){NEWER_THAN_ANY}\b')
_VERSION_2 = re.compile(r'("name": ?"InvoiceAdjusted", ?"version": ?)2\b')
_MARKED = re.compile(rf'("name": ?"InvoiceAdjusted", ?"version": ?){NEWER_THAN_ANY}\b')


def received(event: dict[str, Any]) -> dict[str, Any]:
    """An event as an old container receives it: version 2 is marked as unknown."""
    if "Records" not in event or "body" not in event["Records"][0]:
        return event
    records = [
        {**record, "body": _VERSION_2.sub(rf"\g<1>{NEWER_THAN_ANY}", record["body"])}
        if "InvoiceAdjusted" in record["body"]
        else record
        for record in event["Records"]
    ]
    return {"Records": records}


def received_by_newest_code(event: dict[str, Any]) -> dict[str, Any]:
    """An event as the code receives it that knows the newest versions: they are marked as known."""
    records = [
        {**record, "body": _NEWER.sub(r"\g<1>1", record["body"])} if NEWER_THAN_ANY in record["body"] else record
        for record in event["Records"]
    ]
    return {"Records": records}


def written(item: Item) -> Item:
    """An item as the old code would write it: a commit in the first stored form, in which snapshots hold whole causes.

    Those are left out here: no code that runs takes a snapshot of that schema, so it finds them in the commits.
    """
    if "body" not in item:
        return item
    old = unpacked(item)
    if "snapshot" in old:
        schema, state, _ = json.loads(old["snapshot"]["S"])
        renamed = {f"old_{name}" if name in ("amount", "authorized") else name: it for name, it in state.items()}
        old["snapshot"] = {"S": _text([schema - 1, renamed, {}])}
    old["events"] = {"S": _text([_event(*event) for event in json.loads(old["events"]["S"])])}
    if "messages" in old:
        old["messages"] = {"S": _text([_message(message) for message in json.loads(old["messages"]["S"])])}
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
        """Put the item as the old code would."""
        return super().put_item(**{**request, "Item": written(request["Item"])})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write the items as the old code would."""
        actions = [{kind: _old(action) for kind, action in one.items()} for one in request["TransactItems"]]
        return super().transact_write_items(**{**request, "TransactItems": actions})


def _old(action: Mapping[str, Any]) -> dict[str, Any]:
    return {**action, "Item": written(action["Item"])} if "Item" in action else dict(action)


class OldSQSClient(SQSClient):
    """The client of an old container; it dead-letters messages as they were published."""

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> dict[str, Any]:
        """Send one message."""
        return super().send_message(QueueUrl=QueueUrl, MessageBody=_MARKED.sub(r"\g<1>2", MessageBody), **more)
