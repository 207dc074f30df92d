"""The local cloud as a process on this machine."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from infra.local.cloud import LocalCloud
from infra.local.engine import seams
from infra.local.process import ROOT, LocalCloudError, free_port
from tests.e2e.engine.workbench import eventually


@pytest.fixture
def foreign_process() -> Iterator[int]:
    """A process that has nothing to do with the local cloud."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command) as process:
        yield process.pid
        assert process.poll() is None, "a process that is not ours was ended"
        process.kill()


def test_a_port_in_use_is_an_error_and_its_process_is_not_touched(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(LocalCloudError, match=f"port {port} is in use by another program.*choose another"):
            LocalCloud(port, tmp_path).start()


def test_a_recorded_process_id_that_now_belongs_to_another_program_is_not_stopped(
    tmp_path: Path, foreign_process: int
) -> None:
    cloud = LocalCloud(free_port(), tmp_path)
    cloud.engine.record.write_text(json.dumps({"pid": foreign_process, "port": cloud.engine.port}))

    assert not cloud.stop()


def test_a_command_with_another_port_than_that_of_the_state_is_refused_and_stops_nothing(
    fresh_cloud: LocalCloud,
) -> None:
    fresh_cloud.start()

    with pytest.raises(LocalCloudError, match=f"was created on port {fresh_cloud.engine.port}: use PORT="):
        LocalCloud(free_port(), fresh_cloud.state)

    assert fresh_cloud.engine.is_running()


def test_two_clouds_run_side_by_side(cloud: LocalCloud, fresh_cloud: LocalCloud) -> None:
    fresh_cloud.start()
    names = []
    for each in (cloud, fresh_cloud):
        sqs = each.client("sqs")
        sqs.create_queue(QueueName=f"queue-{each.engine.port}")
        names.append([url.rsplit("/", 1)[1] for url in sqs.list_queues(QueueNamePrefix="queue-").get("QueueUrls", [])])
        sqs.close()

    assert names[1] == [f"queue-{fresh_cloud.engine.port}"]
    assert f"queue-{fresh_cloud.engine.port}" not in names[0]


def test_a_running_cloud_is_found_again_and_kept(fresh_cloud: LocalCloud) -> None:
    fresh_cloud.start()
    again = LocalCloud(fresh_cloud.engine.port, fresh_cloud.state)

    again.start()

    assert again.engine.pid() == fresh_cloud.engine.pid()
    assert again.stop()
    assert not fresh_cloud.engine.is_running()


def test_an_engine_that_does_not_start_is_reported_with_its_log(tmp_path: Path) -> None:
    cloud = LocalCloud(free_port(), tmp_path, {"LAMBDA_WORKERS_PER_FUNCTION": "many"})

    with pytest.raises(LocalCloudError, match=r"(?s)ended with code 1.*invalid literal.*many"):
        cloud.start()


def test_the_engine_listens_on_the_loopback_interface_only(cloud: LocalCloud) -> None:
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("only Linux lists its sockets there")
    port = f"{cloud.engine.port:04X}"
    addresses = {line.split()[1] for line in listening.read_text().splitlines()[1:] if line.split()[3] == "0A"}

    assert f"0100007F:{port}" in addresses
    assert f"00000000:{port}" not in addresses


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("https://abc123.execute-api.eu-west-1.amazonaws.com", "http://{here}/_aws/execute-api/abc123/$default"),
        ("https://abc123.execute-api.eu-west-1.amazonaws.com/", "http://{here}/_aws/execute-api/abc123/$default"),
        (
            "https://abc123.execute-api.eu-west-1.amazonaws.com/api",
            "http://{here}/_aws/execute-api/abc123/$default/api",
        ),
        ("http://abc123.execute-api.127.0.0.1:4566", "http://{here}/_aws/execute-api/abc123/$default"),
        ("wss://abc123.execute-api.eu-west-1.amazonaws.com/live", "ws://{here}/_aws/execute-api/abc123/live"),
        ("https://example.com/x", "https://example.com/x"),
        ("order-table", "order-table"),
    ],
)
def test_a_gateway_s_address_is_mapped_to_this_machine(tmp_path: Path, address: str, here: str) -> None:
    assert LocalCloud(4566, tmp_path).http_address(address) == here.replace("{here}", "127.0.0.1:4566")


def test_an_engine_of_another_version_is_refused() -> None:
    other = "from infra.local.engine import launch; launch.VERSION = '9.9.9'; launch.main()"
    interpreter = ROOT / ".engine" / "bin" / "python"

    refused = subprocess.run([interpreter, "-c", other], cwd=ROOT, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert f"needs ministack 9.9.9, found {seams.VERSION}" in refused.stderr


def test_an_engine_without_what_a_patch_replaces_is_refused_with_the_patch_s_name() -> None:
    service = ModuleType("sqs")
    vars(service)["script"] = "print one"
    patch = seams.Seams("workers")

    with pytest.raises(seams.EngineChangedError, match="patch workers: sqs has no _execute"):
        patch.replace(service, "_execute", None)
    with pytest.raises(seams.EngineChangedError, match=r"patch workers: sqs.script no longer contains 'print two'"):
        patch.replace_text(service, "script", "print two", "print three")


def test_up_and_down_end_with_a_message_and_code_1_when_they_cannot(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environment = {**os.environ, "PORT": str(other.getsockname()[1]), "STATE": str(tmp_path)}
        command = [sys.executable, "-m", "infra.local", "up"]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "is in use by another program" in ended.stderr


def test_the_cpu_time_of_the_engine_grows_and_is_not_known_of_one_that_does_not_run(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    before = cloud.engine.cpu_seconds()
    assert before is not None

    client = cloud.client("dynamodb")
    eventually(lambda: client.list_tables() and (cloud.engine.cpu_seconds() or 0) > before)

    assert LocalCloud(free_port(), tmp_path).engine.cpu_seconds() is None


def test_an_engine_is_ready_for_its_own_state_and_for_no_other_on_its_port(cloud: LocalCloud, tmp_path: Path) -> None:
    other = LocalCloud(cloud.engine.port, tmp_path)

    assert cloud.engine.is_ready()
    assert not other.engine.is_ready()


def test_a_connection_that_rests_stays_open_whatever_the_engine_asks_of_its_server() -> None:
    asked = (
        "from infra.local.engine.patches import responses; responses.apply(); from hypercorn.config import Config; "
        "config = Config(); config.keep_alive_timeout = 75; print(config.keep_alive_timeout)"
    )
    interpreter = ROOT / ".engine" / "bin" / "python"

    ended = subprocess.run([interpreter, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)

    assert float(ended.stdout) >= 24 * 3_600
