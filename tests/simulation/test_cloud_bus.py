"""The simulated bus and schedules: who is told, how often, and what comes of what cannot be delivered."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from events.ordering import UnpaidOrdersDue
from functions.kernel.composition.adapters import EventBridgeBus
from functions.kernel.runtime.commit import Outgoing
from tests.simulation.bus import Bus, EventsClient, Rule
from tests.simulation.eventbridge_schedules import Schedule, moment
from tests.simulation.harness import Somebody, a_world, let
from tests.simulation.sdk import Wire
from tests.simulation.sqs import Queue


class Line:
    """A bus with two consumers, search and insights, of OrderCreated; insights also hears OrderPaid."""

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
        self.client = EventsClient(Bus(self.world, rules), Wire(self.world, Somebody(), "events"), self.world, "relay")
        self.bus = EventBridgeBus(self.client, "bus")  # type: ignore[arg-type]  # a part of the client

    def put(self, *names: str, source: str = "mallbots.ordering", **more: Any) -> list[int]:
        messages = [
            Outgoing(
                {"metadata": {"id": f"{name}-{n}", "name": name, "source": source}, "data": {"text": "Grüße 🤖"}} | more
            )
            for n, name in enumerate(names)
        ]
        failed = let(self.world, lambda: self.bus.put(messages))
        self.world.scheduler.run(self.world.scheduler.now_us + 600_000_000)
        return failed

    def got(self, consumer: str) -> list[str]:
        """The names of what a consumer's queue holds."""
        return [json.loads(message.body)["detail-type"] for message in self.queues[consumer].messages.values()]


def test_a_message_goes_to_every_queue_whose_rule_wants_it_and_to_no_other() -> None:
    line = Line()
    assert line.put("OrderCreated", "OrderPaid", "OrderRejected") == []
    assert line.got("search") == ["OrderCreated"]
    assert sorted(line.got("insights")) == ["OrderCreated", "OrderPaid"]


def test_a_message_of_another_source_is_not_wanted() -> None:
    line = Line()
    line.put("OrderCreated", source="mallbots.baskets")
    assert line.got("search") == []


def test_an_addressed_message_reaches_its_consumer_alone() -> None:
    line = Line()
    line.put("OrderCreated", to="insights")
    assert (line.got("search"), line.got("insights")) == ([], ["OrderCreated"])


def test_the_detail_arrives_as_it_was_put() -> None:
    line = Line()
    line.put("OrderCreated")
    [message] = line.queues["search"].messages.values()
    body = json.loads(message.body)
    assert body["detail"]["data"] == {"text": "Grüße 🤖"}
    assert body["source"] == "mallbots.ordering"


def test_entries_that_were_not_taken_are_put_again_by_the_adapter() -> None:
    line = Line({"entries failed": 1.0})
    names = ["OrderCreated"] * 8
    failed = line.put(*names)
    assert line.world.faults.fired["entries failed"] > 0
    assert len(line.got("search")) == len(names) - len(failed)


def test_a_message_may_come_twice() -> None:
    line = Line({"bus duplicate": 1.0})
    line.put("OrderCreated")
    assert line.got("search") == ["OrderCreated"] * 2


def test_what_a_rule_cannot_deliver_lies_with_its_dead_letters_with_the_reason() -> None:
    line = Line({"target given up": 1.0})
    line.put("OrderCreated")
    assert line.got("search") == []
    [message] = line.undelivered["search"].messages.values()
    assert json.loads(message.body)["detail-type"] == "OrderCreated"
    assert message.attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    undelivered = [fields["queue"] for _, kind, fields in line.world.history.notes if kind == "undelivered"]
    assert undelivered == ["search/undelivered", "insights/undelivered"]


def test_late_messages_are_overtaken_by_younger_ones() -> None:
    orders = set()
    for seed in range(10):
        line = Line({"bus delay": 0.5}, seed)
        line.put("OrderCreated", "OrderPaid")
        orders.add(tuple(line.got("insights")))
    assert orders == {("OrderCreated", "OrderPaid"), ("OrderPaid", "OrderCreated")}


def test_more_than_ten_entries_at_once_are_refused() -> None:
    line = Line()
    entries = [{"EventBusName": "bus", "Source": "s", "DetailType": "d", "Detail": "{}"}] * 11
    with pytest.raises(ClientError, match="1 to 10 entries"):
        let(line.world, lambda: line.client.put_events(Entries=entries))


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
    assert moment(expression, datetime.fromisoformat(f"{day.date()}T{after}+00:00")).time().isoformat() == due


def ticks(minutes: int, **faults: float) -> list[str]:
    """The times that a schedule of every minute said in so many minutes, by the names of its faults."""
    world = a_world(faults={f"schedule {name}": rate for name, rate in faults.items()})
    queue = Queue(world, "ordering/inbox")
    Schedule(world, UnpaidOrdersDue, "rate(1 minute)", queue)
    world.scheduler.run(minutes * 60_000_000 + 5_000_000)
    bodies = [json.loads(message.body) for message in queue.messages.values()]
    assert all(body["detail-type"] == "UnpaidOrdersDue" for body in bodies)
    return [body["time"] for body in bodies]


def test_a_schedule_comes_every_minute_and_says_when_it_fell_due() -> None:
    assert ticks(3) == ["2026-01-05T09:01:00Z", "2026-01-05T09:02:00Z", "2026-01-05T09:03:00Z"]


def test_a_schedule_may_come_twice_or_not_at_all_or_say_a_time_to_come() -> None:
    assert ticks(2, twice=1.0) == ["2026-01-05T09:01:00Z"] * 2 + ["2026-01-05T09:02:00Z"] * 2
    assert ticks(2, missed=1.0) == []
    assert ticks(1, early=1.0)[0] > "2026-01-05T09:01:00Z"
