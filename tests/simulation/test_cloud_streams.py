"""The simulated streams: order within a shard, checkpoints, retries, bisection, and the failure queue."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.kernel.runtime.runtime import Runtime
from tests.simulation.containers import Container, Function
from tests.simulation.harness import a_world
from tests.simulation.sqs import Queue
from tests.simulation.streams import Stream

Relay = Callable[[list[int]], list[int]]


class Brook:
    """A stream of one shard and a function that is handed its records; `seen` lists the batches by their versions."""

    def __init__(self, relay: Relay = lambda numbers: [], faults: dict[str, float] | None = None) -> None:
        self.world = a_world(faults=faults)
        self.failures = Queue(self.world, "jars/relay/failures", is_dead_letters=True)
        self.seen: list[list[int]] = []
        self.written = 0

        def handle(event: dict[str, Any]) -> dict[str, Any]:
            numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]]
            self.seen.append(numbers)
            self.world.scheduler.sleep(0.05)
            return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in relay(numbers)]}

        self.function = Function(self.world, "jars/relay", handle, _no_runtime, 20)
        self.stream = Stream(self.world, "jars/events", self.function, self.failures, shards=1)

    def write(self, count: int, **more: Any) -> "Brook":
        for _ in range(count):
            self.written += 1
            item = {"stream": {"S": "Jar#1"}, "version": {"N": str(self.written)}, "messages": {"S": "[]"}, **more}
            self.stream.append("Jar#1", self.written, item)
        return self

    def pass_time(self, seconds: float) -> "Brook":
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * 1_000_000))
        return self

    def notes(self, what: str) -> list[int]:
        """The versions of the records that were delivered, or lost."""
        return [
            key[1]
            for _, kind, fields in self.world.history.notes
            if kind == "stream" and fields["what"] == what
            for key in fields["keys"]
        ]


def _no_runtime(container: Container) -> Runtime:
    return None  # type: ignore[return-value]  # what is handled here asks for none


def test_records_are_handed_over_once_and_in_order() -> None:
    brook = Brook().write(5).pass_time(5)
    assert [number for batch in brook.seen for number in batch] == [1, 2, 3, 4, 5]
    assert brook.notes("delivered") == [1, 2, 3, 4, 5]
    assert not brook.stream.is_behind


def test_a_batch_holds_a_hundred_records_at_most() -> None:
    brook = Brook().write(250).pass_time(10)
    assert [len(batch) for batch in brook.seen] == [100, 100, 50]


def test_a_change_without_messages_is_filtered_out() -> None:
    brook = Brook()
    brook.stream.append("Jar#1", 1, {"stream": {"S": "Jar#1"}, "version": {"N": "1"}})
    brook.pass_time(5)
    assert brook.seen == []


def test_the_stream_goes_on_from_the_lowest_record_that_was_reported() -> None:
    brook = Brook(lambda numbers: [4, 3] if len(brook.seen) == 1 else [])
    brook.write(5).pass_time(60)
    assert brook.seen == [[1, 2, 3, 4, 5], [3, 4, 5]]
    assert brook.notes("delivered") == [1, 2, 3, 4, 5]


def test_a_batch_whose_function_fails_is_bisected_until_the_bad_record_is_alone_and_given_up() -> None:
    def three_is_bad(numbers: list[int]) -> list[int]:
        if 3 in numbers:
            raise RuntimeError("the third cannot be read")
        return []

    brook = Brook(three_is_bad).write(5).pass_time(3_600)
    assert brook.seen[:3] == [[1, 2, 3, 4, 5], [1, 2, 3], [1, 2]]
    assert brook.seen.count([3]) == 21
    assert brook.notes("delivered") == [1, 2, 4, 5]
    assert brook.notes("lost-to-queue") == [3]
    assert len(brook.failures.messages) == 1


def test_a_batch_that_is_reported_again_and_again_from_one_record_on_is_given_up_from_there() -> None:
    brook = Brook(lambda numbers: [2] if 2 in numbers else []).write(4).pass_time(3_600)
    assert brook.seen[1:] == [[2, 3, 4]] * 20
    assert brook.notes("lost-to-queue") == [2, 3, 4]
    assert brook.notes("delivered") == [1]


def test_what_is_older_than_twelve_hours_is_given_up() -> None:
    brook = Brook()
    brook.function.stopped = True
    brook.write(2).pass_time(13 * 3_600)
    assert brook.seen == []
    assert brook.notes("lost-to-queue") == [1, 2]


def test_a_throttled_batch_has_not_been_tried() -> None:
    brook = Brook()
    brook.function.stopped = True
    brook.write(2).pass_time(3_600)
    brook.function.stopped = False
    brook.pass_time(60)
    assert brook.notes("delivered") == [1, 2]


@pytest.mark.parametrize("fault", ["stream again", "stream restart", "stream split", "stream delay"])
def test_nothing_is_lost_and_nothing_is_passed_over(fault: str) -> None:
    brook = Brook(faults={fault: 0.5})
    for _ in range(10):
        brook.write(3).pass_time(2)
    brook.pass_time(600)
    handed = [number for batch in brook.seen for number in batch]
    assert set(handed) == set(range(1, 31))
    assert [number for at, number in enumerate(handed) if number not in handed[:at]] == list(range(1, 31))
    assert brook.world.faults.fired[fault] > 0
    assert not brook.stream.is_behind
