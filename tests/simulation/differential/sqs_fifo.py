"""Cases of FIFO queues."""

from typing import Any

from tests.simulation.differential.case import Cases
from tests.simulation.differential.place import Place
from tests.simulation.differential.sqs import emptied, records_bodies, refused, reports_bad_once, send

fifo_queues = Cases()


def recorded(place: Place, work: Any, *sent: tuple[str, str, str], notes: int) -> list[Any]:
    """What a function records of (body, group, deduplication id) sent to a FIFO queue."""
    queue = place.queue(fifo=True)
    function = place.function(work, queue=queue)
    for body, group, dedup in sent:
        more = {"MessageDeduplicationId": dedup} if dedup else {}
        send(place, queue, body, MessageGroupId=group, **more)
    place.feed(function, queue)
    place.until(lambda: len(place.notes(function)) >= notes)
    emptied(place, queue)
    return place.notes(function)


@fifo_queues.gives([["1", 1], ["2", 1], ["3", 1]])
def the_messages_of_a_group_are_delivered_in_order(place: Place) -> Any:
    return recorded(place, records_bodies, ("1", "g", ""), ("2", "g", ""), ("3", "g", ""), notes=3)


@fifo_queues.gives([["1", 1], ["2", 1]])
def a_body_that_is_sent_twice_is_delivered_once(place: Place) -> Any:
    return recorded(place, records_bodies, ("1", "g", ""), ("1", "g", ""), ("2", "g", ""), notes=2)


@fifo_queues.gives([["1", 1], ["1", 1]])
def a_body_under_two_deduplication_ids_is_delivered_twice(place: Place) -> Any:
    return recorded(place, records_bodies, ("1", "g", "a"), ("1", "g", "b"), notes=2)


@fifo_queues.gives([["1", 1], ["3", 1]])
def another_body_under_the_same_deduplication_id_is_not_delivered(place: Place) -> Any:
    return recorded(place, records_bodies, ("1", "g", "a"), ("2", "g", "a"), ("3", "g", "b"), notes=2)


@fifo_queues.gives([["1", 1]])
def deduplication_spans_groups(place: Place) -> Any:
    return recorded(place, records_bodies, ("1", "g", "a"), ("1", "h", "a"), notes=1)


@fifo_queues.gives(True)
def a_duplicate_has_the_message_id_of_the_first(place: Place) -> Any:
    queue = place.queue(fifo=True)
    first, second = (
        place.sqs.send_message(QueueUrl=queue.url, MessageBody="1", MessageGroupId="g")["MessageId"] for _ in range(2)
    )
    return first == second


@fifo_queues.gives([["bad", 1], ["bad", 2], ["next", 1]])
def a_failed_message_blocks_its_group(place: Place) -> Any:
    queue = place.queue(fifo=True)
    function = place.function(reports_bad_once, queue=queue)
    send(place, queue, "bad", "next", MessageGroupId="g")
    place.feed(function, queue, batch=1)
    place.until(lambda: len(place.notes(function)) == 3)
    return place.notes(function)


@fifo_queues.gives([["bad", 1], ["bad", 2], ["other", 1], True])
def a_failed_message_does_not_block_another_group(place: Place) -> Any:
    queue = place.queue(fifo=True)
    function = place.function(reports_bad_once, queue=queue)
    send(place, queue, "bad", MessageGroupId="g")
    send(place, queue, "other", MessageGroupId="h")
    place.feed(function, queue, batch=1)
    place.until(lambda: len(place.notes(function)) == 3)
    notes = place.notes(function)
    return [*sorted(notes), notes.index(["other", 1]) < notes.index(["bad", 2])]


@fifo_queues.gives(["MissingParameter", "InvalidParameterValue"])
def a_fifo_message_needs_a_group_and_has_no_delay_of_its_own(place: Place) -> Any:
    queue = place.queue(fifo=True)
    return [refused(place, queue), refused(place, queue, MessageGroupId="g", DelaySeconds=1)]
