"""Cases of SQS, and of functions with a queue."""

from typing import Any

from tests.simulation.differential.case import Cases, code
from tests.simulation.differential.place import Event, Letter, Place, Queue, Tools

queues = Cases()

MEGABYTE = 1_048_576
GONE = "AWS.SimpleQueueService.NonExistentQueue"


def records_bodies(event: Event, tools: Tools) -> Any:
    """A function that handles everything, and records how often each message was received."""
    for record in event["Records"]:
        tools.note([record["body"], int(record["attributes"]["ApproximateReceiveCount"])])
    return {"batchItemFailures": []}


def reports_bad_once(event: Event, tools: Tools) -> Any:
    """A function that reports the bad message as failed, the first time."""
    failed = []
    for record in event["Records"]:
        count = int(record["attributes"]["ApproximateReceiveCount"])
        tools.note([record["body"], count])
        if record["body"] == "bad" and count == 1:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def reports_bad(event: Event, tools: Tools) -> Any:
    """A function that reports the bad message as failed, always."""
    failed = []
    for record in event["Records"]:
        tools.note([record["body"], int(record["attributes"]["ApproximateReceiveCount"])])
        if record["body"] == "bad":
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def fails_once(event: Event, tools: Tools) -> Any:
    """A function that raises an error the first time."""
    counts = [int(record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"]]
    for record, count in zip(event["Records"], counts, strict=True):
        tools.note([record["body"], count])
    if 1 in counts:
        raise ValueError("the first time")
    return {"batchItemFailures": []}


def reports_an_unknown_id_once(event: Event, tools: Tools) -> Any:
    """A function that reports, the first time, an id that is not in its batch."""
    counts = [int(record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"]]
    for record, count in zip(event["Records"], counts, strict=True):
        tools.note([record["body"], count])
    return {"batchItemFailures": [{"itemIdentifier": ""}] if 1 in counts else []}


def answers_nothing(event: Event, tools: Tools) -> Any:
    """A function without an answer."""
    for record in event["Records"]:
        tools.note([record["body"], int(record["attributes"]["ApproximateReceiveCount"])])


def answers_an_empty_object(event: Event, tools: Tools) -> Any:
    """A function whose answer has no list."""
    for record in event["Records"]:
        tools.note([record["body"], int(record["attributes"]["ApproximateReceiveCount"])])
    return {}


def retries_at_once(event: Event, tools: Tools) -> Any:
    """A function that fails once, and makes the message visible at once."""
    [record] = event["Records"]
    count = int(record["attributes"]["ApproximateReceiveCount"])
    tools.note(count)
    if count == 2:
        return {"batchItemFailures": []}
    tools.retry_in(record["receiptHandle"], 0)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}


def hides_for_too_long(event: Event, tools: Tools) -> Any:
    """A function that hides a message for more than twelve hours."""
    try:
        tools.retry_in(event["Records"][0]["receiptHandle"], 43_201)
    except Exception as error:
        tools.note(error.response["Error"]["Code"])  # type: ignore[attr-defined]  # a ClientError, not named here
    return {"batchItemFailures": []}


def records_its_receipt(event: Event, tools: Tools) -> Any:
    """A function that records the receipts of its messages."""
    for record in event["Records"]:
        tools.note(record["receiptHandle"])
    return {"batchItemFailures": []}


def acknowledges_late(event: Event, tools: Tools) -> Any:
    """A function whose first attempt succeeds during the second, which fails."""
    [record] = event["Records"]
    count = int(record["attributes"]["ApproximateReceiveCount"])
    tools.note(count)
    if count == 1:
        tools.retry_in(record["receiptHandle"], 0)
        tools.sleep(1.5)
    if count == 2:
        tools.sleep(3)
        tools.retry_in(record["receiptHandle"], 0)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}] if count == 2 else []}


def counts_its_batch(event: Event, tools: Tools) -> Any:
    """A function that records the size of its batch."""
    tools.note(len(event["Records"]))
    return {"batchItemFailures": []}


def send(place: Place, queue: Queue, *bodies: str, **more: Any) -> None:
    """Send messages."""
    for body in bodies:
        place.sqs.send_message(QueueUrl=queue.url, MessageBody=body, **more)


def refused(place: Place, queue: Queue, body: str = "x", **more: Any) -> str | None:
    """The error code of sending a message, or None."""
    return code(place.sqs.send_message, QueueUrl=queue.url, MessageBody=body, **more)


def emptied(place: Place, queue: Queue) -> None:
    """Wait until a queue is empty, so that nothing is redelivered."""
    place.until(lambda: place.depth(queue) == 0)


def handled(place: Place, work: Any, *bodies: str, notes: int) -> list[Any]:
    """What a function records of messages, once it has so many records; sorted by body and count."""
    queue = place.queue()
    function = place.function(work, queue=queue)
    send(place, queue, *bodies)
    place.feed(function, queue)
    place.until(lambda: len(place.notes(function)) >= notes)
    emptied(place, queue)
    return sorted(place.notes(function))


@queues.gives([Letter("hello, Zoë")])
def a_message_is_sent_to_its_queue(place: Place) -> Any:
    queue = place.queue()
    send(place, queue, "hello, Zoë")
    return place.take(queue)


@queues.gives([["a", 1], ["b", 1], ["c", 1]])
def a_function_receives_each_message_once(place: Place) -> Any:
    return handled(place, records_bodies, "a", "b", "c", notes=3)


@queues.gives([["bad", 1], ["bad", 2], ["good", 1]])
def a_message_that_failed_is_redelivered_alone(place: Place) -> Any:
    return handled(place, reports_bad_once, "good", "bad", notes=3)


