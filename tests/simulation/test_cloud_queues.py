"""The simulated queues: delay, visibility, receive counts, redrive, and what feeds a function from them."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.runtime.runtime import Runtime
from tests.simulation.containers import Container, Function
from tests.simulation.harness import Somebody, a_world, let
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue, SQSClient, Worker

Handle = Callable[[list[dict[str, Any]]], list[str]]


class Line:
    """A queue with its dead letters and a function that works on it; `seen` lists what the function was handed."""

    def __init__(self, world: World, handle: Handle = lambda records: [], *, fifo: bool = False, takes: float = 0.1):
        self.world = world
        self.dead = Queue(world, "line/dead-letters", fifo=fifo, is_dead_letters=True)
        self.queue = Queue(world, "line", fifo=fifo, dead_letters=self.dead, max_receives=12)
        self.seen: list[tuple[float, list[str]]] = []
        self.counts: list[int] = []

        def work(event: dict[str, Any]) -> dict[str, Any]:
            records = event["Records"]
            self.seen.append((world.scheduler.now, [record["body"] for record in records]))
            self.counts += [int(record["attributes"]["ApproximateReceiveCount"]) for record in records]
            world.scheduler.sleep(takes)
            return {"batchItemFailures": [{"itemIdentifier": id} for id in handle(records)]}

        self.function = Function(world, "line/worker", work, _no_runtime, 20, concurrency=1 if fifo else 10)
        Worker(self.queue, self.function)
        self.client = SQSClient(
            {queue.url: queue for queue in (self.queue, self.dead)}, Wire(world, Somebody(), "sqs"), "somebody"
        )

    def send(self, *bodies: str, **more: Any) -> None:
        for body in bodies:
            let(
                self.world,
                lambda body=body: self.client.send_message(QueueUrl=self.queue.url, MessageBody=body, **more),  # type: ignore[misc]
            )

    def pass_time(self, seconds: float) -> None:
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * 1_000_000))

    @property
    def bodies(self) -> list[str]:
        """All that was handed over, in its order."""
        return [body for _, bodies in self.seen for body in bodies]


def _no_runtime(container: Container) -> Runtime:
    return None  # type: ignore[return-value]  # what is handled here asks for none


def all_fail(records: list[dict[str, Any]]) -> list[str]:
    return [record["messageId"] for record in records]


def test_what_was_handled_is_deleted() -> None:
    line = Line(a_world())
    line.send("a", "b")
    line.pass_time(5)
    assert sorted(line.bodies) == ["a", "b"]
    assert line.queue.messages == {}


def test_a_message_is_not_handed_over_before_its_delay_is_over() -> None:
    line = Line(a_world())
    line.send("later", DelaySeconds=30)
    line.pass_time(29)
    assert line.seen == []
    line.pass_time(3)
    assert line.bodies == ["later"]


def test_only_what_failed_of_a_batch_comes_again_when_its_visibility_ends() -> None:
    def bad_one_fails(records: list[dict[str, Any]]) -> list[str]:
        return [record["messageId"] for record in records if record["body"] == "bad"]

    line = Line(a_world(), bad_one_fails)
    line.send("good", "bad")
    line.pass_time(119)
    assert sorted(line.bodies) == ["bad", "good"]
    line.pass_time(5)
    assert sorted(line.bodies) == ["bad", "bad", "good"]
    assert sorted(line.counts) == [1, 1, 2]


def test_nothing_of_a_batch_is_deleted_when_the_function_fails() -> None:
    def break_down(records: list[dict[str, Any]]) -> list[str]:
        raise RuntimeError("broken")

    line = Line(a_world(), break_down)
    line.send("a")
    line.pass_time(10)
    assert [message.body for message in line.queue.messages.values()] == ["a"]


def test_a_message_that_was_received_too_often_is_laid_with_the_dead_letters() -> None:
    line = Line(a_world(), all_fail)
    line.send("bad")
    line.pass_time(13 * 125)
    assert line.counts == list(range(1, 13))
    assert line.queue.messages == {}
    assert [message.body for message in line.dead.messages.values()] == ["bad"]


def test_a_handler_may_have_its_message_back_sooner() -> None:
    world = a_world()

    def soon(records: list[dict[str, Any]]) -> list[str]:
        for record in records:
            line.client.change_message_visibility(
                QueueUrl=line.queue.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=4
            )
        return all_fail(records)

    line = Line(world, soon)
    line.send("a")
    line.pass_time(10)
    first, second = (at for at, _ in line.seen[:2])
    assert 4 <= second - first < 5


def test_the_visibility_of_a_message_that_is_not_worked_on_cannot_be_changed() -> None:
    line = Line(a_world())
    line.send("a", DelaySeconds=60)
    [message] = line.queue.messages.values()
    with pytest.raises(ClientError) as failure:
        let(
            line.world,
            lambda: line.client.change_message_visibility(
                QueueUrl=line.queue.url, ReceiptHandle=f"{message.id}/7", VisibilityTimeout=4
            ),
        )
    assert failure.value.response["Error"]["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize("more", [{"DelaySeconds": 901}, {"DelaySeconds": -1}])
def test_sqs_delays_by_15_minutes_at_most(more: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="out of range"):
        Line(a_world()).send("a", **more)


def test_while_its_function_throttles_messages_are_received_in_vain_and_end_with_the_dead_letters() -> None:
    line = Line(a_world())
    line.function.stopped = True
    line.send("a")
    line.pass_time(120 * 11)
    [message] = line.queue.messages.values()
    assert message.receives in (11, 12)
    line.pass_time(300)
    assert line.seen == []
    assert [message.body for message in line.dead.messages.values()] == ["a"]


def test_a_message_whose_visibility_ends_is_worked_on_by_two_at_once() -> None:
    line = Line(a_world(faults={"visibility ends": 1.0}), takes=10)
    line.send("a")
    line.pass_time(9)
    assert line.function.busy > 1
    assert set(line.bodies) == {"a"}


@pytest.mark.parametrize("fault", ["acknowledgement lost", "queue duplicate"])
def test_what_was_handled_may_come_again(fault: str) -> None:
    line = Line(a_world(faults={fault: 1.0}))
    line.send("a")
    line.pass_time(300)
    assert len(line.bodies) > 1
    line.world.faults.stop()
    line.pass_time(300)
    assert line.queue.messages == {}


def test_a_fifo_queue_hands_over_in_order_and_one_batch_at_a_time() -> None:
    line = Line(a_world(), fifo=True, takes=1)
    for n in range(20):
        line.send(str(n), MessageGroupId="in-turn", MessageDeduplicationId=str(n))
    line.pass_time(60)
    assert line.bodies == [str(n) for n in range(20)]
    starts = [at for at, _ in line.seen]
    assert all(later - earlier >= 1 for earlier, later in pairwise(starts))


def test_what_failed_in_a_fifo_queue_keeps_what_is_behind_it_waiting() -> None:
    line = Line(a_world(), lambda records: all_fail(records) if len(line.seen) == 1 else [], fifo=True)
    line.send("first", "second", MessageGroupId="in-turn")
    line.pass_time(100)
    assert "second" not in line.bodies or line.bodies == ["first", "second"]
    line.pass_time(100)
    assert line.bodies[-2:] == ["first", "second"]
    assert line.queue.messages == {}


def test_a_fifo_queue_takes_one_deduplication_id_once_in_five_minutes() -> None:
    line = Line(a_world(), fifo=True)
    for wait in (0, 100, 250):
        line.pass_time(wait)
        line.send("same", MessageGroupId="in-turn", MessageDeduplicationId="one")
    line.pass_time(10)
    assert line.bodies == ["same", "same"]


def test_what_happens_to_a_message_is_in_the_history() -> None:
    line = Line(a_world())
    line.send(json.dumps({"detail-type": "OrderCreated"}))
    line.pass_time(5)
    kinds = [kind for _, kind, fields in line.world.history.notes if fields.get("message") == "message-1"]
    assert kinds == ["sent", "received", "deleted"]
