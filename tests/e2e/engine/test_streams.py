"""Functions that consume a table's stream: `patches/streams.py`."""

import json
from typing import Any

from tests.e2e.engine.workbench import Function, Workbench, eventually

# Records the keys of each batch, and fails if the poison record is in it.
FAILS_ON_POISON = """
keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
note(keys)
if "poison" in keys:
    raise ValueError("poison")
"""
# The same, but reports which record failed.
REPORTS_POISON = """
keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
note(keys)
failed = [r["dynamodb"]["SequenceNumber"] for r in event["Records"] if r["dynamodb"]["Keys"]["pk"]["S"] == "poison"]
return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""


def on_failure(queue: Any) -> dict[str, Any]:
    return {"OnFailure": {"Destination": queue.arn}}


def test_a_poison_record_goes_to_the_failure_destination_after_its_retries_and_the_next_records_are_delivered(
    bench: Workbench,
) -> None:
    table, failures, function = bench.table(), bench.queue(), bench.function(FAILS_ON_POISON)
    bench.put(table, "poison", "healthy")
    bench.feed(function, table.stream, BatchSize=1, MaximumRetryAttempts=2, DestinationConfig=on_failure(failures))

    [message] = eventually(lambda: bench.receive(failures))
    eventually(lambda: ["healthy"] in function.notes())

    assert function.notes() == [["poison"]] * 3 + [["healthy"]]
    failure = json.loads(message["Body"])
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["requestContext"]["functionArn"] == function.arn
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1
    assert failure["DDBStreamBatchInfo"]["streamArn"] == table.stream


def test_a_given_up_record_can_be_read_again_by_the_numbers_in_the_failure_message(bench: Workbench) -> None:
    table, failures, function = bench.table(), bench.queue(), bench.function(FAILS_ON_POISON)
    bench.put(table, "before", "poison", "after")
    bench.feed(function, table.stream, BatchSize=1, MaximumRetryAttempts=0, DestinationConfig=on_failure(failures))

    [message] = eventually(lambda: bench.receive(failures))
    where = json.loads(message["Body"])["DDBStreamBatchInfo"]
    streams = bench.client("dynamodbstreams")
    iterator = streams.get_shard_iterator(
        StreamArn=where["streamArn"],
        ShardId=where["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=where["startSequenceNumber"],
    )["ShardIterator"]
    [record] = streams.get_records(ShardIterator=iterator, Limit=where["batchSize"])["Records"]

    assert record["dynamodb"]["Keys"]["pk"] == {"S": "poison"}
    assert record["dynamodb"]["SequenceNumber"] == where["endSequenceNumber"]


def test_a_partial_failure_is_retried_from_the_lowest_failed_record(bench: Workbench) -> None:
    table, failures, function = bench.table(), bench.queue(), bench.function(REPORTS_POISON)
    bench.put(table, "first", "poison", "last")
    bench.feed(
        function,
        table.stream,
        BatchSize=10,
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig=on_failure(failures),
    )

    [message] = eventually(lambda: bench.receive(failures))

    assert function.notes() == [["first", "poison", "last"], ["poison", "last"]]
    # Records after the failed one in its batch are given up with it, as in AWS.
    assert json.loads(message["Body"])["DDBStreamBatchInfo"]["batchSize"] == 2


def test_an_item_that_is_not_in_the_batch_fails_the_whole_batch(bench: Workbench) -> None:
    table, failures = bench.table(), bench.queue()
    function = bench.function('note(1)\nreturn {"batchItemFailures": [{"itemIdentifier": "unknown"}]}')
    bench.put(table, "first", "last")
    bench.feed(
        function,
        table.stream,
        BatchSize=10,
        MaximumRetryAttempts=0,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig=on_failure(failures),
    )

    [message] = eventually(lambda: bench.receive(failures))

    assert json.loads(message["Body"])["DDBStreamBatchInfo"]["batchSize"] == 2


def test_a_failed_batch_is_split_until_the_poison_record_is_alone(bench: Workbench) -> None:
    table, failures, function = bench.table(), bench.queue(), bench.function(FAILS_ON_POISON)
    bench.put(table, "1", "2", "poison", "4")
    bench.feed(
        function,
        table.stream,
        BatchSize=4,
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
        DestinationConfig=on_failure(failures),
    )

    [message] = eventually(lambda: bench.receive(failures))
    eventually(lambda: ["4"] in function.notes())

    assert json.loads(message["Body"])["DDBStreamBatchInfo"]["batchSize"] == 1
    # Splits do not count as retries: the poison record, alone, is tried twice.
    assert function.notes() == [
        ["1", "2", "poison", "4"],
        ["1", "2"],
        ["poison", "4"],
        ["poison"],
        ["poison"],
        ["4"],
    ]


def test_a_filter_passes_only_insertions_with_messages(bench: Workbench) -> None:
    table, function = bench.table(), bench.function(FAILS_ON_POISON)
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"messages": {"S": [{"exists": True}]}}}}
    bench.put(table, "silent")
    bench.put(table, "speaking", messages={"S": "[]"})
    bench.put(table, "speaking", messages={"S": "[1]"})  # a change, not an insertion
    bench.put(table, "last", messages={"S": "[]"})
    bench.feed(function, table.stream, BatchSize=10, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})

    eventually(lambda: "last" in seen(function))

    assert seen(function) == ["speaking", "last"]


def test_a_slow_function_does_not_hold_up_another_one_on_the_same_stream(bench: Workbench) -> None:
    may_end = bench.folder / bench.name("may-end")
    until_then = f"note('begun')\nwhile not os.path.exists({str(may_end)!r}): time.sleep(0.05)"
    table, slow, quick = bench.table(), bench.function(until_then, Timeout=60), bench.function(FAILS_ON_POISON)
    bench.feed(slow, table.stream, BatchSize=1)
    bench.feed(quick, table.stream, BatchSize=1)

    bench.put(table, "1", "2", "3")

    try:
        eventually(lambda: seen(quick) == ["1", "2", "3"])
        eventually(lambda: slow.notes() == ["begun"])
    finally:
        may_end.touch()


def seen(function: Function) -> list[str]:
    return [key for batch in function.notes() for key in batch]