@queues.gives([["a", 1], ["a", 2]])
def the_batch_of_a_function_that_failed_is_redelivered(place: Place) -> Any:
    return handled(place, fails_once, "a", notes=2)


@queues.gives([["a", 1], ["a", 2]])
def a_failure_without_an_id_fails_the_whole_batch(place: Place) -> Any:
    return handled(place, reports_an_unknown_id_once, "a", notes=1)


@queues.gives([["a", 1]])
def a_function_that_answers_nothing_handled_its_batch(place: Place) -> Any:
    return handled(place, answers_nothing, "a", notes=1)


@queues.gives([["a", 1]])
def a_function_that_answers_no_list_handled_its_batch(place: Place) -> Any:
    return handled(place, answers_an_empty_object, "a", notes=1)


@queues.gives([1, 2])
def a_function_may_make_a_message_visible_at_once(place: Place) -> Any:
    queue = place.queue()
    function = place.function(retries_at_once, queue=queue)
    send(place, queue, "a")
    place.feed(function, queue)
    place.until(lambda: len(place.notes(function)) == 2)
    return place.notes(function)


@queues.gives(True)
def an_acknowledgement_under_an_earlier_receipt_deletes_nothing(place: Place) -> Any:
    queue = place.queue()
    function = place.function(acknowledges_late, queue=queue)
    send(place, queue, "a")
    place.feed(function, queue)
    emptied(place, queue)
    return 3 in place.notes(function)


@queues.gives(["InvalidParameterValue"])
def a_message_cannot_be_hidden_for_more_than_twelve_hours(place: Place) -> Any:
    queue = place.queue()
    function = place.function(hides_for_too_long, queue=queue)
    send(place, queue, "a")
    place.feed(function, queue)
    return place.until(lambda: place.notes(function))


@queues.gives(True)
def a_batch_has_at_most_as_many_messages_as_its_function_takes(place: Place) -> Any:
    queue = place.queue()
    function = place.function(counts_its_batch, queue=queue)
    send(place, queue, *(str(n) for n in range(12)))
    place.feed(function, queue, batch=5)
    place.until(lambda: sum(place.notes(function)) >= 12)
    return max(place.notes(function)) <= 5


@queues.gives([[["bad", 1], ["bad", 2], ["good", 1]], [Letter("bad")]])
def a_message_received_too_often_is_dead_lettered(place: Place) -> Any:
    dead = place.queue()
    queue = place.queue(dead_letters=dead, max_receives=2)
    function = place.function(reports_bad, queue=queue)
    send(place, queue, "good", "bad")
    place.feed(function, queue)
    letters = place.take(dead)
    return [sorted(place.notes(function)), letters]


@queues.gives([Letter("bad", {"reason": "because"})])
def a_dead_letter_keeps_its_attributes(place: Place) -> Any:
    dead = place.queue()
    queue = place.queue(dead_letters=dead, max_receives=1)
    attributes = {"reason": {"DataType": "String", "StringValue": "because"}}
    send(place, queue, "bad", MessageAttributes=attributes)
    place.feed(place.function(reports_bad, queue=queue), queue)
    return place.take(dead)


@queues.gives([["now"], ["later"]])
def a_delayed_message_is_delivered_later(place: Place) -> Any:
    queue = place.queue()
    send(place, queue, "later", DelaySeconds=2)
    send(place, queue, "now")
    first = place.take(queue)
    return [[letter.body for letter in first], [letter.body for letter in place.take(queue)]]


@queues.gives(["InvalidParameterValue", "InvalidParameterValue", None])
def a_delay_is_fifteen_minutes_at_most(place: Place) -> Any:
    queue = place.queue()
    return [refused(place, queue, DelaySeconds=seconds) for seconds in (901, -1, 900)]


@queues.gives(True)
def a_message_without_a_body_is_refused(place: Place) -> Any:
    return refused(place, place.queue(), "") is not None


@queues.gives([None, "InvalidParameterValue", "InvalidParameterValue"])
def a_body_has_a_megabyte_at_most_in_bytes(place: Place) -> Any:
    queue = place.queue()
    return [refused(place, queue, body) for body in ("x" * MEGABYTE, "x" * (MEGABYTE + 1), "é" * 600_000)]


@queues.gives("InvalidParameterValue")
def attributes_count_into_the_size_of_a_message(place: Place) -> Any:
    attributes = {"reason": {"DataType": "String", "StringValue": "because"}}
    return refused(place, place.queue(), "x" * MEGABYTE, MessageAttributes=attributes)


@queues.gives("InvalidMessageContents")
def a_body_with_a_character_that_xml_has_not_is_refused(place: Place) -> Any:
    return refused(place, place.queue(), "a\x00b")


@queues.gives(GONE)
def a_message_to_a_queue_that_does_not_exist_is_refused(place: Place) -> Any:
    queue = place.queue()
    return refused(place, Queue(queue.url + "-gone", queue.name))


@queues.gives("InvalidParameterValue")
def a_message_that_was_deleted_cannot_be_hidden(place: Place) -> Any:
    queue = place.queue()
    function = place.function(records_its_receipt, queue=queue)
    send(place, queue, "a")
    place.feed(function, queue)
    [receipt] = place.until(lambda: place.notes(function))
    emptied(place, queue)
    return code(place.sqs.change_message_visibility, QueueUrl=queue.url, ReceiptHandle=receipt, VisibilityTimeout=1)


@queues.gives("ReceiptHandleIsInvalid")
def a_malformed_receipt_is_refused(place: Place) -> Any:
    change = place.sqs.change_message_visibility
    return code(change, QueueUrl=place.queue().url, ReceiptHandle="none", VisibilityTimeout=1)
