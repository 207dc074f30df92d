"""Outages of minutes and hours: how calls fail meanwhile, what AWS retries by itself, and which schedules have them."""

import json
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from events.ordering import UnpaidOrdersDue
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.transient import is_transient
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.eventbridge_schedules import EventBridgeSchedule
from tests.simulation.external_services import Provider, ProviderClient, Texts, TextsClient
from tests.simulation.faults import NEEDS_A_HAND, OUTAGES, Faults
from tests.simulation.harness import FakeCaller, a_client, a_world, an_event_table, run_task
from tests.simulation.outages import BROKER, BUS, CARRIER, DISABLED, KMS, PROVIDER, WAYS
from tests.simulation.schedule import run_schedule
from tests.simulation.scheduler import SECOND
from tests.simulation.sqs import Queue
from tests.simulation.templates import timer_body
from tests.simulation.test_cloud import Visit, status
from tests.simulation.test_cloud_bus import BusWithConsumers
from tests.simulation.test_cloud_queues import QueueWithFunction
from tests.simulation.workload.draw import draw
from tests.simulation.workload.long_day import LONGEST, REPAIRERS, SHORTEST, has_long_day, lengthen

HOUR = 3_600 * SECOND
JAR: dict[str, Any] = {"stream": {"S": "Jar#1"}, "version": {"N": "1"}}


@pytest.mark.parametrize("how", WAYS)
def test_a_call_to_a_table_that_is_away_fails_by_an_error_that_may_pass_and_changes_nothing(how: str) -> None:
    world = a_world()
    table = an_event_table(world)
    world.away["jars/events"] = how
    with pytest.raises((ClientError, ReadTimeoutError)) as raised:
        run_task(world, lambda: a_client(table).put_item(TableName="jars/events", Item=JAR))
    assert is_transient(raised.value)
    assert isinstance(raised.value, BotoCoreError) is (how == "silent")
    del world.away["jars/events"]
    assert not table.tables["jars/events"].items
    run_task(world, lambda: a_client(table).put_item(TableName="jars/events", Item=JAR))
    assert len(table.tables["jars/events"].items) == 1


def test_a_throttled_transaction_is_cancelled_with_the_reason_and_not_retried_by_the_sdk() -> None:
    world = a_world()
    table = an_event_table(world)
    world.away["jars/events"] = "throttled"
    put = {"Put": {"TableName": "jars/events", "Item": JAR}}
    with pytest.raises(ClientError) as raised:
        run_task(world, lambda: a_client(table).transact_write_items(TransactItems=[put]))
    assert raised.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert is_transient(raised.value)
    assert sum(kind == "refused" for _, kind, _ in world.history.entries) == 1


def test_the_bus_retries_a_queue_that_is_away_and_delivers_within_its_longest_back_off() -> None:
    bus = BusWithConsumers()
    bus.world.away["search"] = "error"
    assert bus.put("OrderCreated") == []
    assert (bus.received("search"), bus.received("insights")) == ([], ["OrderCreated"])
    bus.world.scheduler.run(2 * HOUR)
    assert bus.received("search") == []
    del bus.world.away["search"]
    bus.world.scheduler.run(2 * HOUR + 468 * SECOND)
    assert bus.received("search") == ["OrderCreated"]


def test_the_ticks_of_an_outage_reach_their_queue_after_it() -> None:
    world = a_world()
    queue = Queue(world, "ordering/inbox")
    EventBridgeSchedule(world, "rate(1 minute)", queue, timer_body(UnpaidOrdersDue))
    world.away[queue.name] = "error"
    world.scheduler.run(600 * SECOND)
    assert not queue.messages
    del world.away[queue.name]
    world.scheduler.run(1_200 * SECOND)
    times = [json.loads(message.body)["time"] for message in queue.messages.values()]
    assert len(set(times)) == len(times) >= 19


def test_a_queue_that_is_away_gives_no_message_and_deletes_none() -> None:
    queued = QueueWithFunction(a_world())
    queued.send("a")
    queued.world.away["line"] = "error"
    queued.pass_time(60)
    assert queued.seen == []
    del queued.world.away["line"]
    queued.pass_time(60)
    assert queued.bodies == ["a"]

    queued.send("b")
    queued.world.scheduler.call_in(0.1, lambda: queued.world.away.update(line="error"))
    queued.pass_time(600)
    assert queued.bodies == ["a", "b"]
    del queued.world.away["line"]
    queued.pass_time(60)
    assert queued.bodies == ["a", "b", "b"]
    assert not queued.queue.messages


