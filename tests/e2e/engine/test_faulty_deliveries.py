"""Deliveries that fail, come twice and come late: `patches/faulty_deliveries.py`, off unless it is asked for."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.local.cloud import LocalCloud
from infra.local.process import free_port
from tests.e2e.engine.test_eventbridge import put, rule
from tests.e2e.engine.workbench import Clients, Workbench, eventually

KEYS = '[note(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]]'
BODIES = '[note(record["body"]) for record in event["Records"]]'
NONE = {"seed": 1, "lost": 0, "doubled": 0, "delayed": 0, "longest": 0.2}

Faulty = Callable[..., Workbench]


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Faulty]:
    """Makes an engine with these shares of faults, which strike at once."""
    with ExitStack() as stack:

        def made(**shares: float) -> Workbench:
            counts = tmp_path / "counts.json"
            settings = {**NONE, **shares, "counts": str(counts)}
            cloud = LocalCloud(free_port(), tmp_path / "state", {"FAULTY_DELIVERIES": json.dumps(settings)})
            cloud.start()
            stack.callback(cloud.stop)
            clients = Clients(cloud)
            stack.callback(clients.close)
            Path(f"{counts}.on").touch()
            bench = Workbench(cloud, clients, tmp_path)
            stack.callback(bench.close)
            return bench

        yield made


def counts(bench: Workbench) -> dict[str, Any]:
    file = bench.folder / "counts.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def test_a_batch_of_a_stream_that_is_lost_is_delivered_again(faulty: Faulty) -> None:
    bench = faulty(lost=0.5)
    table, function = bench.table(), bench.function(KEYS)
    bench.feed(function, table.stream, BatchSize=1)
    bench.put(table, "a", "b", "c", "d", "e", "f")

    eventually(lambda: set(function.notes()) == {"a", "b", "c", "d", "e", "f"})
    assert counts(bench)["stream_lost"] > 0


def test_a_batch_of_a_queue_that_is_doubled_is_handled_twice(faulty: Faulty) -> None:
    bench = faulty(doubled=1)
    queue, function = bench.queue(), bench.function(BODIES)
    bench.feed(function, queue.arn, BatchSize=1)
    bench.send(queue, "once")

    eventually(lambda: function.notes() == ["once", "once"])
    assert counts(bench)["queue_doubled"] == 1


def test_an_event_that_the_bus_cannot_deliver_at_once_comes_later(faulty: Faulty) -> None:
    bench = faulty(lost=0.6)
    queue = bench.queue()
    source = rule(bench, queue)
    put(bench, source, *({"number": number} for number in range(8)))

    came: set[int] = set()

    def all_came() -> bool:
        came.update(json.loads(message["Body"])["detail"]["number"] for message in bench.receive(queue))
        return came == set(range(8))

    eventually(all_came, seconds=60)
    assert counts(bench)["rule_lost"] > 0


def test_a_function_that_is_stopped_is_not_invoked_and_its_queue_keeps_what_comes(faulty: Faulty) -> None:
    bench = faulty()
    queue, function = bench.queue(), bench.function(BODIES)
    stopped = bench.folder / "counts.json.stopped"
    stopped.write_text(f"{function.name}\n")
    bench.feed(function, queue.arn, BatchSize=1)
    bench.send(queue, "waits")

    with pytest.raises(bench.client("lambda").exceptions.TooManyRequestsException):
        bench.invoke(function)
    assert function.notes() == []

    stopped.unlink()
    eventually(lambda: function.notes() == ["waits"])


def test_without_the_switch_no_fault_strikes(faulty: Faulty) -> None:
    bench = faulty(doubled=1)
    (bench.folder / "counts.json.on").unlink()
    queue, function = bench.queue(), bench.function(BODIES)
    bench.feed(function, queue.arn, BatchSize=1)
    bench.send(queue, "first")
    bench.send(queue, "second")

    eventually(lambda: sorted(function.notes()) == ["first", "second"])
    assert counts(bench) == {}
