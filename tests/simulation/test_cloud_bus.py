"""The simulated bus and schedules: which queues receive an event, how often, and what is dead-lettered."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from events.ordering import UnpaidOrdersDue
from functions.kernel.composition.adapters import EventBridgeBus
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Unsent
from tests.simulation.bus import Bus, EventsClient, Rule
from tests.simulation.eventbridge_schedules import EventBridgeSchedule, next_time
from tests.simulation.harness import FakeCaller, a_world, run_task
from tests.simulation.sdk import Wire
from tests.simulation.sqs import Queue
from tests.simulation.templates import timer_body


class BusWithConsumers:
    """A bus with two consumers, search and insights, of OrderCreated; insights also receives OrderPaid."""

    def __init__(self, faults: dict[str, float] | None = None, seed: int = 1) -> None:
        self.world = a_world(seed, faults)
        self.queues = {name: Queue(self.world, name) for name in ("search", "insights")}
        self.undelivered = {
            name: Queue(self.world, f"{name}/undelivered", is_dead_letters=True) for name in self.queues
        }
        wanted = {"search": ["OrderCreated"], "insights": ["OrderCreated", "OrderPaid"]}
        rules = [
            Rule(
                {
                    "source": ["mallbots.ordering"],
                    "detail-type": names,
                    "detail": {"to": [{"exists": False}, consumer]},
                },
                self.queues[consumer],
                self.undelivered[consumer],
            )
            for consumer, names in wanted.items()
        ]
        wire = Wire(self.world, FakeCaller(), "events")
        self.client = EventsClient(Bus(self.world, rules), wire, self.world, "relay")
        self.bus = EventBridgeBus(self.client, "bus")  # type: ignore[arg-type]  # a part of the client

    def put(self, *names: str, source: str = "mallbots.ordering", **more: Any) -> list[Unsent]:
        messages = [
            Outgoing(
                {"metadata": {"id": f"{name}-{n}", "name": name, "source": source}, "data": {"text": "Grüße 🤖"}} | more
            )
            for n, name in enumerate(names)
        ]
        failed = run_task(self.world, lambda: self.bus.put(messages))
        self.world.scheduler.run(self.world.scheduler.now_us + 600_000_000)
        return failed

    def received(self, consumer: str) -> list[str]:
        """The names of the messages in a consumer's queue."""
        return [json.loads(message.body)["detail-type"] for message in self.queues[consumer].messages.values()]


def test_a_message_goes_to_every_queue_whose_rule_matches_and_to_no_other() -> None:
    bus = BusWithConsumers()
    assert bus.put("OrderCreated", "OrderPaid", "OrderRejected") == []
    assert bus.received("search") == ["OrderCreated"]
    assert sorted(bus.received("insights")) == ["OrderCreated", "OrderPaid"]


def test_an_event_for_a_bus_that_does_not_exist_is_accepted_and_reaches_no_queue() -> None:
    bus = BusWithConsumers()
    entry = {"EventBusName": "gone", "Source": "mallbots.ordering", "DetailType": "OrderCreated", "Detail": "{}"}
    answer = run_task(bus.world, lambda: bus.client.put_events(Entries=[entry]))
    assert answer["FailedEntryCount"] == 0
    bus.world.scheduler.run(600_000_000)
    assert bus.received("search") == []


def test_the_adapter_notices_that_its_bus_does_not_exist_and_publishes_nothing() -> None:
    bus = BusWithConsumers()
    bus.bus = EventBridgeBus(bus.client, "gone")  # type: ignore[arg-type]  # a part of the client
    assert bus.put("OrderCreated", "OrderPaid") == [Unsent(0), Unsent(1)]


def test_a_message_of_another_source_does_not_match() -> None:
    bus = BusWithConsumers()
    bus.put("OrderCreated", source="mallbots.baskets")
    assert bus.received("search") == []


def test_an_addressed_message_reaches_its_consumer_alone() -> None:
    bus = BusWithConsumers()
    bus.put("OrderCreated", to="insights")
    assert (bus.received("search"), bus.received("insights")) == ([], ["OrderCreated"])


def test_the_detail_arrives_as_it_was_put() -> None:
    bus = BusWithConsumers()
    bus.put("OrderCreated")
    [message] = bus.queues["search"].messages.values()
    body = json.loads(message.body)
    assert body["detail"]["data"] == {"text": "Grüße 🤖"}
    assert body["source"] == "mallbots.ordering"