def test_a_provider_and_a_carrier_that_are_away_take_nothing() -> None:
    world, provider, texts = a_world(), Provider(), Texts()
    world.away |= {PROVIDER: "silent", CARRIER: "silent"}
    refunds, sender = ProviderClient(provider, world, FakeCaller()), TextsClient(texts, world, FakeCaller())
    with pytest.raises(UnavailableError):
        run_task(world, lambda: refunds.refund("p", 100, "r"))
    with pytest.raises(UnavailableError):
        run_task(world, lambda: refunds.statement("p"))
    with pytest.raises(UnavailableError):
        run_task(world, lambda: sender.send("+15550100", "ready", "r"))
    assert (provider.requests, texts.sent) == ({}, {})


TARGETS = {
    "table away": "ordering/events",
    "bus away": BUS,
    "queue away": "checkout/inbox",
    "service away": "depot",
    "queries away": "customers/queries",
    "provider away": PROVIDER,
    "carrier away": CARRIER,
    "KMS away": KMS,
    "broker away": BROKER,
    "key disabled": DISABLED,
}


@pytest.mark.parametrize("kind", OUTAGES)
def test_an_order_ends_after_an_outage_of_half_an_hour_without_a_hand(kind: str) -> None:
    choices = Choices(6)
    cloud = Cloud(choices, Faults(choices))
    visit = Visit(cloud)

    def outage() -> None:
        cloud.sleep(3)
        cloud.take_away(kind, TARGETS[kind], "error")
        cloud.sleep(1_800)
        cloud.bring_back(kind, TARGETS[kind])

    away = cloud.spawn(outage)
    task = cloud.spawn(lambda: _patiently(visit))
    cloud.run(7_200.0, enough=lambda: task.done and away.done)
    assert cloud.settle()
    assert status(visit) == ("rejected" if kind == "service away" else "completed")
    assert not [
        name
        for name, queue in cloud.state()["queues"].items()
        if queue and name.endswith(("dead-letters", "undelivered", "failures")) and "dispatcher" not in name
    ]


def _patiently(visit: Visit) -> None:
    """A visit whose client sends each request again for longer than the outage lasts, and pays when it can."""
    visit.attempts = 1_200
    visit.run_visit()
    while visit.status("ordering", "order") == "ready":
        visit.cloud.sleep(60)
        visit.cloud.request("PUT", f"/api/payments/invoices/{visit.order}/pay")


def test_about_one_schedule_in_fifty_has_a_long_day() -> None:
    assert 160 <= sum(map(has_long_day, range(1, 10_001))) <= 240


def test_a_long_day_has_outages_of_five_minutes_to_two_hours_and_nobody_who_repairs() -> None:
    seeds = [seed for seed in range(1, 3_000) if has_long_day(seed)]
    for seed in seeds:
        workload = draw(seed)
        lengthen(workload)
        assert not workload.recovery
        assert not set(REPAIRERS) & set(workload.clients)
        assert "long outage 1" in workload.clients
    history = run_schedule(seeds[0]).history
    away = {fields["target"]: at for at, kind, fields in history if kind == "away"}
    lasted = [(at - away[fields["target"]]) / SECOND for at, kind, fields in history if kind == "back"]
    assert lasted
    assert all(SHORTEST <= seconds <= LONGEST for seconds in lasted)
    assert not any(kind == "fault" and fields["name"] in NEEDS_A_HAND for _, kind, fields in history)


def test_a_schedule_counts_the_seconds_of_its_outages_and_an_ordinary_one_has_none() -> None:
    long, ordinary = (next(s for s in range(1, 200) if has_long_day(s) is wanted) for wanted in (True, False))
    outcome = run_schedule(long)
    [seconds] = outcome.numbers["seconds of outages"]
    assert SHORTEST <= seconds <= outcome.numbers["virtual seconds"][0]
    assert sum(outcome.faults[kind] for kind in OUTAGES) >= 1
    assert run_schedule(ordinary).numbers["seconds of outages"] == []
