"""The simulated queues: delay, visibility, receive counts, redrive policy, and the invocation of a function."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.runtime.runtime import Runtime
from tests.simulation.containers import BEGIN, TURNS, Container, Function
from tests.simulation.event_source import Worker
from tests.simulation.harness import FakeCaller, a_world, run_task
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue, SQSClient

Handle = Callable[[list[dict[str, Any]]], list[str]]


class QueueWithFunction:
    """A queue with its dead-letter queue and its function; `seen` lists the batches that the function received."""

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
        queues = {queue.url: queue for queue in (self.queue, self.dead)}
        self.client = SQSClient(queues, Wire(world, FakeCaller(), "sqs"))

    def send(self, *bodies: str, **more: Any) -> None:
        for body in bodies:
            run_task(
                self.world,
                lambda body=body: self.client.send_message(QueueUrl=self.queue.url, MessageBody=body, **more),  # type: ignore[misc]
            )

    def pass_time(self, seconds: float) -> None:
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * 1_000_000))

    @property
    def bodies(self) -> list[str]:
        """All bodies that the function received, in order."""
        return [body for _, bodies in self.seen for body in bodies]


def _no_runtime(container: Container) -> Runtime:
    return None  # type: ignore[return-value]  # the handler needs none


def all_fail(records: list[dict[str, Any]]) -> list[str]:
    return [record["messageId"] for record in records]


def test_a_handled_message_is_deleted() -> None:
    queued = QueueWithFunction(a_world())
    queued.send("a", "b")
    queued.pass_time(5)
    assert sorted(queued.bodies) == ["a", "b"]
    assert queued.queue.messages == {}


def test_a_message_is_not_delivered_before_its_delay_is_over() -> None:
    queued = QueueWithFunction(a_world())
    queued.send("later", DelaySeconds=30)
    queued.pass_time(29)
    assert queued.seen == []
    queued.pass_time(3)
    assert queued.bodies == ["later"]


def test_only_the_failed_messages_of_a_batch_are_redelivered_when_their_visibility_ends() -> None:
    def bad_one_fails(records: list[dict[str, Any]]) -> list[str]:
        return [record["messageId"] for record in records if record["body"] == "bad"]

    queued = QueueWithFunction(a_world(), bad_one_fails)
    queued.send("good", "bad")
    queued.pass_time(119)
    assert sorted(queued.bodies) == ["bad", "good"]
    queued.pass_time(5)
    assert sorted(queued.bodies) == ["bad", "bad", "good"]
    assert sorted(queued.counts) == [1, 1, 2]


def test_a_message_says_when_it_was_received_for_the_first_time_however_often_it_was_since() -> None:
    firsts: list[str] = []

    def fail(records: list[dict[str, Any]]) -> list[str]:
        firsts.extend(record["attributes"]["ApproximateFirstReceiveTimestamp"] for record in records)
        return all_fail(records)

    queued = QueueWithFunction(a_world(), fail)
    queued.pass_time(7)
    queued.send("bad")
    queued.pass_time(300)
    assert len(firsts) == 3
    assert len(set(firsts)) == 1
    begin = int(BEGIN.timestamp() * 1000)
    assert begin + 7_000 <= int(firsts[0]) <= begin + 8_000


@pytest.mark.parametrize(("after", "seconds", "allowed"), [(0, 43_199, True), (10, 43_000, True), (10, 43_195, False)])
def test_a_message_is_hidden_for_12_hours_from_its_receive_at_most(after: float, seconds: int, allowed: bool) -> None:
    codes: list[str] = []

    def hide(records: list[dict[str, Any]]) -> list[str]:
        queued.world.scheduler.sleep(after)
        try:
            queued.client.change_message_visibility(
                QueueUrl=queued.queue.url, ReceiptHandle=records[0]["receiptHandle"], VisibilityTimeout=seconds
            )
            codes.append("")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
        return all_fail(records)

    queued = QueueWithFunction(a_world(), hide)
    queued.send("late")
    queued.pass_time(30)
    assert codes == ["" if allowed else "InvalidParameterValue"]


def test_no_message_of_a_batch_is_deleted_when_the_function_fails() -> None:
    def break_down(records: list[dict[str, Any]]) -> list[str]:
        raise RuntimeError("broken")

    queued = QueueWithFunction(a_world(), break_down)
    queued.send("a")
    queued.pass_time(10)
    assert [message.body for message in queued.queue.messages.values()] == ["a"]


def test_a_message_that_was_received_too_often_is_dead_lettered() -> None:
    queued = QueueWithFunction(a_world(), all_fail)
    queued.send("bad")
    queued.pass_time(13 * 125)
    assert queued.counts == list(range(1, 13))
    assert queued.queue.messages == {}
    assert [message.body for message in queued.dead.messages.values()] == ["bad"]


def test_a_handler_may_shorten_the_visibility_of_its_message() -> None:
    world = a_world()

    def shorten(records: list[dict[str, Any]]) -> list[str]:
        for record in records:
            queued.client.change_message_visibility(
                QueueUrl=queued.queue.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=4
            )
        return all_fail(records)

    queued = QueueWithFunction(world, shorten)
    queued.send("a")
    queued.pass_time(10)
    first, second = (at for at, _ in queued.seen[:2])
    assert 4 <= second - first < 5


def test_the_visibility_of_a_message_that_is_not_in_flight_cannot_be_changed() -> None:
    queued = QueueWithFunction(a_world())
    queued.send("a", DelaySeconds=60)
    [message] = queued.queue.messages.values()
    with pytest.raises(ClientError) as failure:
        run_task(
            queued.world,
            lambda: queued.client.change_message_visibility(
                QueueUrl=queued.queue.url, ReceiptHandle=f"{message.id}/7", VisibilityTimeout=4
            ),
        )
    assert failure.value.response["Error"]["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize("more", [{"DelaySeconds": 901}, {"DelaySeconds": -1}])
def test_sqs_delays_by_15_minutes_at_most(more: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="out of range"):
        QueueWithFunction(a_world()).send("a", **more)


def test_messages_of_a_throttled_function_are_received_and_dead_lettered_all_the_same() -> None:
    queued = QueueWithFunction(a_world())
    queued.function.stopped = True
    queued.send("a")
    queued.pass_time(120 * 11)
    [message] = queued.queue.messages.values()
    assert message.receives in (11, 12)
    queued.pass_time(300)
    assert queued.seen == []
    assert [message.body for message in queued.dead.messages.values()] == ["a"]


def test_a_message_whose_visibility_ends_is_handled_twice_at_once() -> None:
    queued = QueueWithFunction(a_world(faults={"visibility ends": 1.0}), takes=10)
    queued.send("a")
    queued.pass_time(9)
    assert queued.function.busy > 1
    assert set(queued.bodies) == {"a"}


@pytest.mark.parametrize("fault", ["acknowledgement lost", "queue duplicate"])
def test_a_handled_message_may_be_redelivered(fault: str) -> None:
    queued = QueueWithFunction(a_world(faults={fault: 1.0}))
    queued.send("a")
    queued.pass_time(300)
    assert len(queued.bodies) > 1
    queued.world.faults.stop()
    queued.pass_time(300)
    assert queued.queue.messages == {}


def test_a_fifo_queue_delivers_in_order_and_one_batch_at_a_time() -> None:
    queued = QueueWithFunction(a_world(), fifo=True, takes=1)
    for n in range(20):
        queued.send(str(n), MessageGroupId="in-turn", MessageDeduplicationId=str(n))
    queued.pass_time(60)
    assert queued.bodies == [str(n) for n in range(20)]
    starts = [at for at, _ in queued.seen]
    assert all(later - earlier >= 1 for earlier, later in pairwise(starts))


def test_a_failed_message_of_a_fifo_queue_blocks_the_messages_behind_it() -> None:
    queued = QueueWithFunction(a_world(), lambda records: all_fail(records) if len(queued.seen) == 1 else [], fifo=True)
    queued.send("first", "second", MessageGroupId="in-turn")
    queued.pass_time(100)
    assert "second" not in queued.bodies or queued.bodies == ["first", "second"]
    queued.pass_time(100)
    assert queued.bodies[-2:] == ["first", "second"]
    assert queued.queue.messages == {}


def test_a_fifo_queue_accepts_a_deduplication_id_once_in_five_minutes() -> None:
    queued = QueueWithFunction(a_world(), fifo=True)
    for wait in (0, 100, 250):
        queued.pass_time(wait)
        queued.send("same", MessageGroupId="in-turn", MessageDeduplicationId="one")
    queued.pass_time(10)
    assert queued.bodies == ["same", "same"]


def test_the_counts_of_a_queue_may_not_know_yet_what_was_sent_within_the_last_minute() -> None:
    queued = QueueWithFunction(a_world())
    queued.pass_time(90)
    queued.send("late", DelaySeconds=900)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]

    def counts() -> list[str]:
        found: list[dict[str, Any]] = []
        run_task(
            queued.world,
            lambda: found.append(queued.client.get_queue_attributes(QueueUrl=queued.queue.url, AttributeNames=names)),
        )
        return [found[0]["Attributes"][name] for name in names]

    assert counts() == ["0", "0"]
    queued.pass_time(60)
    assert counts() == ["0", "1"]


class Chain:
    """A function that sends each message on, to its own queue or another's; `turns` counts its invocations."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dead = Queue(world, "chain/dead-letters", is_dead_letters=True)
        self.queue = Queue(world, "chain", dead_letters=self.dead, max_receives=3)
        self.turns = 0
        self.clients: list[SQSClient] = []
        self.function = Function(world, "chain/worker", self._work, self._compose, 20)
        Worker(self.queue, self.function)

    def _compose(self, container: Container) -> Runtime:
        self.clients.append(SQSClient({self.queue.url: self.queue}, Wire(self.world, container, "sqs")))
        return _no_runtime(container)

    def _work(self, event: dict[str, Any]) -> dict[str, Any]:
        self.turns += 1
        self.clients[-1].send_message(QueueUrl=self.queue.url, MessageBody="again", DelaySeconds=20)
        return {"batchItemFailures": []}


