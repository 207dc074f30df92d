"""Cases of DynamoDB Streams with a function."""

import json
from typing import Any

from tests.simulation.differential.case import Cases
from tests.simulation.differential.dynamodb_writes import commit
from tests.simulation.differential.place import Event, Place, Tools

streams = Cases()

BATCH_INFO = [
    "approximateArrivalOfFirstRecord",
    "approximateArrivalOfLastRecord",
    "batchSize",
    "endSequenceNumber",
    "shardId",
    "startSequenceNumber",
    "streamArn",
]


def records_names(event: Event, tools: Tools) -> Any:
    """A function that handles everything."""
    tools.note([record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]])
    return {"batchItemFailures": []}


def records_contents(event: Event, tools: Tools) -> Any:
    """A function that records what each record contains."""
    for record in event["Records"]:
        tools.note([record["eventName"], record["eventSource"], record["dynamodb"]["Keys"]])
        tools.note(record["dynamodb"]["NewImage"])
    return {"batchItemFailures": []}


def fails_on_poison(event: Event, tools: Tools) -> Any:
    """A function that fails when the poison is in its batch."""
    names = [record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]]
    tools.note(names)
    if "poison" in names:
        raise ValueError("poison")
    return {"batchItemFailures": []}


def reports_poison(event: Event, tools: Tools) -> Any:
    """A function that reports the poison as failed."""
    names = [record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]]
    tools.note(names)
    failed = [
        r["dynamodb"]["SequenceNumber"] for r, name in zip(event["Records"], names, strict=True) if name == "poison"
    ]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def reports_last_and_poison(event: Event, tools: Tools) -> Any:
    """A function that reports its last record first, and then the poison."""
    names = [record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]]
    tools.note(names)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    if "poison" not in names:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": n} for n in (numbers[-1], numbers[names.index("poison")])]}


def reports_an_unknown_one(event: Event, tools: Tools) -> Any:
    """A function that reports an id that is not in its batch."""
    tools.note([record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]])
    return {"batchItemFailures": [{"itemIdentifier": ""}]}


def answers_nothing(event: Event, tools: Tools) -> Any:
    """A function without an answer."""
    tools.note([record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]])


def answers_null_failures(event: Event, tools: Tools) -> Any:
    """A function whose answer has null for a list."""
    tools.note([record["dynamodb"]["Keys"]["stream"]["S"] for record in event["Records"]])
    return {"batchItemFailures": None}


def put(place: Place, table: str, *names: str, version: int = 1) -> None:
    """Put commits with messages, of streams with these names."""
    for name in names:
        place.dynamodb.put_item(TableName=table, Item=commit(version, name, messages={"S": "[]"}))


def recorded(place: Place, work: Any, *names: str, until: list[str], **more: Any) -> list[Any]:
    """What a function records of commits that existed before it was connected, once it has recorded `until`."""
    table = place.commits()
    put(place, table, *names)
    function = place.function(work)
    place.follow(function, table, **more)
    place.until(lambda: until in place.notes(function))
    return place.notes(function)


@streams.gives([["1", "2"], ["3", "4"], ["5"]])
def a_stream_is_delivered_in_order_and_in_batches(place: Place) -> Any:
    return recorded(place, records_names, "1", "2", "3", "4", "5", until=["5"], batch=2)


@streams.gives([["INSERT", "aws:dynamodb", commit(stream="order-1")], commit(stream="order-1", messages={"S": "[]"})])
def a_record_has_the_keys_and_the_new_item(place: Place) -> Any:
    table = place.commits()
    put(place, table, "order-1")
    function = place.function(records_contents)
    place.follow(function, table)
    return place.until(lambda: len(place.notes(function)) == 2 and place.notes(function))


@streams.gives([["a"], ["last"]])
def only_insertions_with_messages_are_delivered(place: Place) -> Any:
    table, function = place.commits(), place.function(records_names)
    place.follow(function, table, batch=1)
    place.dynamodb.put_item(TableName=table, Item=commit(stream="silent"))
    put(place, table, "a")
    place.until(lambda: place.notes(function))
    put(place, table, "a", "last")
    place.until(lambda: ["last"] in place.notes(function))
    return place.notes(function)


@streams.gives([["1"], ["1"], ["2"]])
def the_commits_of_a_stream_are_delivered_in_order(place: Place) -> Any:
    table, function = place.commits(), place.function(records_names)
    place.follow(function, table, batch=1)
    for name, version in (("1", 1), ("1", 2), ("2", 1)):
        put(place, table, name, version=version)
    place.until(lambda: ["2"] in place.notes(function))
    return place.notes(function)


@streams.gives([["first", "poison", "last"], ["poison", "last"]])
def a_retry_starts_with_the_first_record_that_failed(place: Place) -> Any:
    table, function, failures = place.commits(), place.function(reports_poison), place.queue()
    put(place, table, "first", "poison", "last")
    place.follow(function, table, failures=failures)
    place.take(failures)
    return place.notes(function)


@streams.gives([["first", "poison", "last"], ["poison", "last"]])
def a_retry_starts_with_the_lowest_of_several_failures(place: Place) -> Any:
    table, function, failures = place.commits(), place.function(reports_last_and_poison), place.queue()
    put(place, table, "first", "poison", "last")
    place.follow(function, table, failures=failures)
    place.take(failures)
    return place.notes(function)


@streams.gives([["1", "2", "poison", "4"], ["1", "2"], ["poison", "4"], ["poison"], ["poison"], ["4"]])
def a_failed_batch_is_bisected_until_the_poison_is_alone(place: Place) -> Any:
    return recorded(place, fails_on_poison, "1", "2", "poison", "4", until=["4"], batch=4)


@streams.gives([["poison"], ["poison"], ["poison"], ["healthy"]])
def a_record_is_given_up_after_its_retries(place: Place) -> Any:
    return recorded(place, fails_on_poison, "poison", "healthy", until=["healthy"], batch=1, retries=2)


@streams.gives([["1"], ["1"]])
def a_reported_id_outside_the_batch_fails_the_whole_batch(place: Place) -> Any:
    table, function, failures = place.commits(), place.function(reports_an_unknown_one), place.queue()
    put(place, table, "1")
    place.follow(function, table, failures=failures)
    place.take(failures)
    return place.notes(function)


@streams.gives([["1"], ["2"]])
def a_function_that_answers_nothing_handled_its_batch(place: Place) -> Any:
    return recorded(place, answers_nothing, "1", "2", until=["2"], batch=1)


@streams.gives([["1"], ["2"]])
def a_function_that_answers_null_for_a_list_handled_its_batch(place: Place) -> Any:
    return recorded(place, answers_null_failures, "1", "2", until=["2"], batch=1)


@streams.gives([BATCH_INFO, 1, "RetryAttemptsExhausted", True])
def a_failure_queue_receives_the_sequence_numbers(place: Place) -> Any:
    table, failures = place.commits(), place.queue()
    put(place, table, "poison")
    place.follow(place.function(fails_on_poison), table, failures=failures, retries=0)
    [letter] = place.take(failures)
    content = json.loads(letter.body)
    where = content["DDBStreamBatchInfo"]
    same = where["startSequenceNumber"] == where["endSequenceNumber"]
    return [sorted(where), where["batchSize"], content["requestContext"]["condition"], same]
