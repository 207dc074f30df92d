"""Queues and the functions that consume them: `patches/sqs.py`, and what the engine itself does as AWS does."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.e2e.engine.workbench import Workbench, eventually

REPORTS_BAD_ONES = """
note([record["body"] for record in event["Records"]])
return {"batchItemFailures": [
    {"itemIdentifier": record["messageId"]} for record in event["Records"] if record["body"] == "bad"
]}
"""


def test_a_delay_of_more_than_fifteen_minutes_is_refused(bench: Workbench) -> None:
    queue = bench.queue()

    with pytest.raises(ClientError) as refused:
        bench.send(queue, "late", DelaySeconds=901)

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert bench.depth(queue) == 0


def test_a_delay_of_more_than_fifteen_minutes_is_refused_for_its_entry_of_a_batch_only(bench: Workbench) -> None:
    queue = bench.queue()

    answer = bench.client("sqs").send_message_batch(
        QueueUrl=queue.url,
        Entries=[
            {"Id": "late", "MessageBody": "late", "DelaySeconds": 901},
            {"Id": "on-time", "MessageBody": "on time", "DelaySeconds": 900},
        ],
    )

    assert [entry["Id"] for entry in answer["Failed"]] == ["late"]
    assert [entry["Id"] for entry in answer["Successful"]] == ["on-time"]


def test_a_visibility_timeout_of_more_than_twelve_hours_is_refused(bench: Workbench) -> None:
    queue = bench.queue()
    bench.send(queue, "message")
    [message] = bench.client("sqs").receive_message(QueueUrl=queue.url)["Messages"]

    with pytest.raises(ClientError) as refused:
        bench.client("sqs").change_message_visibility(
            QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=43_201
        )

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_only_the_failed_messages_of_a_batch_are_redelivered_and_then_dead_lettered(bench: Workbench) -> None:
    dead_letters = bench.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 2})
    queue = bench.queue(VisibilityTimeout="1", RedrivePolicy=redrive)
    function = bench.function(REPORTS_BAD_ONES)
    bench.send(queue, "good", "bad", "good")
    bench.feed(function, queue.arn, FunctionResponseTypes=["ReportBatchItemFailures"])

    [message] = eventually(lambda: bench.receive(dead_letters))

    assert message["Body"] == "bad"
    handled = [body for batch in function.notes() for body in batch]
    assert sorted(handled) == ["bad", "bad", "good", "good"]
    assert bench.depth(queue) == 0


def test_a_function_can_set_when_a_failed_message_is_redelivered(bench: Workbench) -> None:
    queue = bench.queue(VisibilityTimeout="60")
    function = bench.function("""
        import boto3

        [record] = event["Records"]
        count = int(record["attributes"]["ApproximateReceiveCount"])
        note(count)
        if count < 2:
            boto3.client("sqs").change_message_visibility(
                QueueUrl=os.environ["QUEUE"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    """)
    variables = {"JOURNAL": str(function.journal), "QUEUE": queue.url}
    bench.client("lambda").update_function_configuration(
        FunctionName=function.name, Environment={"Variables": variables}
    )
    bench.send(queue, "message")
    bench.feed(function, queue.arn, BatchSize=1, FunctionResponseTypes=["ReportBatchItemFailures"])

    eventually(lambda: function.notes() == [1, 2])
    eventually(lambda: bench.depth(queue) == 0)


def test_no_more_batches_are_in_progress_than_the_maximum_concurrency(bench: Workbench) -> None:
    queue = bench.queue()
    function = bench.function("""
        note("begin")
        time.sleep(0.1)
        note("end")
    """)
    bench.send(queue, *(str(number) for number in range(8)))
    bench.feed(function, queue.arn, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})

    eventually(lambda: function.notes().count("end") == 8)

    in_progress, most = 0, 0
    for note in function.notes():
        in_progress += 1 if note == "begin" else -1
        most = max(most, in_progress)
    assert most == 2


def test_messages_of_a_fifo_group_are_delivered_in_order_and_deduplicated(bench: Workbench) -> None:
    queue = bench.queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    function = bench.function('[note(record["body"]) for record in event["Records"]]')
    for body in ("1", "2", "2", "3"):
        bench.send(queue, body, MessageGroupId="robot")
    bench.feed(function, queue.arn, BatchSize=10)

    eventually(lambda: bench.depth(queue) == 0)

    assert function.notes() == ["1", "2", "3"]