def test_a_function_is_stopped_after_16_turns_in_a_chain_of_its_own_messages() -> None:
    world = a_world()
    chain = Chain(world)
    chain.queue.send("begin")
    world.scheduler.run(3_600 * 1_000_000)
    assert chain.turns == TURNS == 16
    assert [message.body for message in chain.dead.messages.values()] == ["again"]
    assert [fields["function"] for _, kind, fields in world.history.entries if kind == "loop"] == ["chain/worker"] * 3


def test_a_message_that_is_redelivered_or_sent_from_outside_is_in_no_chain() -> None:
    queued = QueueWithFunction(a_world(), all_fail)
    for _ in range(TURNS + 1):
        queued.send("a")
        queued.pass_time(130)
    assert not [kind for _, kind, _ in queued.world.history.entries if kind == "loop"]


def test_each_call_counts_one_request_for_every_64_kb() -> None:
    queued = QueueWithFunction(a_world())
    queued.world.cost.counting = True
    queued.send("a")
    queued.pass_time(5)
    assert queued.world.cost.take() == {"queue_requests": 3, "invocations": 1}  # sent, received, deleted
    queued.send("x" * 100_000)
    queued.pass_time(5)
    assert queued.world.cost.take() == {"queue_requests": 2 + 2 + 1, "invocations": 1}


def test_each_retry_of_a_poison_message_counts_requests_and_its_move_to_the_dead_letter_queue_none() -> None:
    def delay_each(records: list[dict[str, Any]]) -> list[str]:
        for record in records:
            queued.client.change_message_visibility(
                QueueUrl=queued.queue.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=1
            )
        return all_fail(records)

    queued = QueueWithFunction(a_world(), delay_each)
    queued.world.cost.counting = True
    queued.send("poison")
    queued.pass_time(60)
    assert len(queued.dead.messages) == 1
    # Sent; received and delayed twelve times.
    assert queued.world.cost.take() == {"queue_requests": 1 + 12 * 2, "invocations": 12}


def test_the_history_has_the_sending_receive_and_deletion_of_a_message() -> None:
    queued = QueueWithFunction(a_world())
    queued.send(json.dumps({"detail-type": "OrderCreated"}))
    queued.pass_time(5)
    kinds = [kind for _, kind, fields in queued.world.history.entries if fields.get("message") == "message-1"]
    assert kinds == ["sent", "received", "deleted"]
