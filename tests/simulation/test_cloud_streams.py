"""The simulated streams: order within a shard, checkpoints, retries, bisection, and the failure queue."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.kernel.runtime.runtime import Runtime
from tests.simulation.containers import Container, Function
from tests.simulation.harness import a_world
from tests.simulation.sqs import Queue
from tests.simulation.streams import Stream
from tests.simulation.templates import DeployedStream, a_stream

Relay = Callable[[list[int]], list[int]]


def with_retries(retries: int) -> DeployedStream:
    return a_stream().model_copy(update={"retries": retries})


class StreamWithFunction:
    """A stream of one shard and its function; `seen` lists the batches that it received, by their numbers."""

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
        self.stream = Stream(self.world, "jars/events", self.function, self.failures, 1, with_retries(20))

    def write(self, count: int, **more: Any) -> "StreamWithFunction":
        for _ in range(count):
            self.written += 1
            item = {"stream": {"S": "Jar#1"}, "version": {"N": str(self.written)}, "messages": {"S": "[]"}, **more}
            self.stream.append("Jar#1", self.written, item)
        return self

    def pass_time(self, seconds: float) -> "StreamWithFunction":
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * 1_000_000))
        return self

    def recorded(self, what: str) -> list[int]:
        """The versions of the records that were delivered, or lost, by the history."""
        return [
            key[1]
            for _, kind, fields in self.world.history.entries
            if kind == "stream" and fields["what"] == what
            for key in fields["keys"]
        ]


def _no_runtime(container: Container) -> Runtime:
    return None  # type: ignore[return-value]  # the handler needs none


def test_records_are_delivered_once_and_in_order() -> None:
    stream = StreamWithFunction().write(5).pass_time(5)
    assert [number for batch in stream.seen for number in batch] == [1, 2, 3, 4, 5]
    assert stream.recorded("delivered") == [1, 2, 3, 4, 5]
    assert not stream.stream.is_behind


def test_a_batch_holds_a_hundred_records_at_most() -> None:
    stream = StreamWithFunction().write(250).pass_time(10)
    assert [len(batch) for batch in stream.seen] == [100, 100, 50]


def test_a_change_without_messages_is_filtered_out() -> None:
    stream = StreamWithFunction()
    stream.stream.append("Jar#1", 1, {"stream": {"S": "Jar#1"}, "version": {"N": "1"}})
    stream.pass_time(5)
    assert stream.seen == []


def test_a_retry_starts_with_the_lowest_record_that_was_reported() -> None:
    stream = StreamWithFunction(lambda numbers: [4, 3] if len(stream.seen) == 1 else [])
    stream.write(5).pass_time(60)
    assert stream.seen == [[1, 2, 3, 4, 5], [3, 4, 5]]
    assert stream.recorded("delivered") == [1, 2, 3, 4, 5]


def test_a_failed_batch_is_bisected_until_the_bad_record_is_alone_and_given_up() -> None:
    def three_is_bad(numbers: list[int]) -> list[int]:
        if 3 in numbers:
            raise RuntimeError("the third cannot be read")
        return []

    stream = StreamWithFunction(three_is_bad).write(5).pass_time(3_600)
    assert stream.seen[:3] == [[1, 2, 3, 4, 5], [1, 2, 3], [1, 2]]
    assert stream.seen.count([3]) == 21
    assert stream.recorded("delivered") == [1, 2, 4, 5]
    assert stream.recorded("lost-to-queue") == [3]
    assert len(stream.failures.messages) == 1


def test_a_batch_that_keeps_failing_from_one_record_on_is_given_up_from_there() -> None:
    stream = StreamWithFunction(lambda numbers: [2] if 2 in numbers else []).write(4).pass_time(3_600)
    assert stream.seen[1:] == [[2, 3, 4]] * 20
    assert stream.recorded("lost-to-queue") == [2, 3, 4]
    assert stream.recorded("delivered") == [1]


def test_a_record_older_than_twelve_hours_is_given_up() -> None:
    stream = StreamWithFunction()
    stream.function.stopped = True
    stream.write(2).pass_time(13 * 3_600)
    assert stream.seen == []
    assert stream.recorded("lost-to-queue") == [1, 2]


def test_a_throttled_batch_does_not_count_as_an_attempt() -> None:
    stream = StreamWithFunction()
    stream.function.stopped = True
    stream.write(2).pass_time(3_600)
    stream.function.stopped = False
    stream.pass_time(60)
    assert stream.recorded("delivered") == [1, 2]


@pytest.mark.parametrize("fault", ["stream again", "stream restart", "stream split", "stream delay"])
def test_no_record_is_lost_or_skipped(fault: str) -> None:
    stream = StreamWithFunction(faults={fault: 0.5})
    for _ in range(10):
        stream.write(3).pass_time(2)
    stream.pass_time(600)
    delivered = [number for batch in stream.seen for number in batch]
    assert set(delivered) == set(range(1, 31))
    assert [number for at, number in enumerate(delivered) if number not in delivered[:at]] == list(range(1, 31))
    assert stream.world.faults.fired[fault] > 0
    assert not stream.stream.is_behind
