"""By which action a call is judged: `patches/judged_calls.py`. And what a mapping that is switched off leaves alone."""

from typing import Any

import pytest

from tests.e2e.engine.test_permissions import allowed, denial
from tests.e2e.engine.workbench import Function, Queue, Workbench, as_role, eventually

NOTE = 'for record in event["Records"]: note(record["body"])'


def mapping_of(bench: Workbench, function: Function) -> str:
    """The id of the mapping that feeds a function."""
    [mapping] = bench.client("lambda").list_event_source_mappings(FunctionName=function.name)["EventSourceMappings"]
    return str(mapping["UUID"])


def test_a_batch_of_messages_is_sent_put_off_and_deleted_by_whom_that_is_granted_to_for_one(bench: Workbench) -> None:
    queue, other = bench.queue(), bench.queue()
    actions = ("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
    granted = as_role(bench.cloud, bench.role(*(allowed(f"sqs:{action}", queue.arn) for action in actions)), "sqs")
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(2)]

    assert granted.send_message_batch(QueueUrl=queue.url, Entries=entries).get("Failed", []) == []
    held = granted.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    handles: list[dict[str, Any]] = [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in held]
    put_off = [{**handle, "VisibilityTimeout": 60} for handle in handles]
    granted.change_message_visibility_batch(QueueUrl=queue.url, Entries=put_off)
    granted.delete_message_batch(QueueUrl=queue.url, Entries=handles)

    assert bench.depth(queue) == 0
    assert denial(granted.send_message_batch, QueueUrl=other.url, Entries=entries) == "AccessDenied"


def test_a_batch_is_refused_to_whom_one_message_is(bench: Workbench) -> None:
    queue = bench.queue()
    bench.send(queue, "stays")
    receiving = as_role(bench.cloud, bench.role(allowed("sqs:ReceiveMessage", queue.arn)), "sqs")
    [held] = receiving.receive_message(QueueUrl=queue.url)["Messages"]
    entries = [{"Id": "1", "ReceiptHandle": held["ReceiptHandle"]}]

    assert denial(receiving.delete_message_batch, QueueUrl=queue.url, Entries=entries) == "AccessDenied"
    assert bench.depth(queue) == 1


@pytest.mark.parametrize("own", [True, False], ids=["its function's", "another's"])
def test_a_mapping_is_read_and_switched_by_whom_its_function_is_granted_to(bench: Workbench, own: bool) -> None:
    queue = bench.queue()
    function, other = bench.function(NOTE), bench.function(NOTE)
    bench.feed(function, queue.arn)
    about = {"lambda:FunctionArn": [function.arn if own else other.arn]}
    actions = ("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping")
    statements = [allowed(action, "arn:aws:lambda:*:*:event-source-mapping:*", ArnLike=about) for action in actions]
    granted = as_role(bench.cloud, bench.role(*statements), "lambda")
    mapping, expected = mapping_of(bench, function), "" if own else "AccessDeniedException"

    assert denial(granted.get_event_source_mapping, UUID=mapping) == expected
    assert denial(granted.update_event_source_mapping, UUID=mapping, Enabled=False) == expected
    assert denial(granted.delete_event_source_mapping, UUID=mapping) == "AccessDeniedException"


def test_mappings_are_listed_by_whom_that_is_granted_to_for_all(bench: Workbench) -> None:
    queue: Queue = bench.queue()
    bench.feed(bench.function(NOTE), queue.arn)
    granted = as_role(bench.cloud, bench.role(allowed("lambda:ListEventSourceMappings", "*")), "lambda")

    [found] = granted.list_event_source_mappings(EventSourceArn=queue.arn)["EventSourceMappings"]
    assert found["State"] == "Enabled"
    nobody = as_role(bench.cloud, bench.role(), "lambda")
    assert denial(nobody.list_event_source_mappings, EventSourceArn=queue.arn) == "AccessDeniedException"


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_mapping_that_is_switched_off_leaves_its_queue_alone_until_it_is_switched_on(
    bench: Workbench, suffix: str
) -> None:
    """A second queue shows that the engine polled meanwhile."""
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if suffix else {}
    group = {"MessageGroupId": "in-turn"} if suffix else {}
    paused, other = bench.queue(suffix, **fifo), bench.queue()
    function, polled = bench.function(NOTE), bench.function(NOTE)
    bench.feed(function, paused.arn)
    bench.feed(polled, other.arn)
    mapping = mapping_of(bench, function)

    bench.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    bench.send(paused, "1", "2", **group)
    for body in ("a", "b"):
        bench.send(other, body)
        eventually(lambda sent=body: sent in polled.notes())
    assert (bench.depth(paused), function.notes()) == (2, [])

    bench.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    eventually(lambda: function.notes() == ["1", "2"])
    eventually(lambda: bench.depth(paused) == 0)
