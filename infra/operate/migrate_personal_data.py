"""Seal the personal data of before: in customers' streams, and out of other services' rows and dead letters.

Payments of before are made findable by their customer, for access requests.

Each part is found by what is there now, so it may stop at any point and run again (docs/personal-data.md). It reads and
writes with the credentials of who runs it; streams are sealed by the customers service itself, which has the keys.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from events.customers import PersonalDataToSeal
from functions.customers.migration import KINDS, as_of_today, in_plain, is_of_before, may_be_in_plain
from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import Context
from functions.payments.views import pointer
from infra.operate.commits import event_store
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.given_up import failure_queues, show_again
from infra.operate.wording import counted

HIDDEN_SECONDS = 600  # longer than a queue is read here
PAUSES = tuple(0.05 * 2**n for n in range(11))  # seconds between tries of a batch that is throttled: 102 in all
TEN, ROWS_AT_ONCE = 10, 25  # entries of a SendMessageBatch, requests of a BatchWriteItem

# Rows that hold a name or a number, or what was kept to erase them, by service: whole partitions, and how some begin.
ROWS: dict[str, tuple[tuple[str, ...], str]] = {
    "search": (("customers",), ""),
    "notifications": (("customers",), ""),
    "insights": (("erasures", "forgotten"), "said of "),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="count what is left to do, and change nothing")
    whole = "have every stream looked at, so that a row that the vault lacks is written again"
    parser.add_argument("--all", action="store_true", help=whole)


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    changes = not options.dry_run
    if options.all and changes:
        print(f"{counted(drop_digests(deployment), 'digest')} of phones deleted, to be written again.")
    sealing = seal(deployment, changes, every=options.all)
    what = "looked at" if options.all else "sealed"
    print(f"{counted(sealing, 'stream')} of customers {'will be' if changes else 'to be'} {what}.")
    for service in ROWS:
        rows = counted(purge(deployment, service, changes), "row")
        print(f"{rows} of {service} {'deleted' if changes else 'to be deleted'}.")
    pointers = counted(point_to_payments(deployment, changes), "payment")
    print(f"{pointers} {'made' if changes else 'to be made'} findable by customer.")
    letters = counted(renew_letters(deployment, changes), "dead letter")
    print(f"{letters} {'rewritten' if changes else 'to be rewritten'}.")
    if changes and sealing:
        print("The customers service does that: ARGS=--dry-run shows how many are left to seal.")
    return 0


def seal(deployment: Deployment, changes: bool = True, *, every: bool = False) -> int:
    """Send customers a timer for each stream that holds something in plain, or for all; returns how many there are.

    Raises OperateError where the queue does not take them all.
    """
    [outputs] = stacks(deployment, "customers").values()
    sqs, found, sent = deployment.client("sqs"), streams_in_plain(deployment, every=every), 0
    while ten := list(islice(found, TEN)):
        if changes:
            bodies = [reminder_body(PersonalDataToSeal(stream=stream), Context()) for stream in ten]
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
            if sqs.send_message_batch(QueueUrl=outputs["InboxQueue"], Entries=entries).get("Failed"):
                raise OperateError(f"the queue did not take all ({sent} were sent): run it again")
        sent += len(ten)
    return sent


def drop_digests(deployment: Deployment) -> int:
    """Delete the rows by which phones are found; sealing all streams writes those again that are true of one.

    After another code key, or where the vault or the streams were restored, there are some that no stream accounts for,
    which no erasure would delete.
    """
    [outputs] = stacks(deployment, "customers").values()
    table, dropped = outputs["VaultTable"], 0
    found = _scanned(
        deployment,
        TableName=table,
        FilterExpression="begins_with(#partition, :begins)",
        ProjectionExpression="#partition, #sort",
        ExpressionAttributeNames={"#partition": "partition", "#sort": "sort"},
        ExpressionAttributeValues={":begins": {"S": "phone "}},
    )
    while rows := list(islice(found, ROWS_AT_ONCE)):
        _delete(deployment.client("dynamodb"), table, rows)
        dropped += len(rows)
    return dropped


def streams_in_plain(deployment: Deployment, *, every: bool = False) -> Iterator[str]:
    """The streams of customers that hold something in plain, or all, each once; reads the whole table once."""
    [outputs] = stacks(deployment, "customers").values()
    store, seen = event_store(deployment, "customers"), set[str]()
    for item in _scanned(deployment, TableName=outputs["EventsTable"]):
        stream = item["stream"]["S"]
        if stream in seen or stream.partition("#")[0] not in KINDS:
            continue
        if every or may_be_in_plain(from_item(item)):
            seen.add(stream)
            if every or any(in_plain(store.forwards(stream))):
                yield stream


def purge(deployment: Deployment, service: str, changes: bool = True) -> int:
    """Delete the rows of a service that held what is personal; returns how many there are."""
    [outputs] = stacks(deployment, service).values()
    found, table, deleted = _rows(deployment, service, outputs["ViewsTable"]), outputs["ViewsTable"], 0
    while rows := list(islice(found, ROWS_AT_ONCE)):
        if changes:
            _delete(deployment.client("dynamodb"), table, rows)
        deleted += len(rows)
    return deleted


def _rows(deployment: Deployment, service: str, table: str) -> Iterator[dict[str, Any]]:
    """The keys of such rows; where only the beginning of a partition is known, by one scan of the table."""
    partitions, begins = ROWS[service]
    keys = {"ProjectionExpression": "#partition, #sort"}
    names = {"#partition": "partition", "#sort": "sort"}
    for partition in partitions:
        request = {
            "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeValues": {":partition": {"S": partition}},
        }
        pages = deployment.client("dynamodb").get_paginator("query")
        for page in pages.paginate(TableName=table, ExpressionAttributeNames=names, **keys, **request):
            yield from page["Items"]
    if begins:
        yield from _scanned(
            deployment,
            TableName=table,
            FilterExpression="begins_with(#partition, :begins)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":begins": {"S": begins}},
            **keys,
        )


def _delete(dynamodb: Any, table: str, keys: list[dict[str, Any]]) -> None:
    """Ask again for what DynamoDB leaves unprocessed when it throttles. Raises OperateError where it takes no more.

    Such an answer is no error, so the client does not wait by itself, and AWS asks for a wait that doubles:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """
    left: Any = [{"DeleteRequest": {"Key": key}} for key in keys]
    for pause in PAUSES:
        left = dynamodb.batch_write_item(RequestItems={table: left}).get("UnprocessedItems", {}).get(table, [])
        if not left:
            return
        clock.wait(pause)
    raise OperateError(f"{table} throttles what is deleted ({counted(len(left), 'row')} are left): run it again later")


def point_to_payments(deployment: Deployment, changes: bool = True) -> int:
    """Write the row by which access requests find a payment, for those of before; returns how many had none."""
    [outputs] = stacks(deployment, "payments").values()
    views, missing = DynamoViews(deployment.client("dynamodb"), outputs["ViewsTable"]), 0
    for item in _scanned(deployment, TableName=outputs["EventsTable"]):
        kind, _, id = item["stream"]["S"].partition("#")
        if kind != "Payment" or item["version"]["N"] != "1":
            continue
        commit = from_item(item)
        data = commit.events[0].data
        if "customer_id" not in data:  # voided before it was authorized
            continue
        row = pointer(data["customer_id"], id, data.get("at") or commit.time)
        if views.get(row.partition, row.sort) is None:
            missing += 1
            if changes:
                views.put(row, 1)
    return missing


def renew_letters(deployment: Deployment, changes: bool = True) -> int:
    """Send each dead letter with a message of before again without what is personal, and delete it as it was.

    Each keeps its reason, and its 14 days begin anew. Returns how many there are. Queues in turn have no such messages.
    """
    sqs = deployment.client("sqs")
    urls = [url for _, url in failure_queues(deployment) if not url.endswith(".fifo")]
    return sum(_renew_letters(sqs, url, changes) for url in urls)


def _renew_letters(sqs: Any, url: str, changes: bool) -> int:
    seen, of_before = dict[str, dict[str, Any]](), 0
    for message in _received(sqs, url, seen):
        body = _renewed(message["Body"])
        if body is None:
            continue
        of_before += 1
        if changes:
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=_attributes(message))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            del seen[message["MessageId"]]
    show_again(sqs, url, [message["ReceiptHandle"] for message in seen.values()])
    return of_before


def _received(sqs: Any, url: str, seen: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The messages of a queue, each once and hidden from then on; ends where a receive brings none that is new."""
    while True:
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=TEN,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        new = [message for message in received.get("Messages", []) if message["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen[message["MessageId"]] = message
            yield message


def _renewed(body: str) -> str | None:
    """The body without what is personal; None for one that holds no message of before."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    detail = content.get("detail") if isinstance(content, dict) else None
    if not isinstance(detail, dict) or not is_of_before(detail):
        return None
    return json.dumps({**content, "detail": as_of_today(detail)})


def _attributes(message: dict[str, Any]) -> dict[str, Any]:
    kept: Iterable[tuple[str, Any]] = message.get("MessageAttributes", {}).items()
    values = ("DataType", "StringValue", "BinaryValue")
    return {name: {key: value[key] for key in values if key in value} for name, value in kept}


def _scanned(deployment: Deployment, **request: Any) -> Iterator[dict[str, Any]]:
    for page in deployment.client("dynamodb").get_paginator("scan").paginate(**request):
        yield from page["Items"]
