"""What survives a stop, and a kill: `patches/autosave.py`, `patches/stream_state.py` and `patches/layers.py`."""

import io
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from tests.e2e.engine.workbench import Clients, Workbench, eventually, until_saved

SEES = '[note(record["dynamodb"]["Keys"]["pk"]["S"]) for record in event["Records"]]'


@pytest.fixture
def bench(fresh_cloud: LocalCloud, tmp_path: Path) -> Iterator[Workbench]:
    fresh_cloud.start()
    clients = Clients(fresh_cloud)
    bench = Workbench(fresh_cloud, clients, tmp_path)
    yield bench
    bench.close()
    clients.close()


def test_after_a_restart_everything_is_there_and_keeps_working(bench: Workbench) -> None:
    table, queue, function = bench.table(), bench.queue(), bench.function(SEES)
    bench.feed(function, table.stream, BatchSize=1)
    bench.put(table, "before")
    bench.send(queue, "before")
    eventually(lambda: function.notes() == ["before"])

    assert bench.cloud.stop()
    bench.cloud.start()

    assert bench.client("dynamodb").scan(TableName=table.name)["Count"] == 1
    assert [message["Body"] for message in bench.receive(queue)] == ["before"]
    bench.put(table, "after")
    eventually(lambda: function.notes() == ["before", "after"])


def test_stream_records_that_were_not_delivered_before_a_stop_are_delivered_after_it(bench: Workbench) -> None:
    table, function = bench.table(), bench.function(SEES)
    bench.put(table, "written", "in the meantime")

    bench.cloud.stop()
    bench.cloud.start()
    bench.feed(function, table.stream, BatchSize=10)

    eventually(lambda: function.notes() == ["written", "in the meantime"])


def test_a_kill_loses_nothing_older_than_a_few_seconds(bench: Workbench) -> None:
    bench.client("logs").create_log_group(logGroupName="/kept")
    table, queue, function = bench.table(), bench.queue(), bench.function(SEES)
    bench.feed(function, table.stream, BatchSize=1)
    bench.send(queue, "before")
    bench.put(table, "before")
    eventually(lambda: function.notes() == ["before"])
    for service, text in [("dynamodb", "before"), ("sqs", "before"), ("lambda", function.name)]:
        until_saved(bench.cloud, service, text)

    bench.cloud.engine.kill()
    bench.cloud.start()

    assert [message["Body"] for message in bench.receive(queue)] == ["before"]
    assert "/kept" in [one["logGroupName"] for one in bench.client("logs").describe_log_groups()["logGroups"]]
    bench.put(table, "after")
    eventually(lambda: "after" in function.notes())


def test_layers_of_one_content_are_saved_once_and_are_there_after_a_restart(bench: Workbench) -> None:
    noise = secrets.token_hex(200_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as layer:
        layer.writestr("python/shared.py", f"NOISE = {noise!r}")
    published = [
        bench.client("lambda").publish_layer_version(LayerName=bench.name("layer"), Content={"ZipFile": content})
        for content in [archive.getvalue()] * 2
    ]
    reads = "import shared\nnote(len(shared.NOISE))"
    functions = [bench.function(reads, Layers=[one["LayerVersionArn"]]) for one in published]

    bench.cloud.stop()
    saved = bench.cloud.state / "engine"
    files = [file for file in (saved / "lambda-blobs").iterdir() if file.stat().st_size >= len(archive.getvalue())]
    bench.cloud.start()
    for function in functions:
        bench.invoke(function)

    assert len(files) == 1
    assert (saved / "lambda.json").stat().st_size < len(noise)
    assert [function.notes() for function in functions] == [[len(noise)], [len(noise)]]