def test_entries_that_failed_are_put_again_by_the_adapter() -> None:
    bus = BusWithConsumers({"entries failed": 1.0})
    names = ["OrderCreated"] * 8
    failed = bus.put(*names)
    assert bus.world.faults.fired["entries failed"] > 0
    assert len(bus.received("search")) == len(names) - len(failed)


def test_a_message_may_be_delivered_twice() -> None:
    bus = BusWithConsumers({"bus duplicate": 1.0})
    bus.put("OrderCreated")
    assert bus.received("search") == ["OrderCreated"] * 2


def test_an_event_that_a_rule_cannot_deliver_is_dead_lettered_with_the_reason() -> None:
    bus = BusWithConsumers({"target given up": 1.0})
    bus.put("OrderCreated")
    assert bus.received("search") == []
    [message] = bus.undelivered["search"].messages.values()
    assert json.loads(message.body)["detail-type"] == "OrderCreated"
    assert message.attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    undelivered = [fields["queue"] for _, kind, fields in bus.world.history.entries if kind == "undelivered"]
    assert undelivered == ["search/undelivered", "insights/undelivered"]


def test_late_messages_are_overtaken_by_later_ones() -> None:
    orders = set()
    for seed in range(10):
        bus = BusWithConsumers({"bus delay": 0.5}, seed)
        bus.put("OrderCreated", "OrderPaid")
        orders.add(tuple(bus.received("insights")))
    assert orders == {("OrderCreated", "OrderPaid"), ("OrderPaid", "OrderCreated")}


def test_more_than_ten_entries_at_once_are_refused() -> None:
    bus = BusWithConsumers()
    entries = [{"EventBusName": "bus", "Source": "s", "DetailType": "d", "Detail": "{}"}] * 11
    with pytest.raises(ClientError, match="1 to 10 entries"):
        run_task(bus.world, lambda: bus.client.put_events(Entries=entries))


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("rate(1 minute)", "09:00:00", "09:01:00"),
        ("rate(15 minutes)", "09:01:00", "09:15:00"),
        ("cron(0 2 * * ? *)", "01:59:59", "02:00:00"),
        ("cron(30 9 * * ? *)", "09:00:00", "09:30:00"),
    ],
)
def test_schedules_fall_due_by_the_clock(expression: str, after: str, due: str) -> None:
    day = datetime(2026, 1, 5, tzinfo=UTC)
    assert next_time(expression, datetime.fromisoformat(f"{day.date()}T{after}+00:00")).time().isoformat() == due


def ticks(minutes: int, **faults: float) -> list[str]:
    """The times in the messages of a one-minute schedule within so many minutes. faults: their rates by name."""
    world = a_world(faults={f"schedule {name}": rate for name, rate in faults.items()})
    queue = Queue(world, "ordering/inbox")
    EventBridgeSchedule(world, "rate(1 minute)", queue, timer_body(UnpaidOrdersDue))
    world.scheduler.run(minutes * 60_000_000 + 5_000_000)
    bodies = [json.loads(message.body) for message in queue.messages.values()]
    assert all(body["detail-type"] == "UnpaidOrdersDue" for body in bodies)
    return [body["time"] for body in bodies]


def test_a_schedule_sends_its_due_time_every_minute() -> None:
    assert ticks(3) == ["2026-01-05T09:01:00Z", "2026-01-05T09:02:00Z", "2026-01-05T09:03:00Z"]


def test_a_schedule_may_fire_twice_or_not_at_all_or_send_a_future_time() -> None:
    assert ticks(2, twice=1.0) == ["2026-01-05T09:01:00Z"] * 2 + ["2026-01-05T09:02:00Z"] * 2
    assert ticks(2, missed=1.0) == []
    assert ticks(1, early=1.0)[0] > "2026-01-05T09:01:00Z"


def test_an_entry_and_each_delivery_count_once_for_every_64_kb() -> None:
    bus = BusWithConsumers()
    bus.world.cost.counting = True
    bus.put("OrderCreated", "OrderPaid", "OrderRejected")
    assert bus.world.cost.take() == {"bus_entries": 3, "queue_requests": 3}
    bus.put("OrderPaid", data={"text": "x" * 100_000})
    assert bus.world.cost.take() == {"bus_entries": 2, "queue_requests": 2}
