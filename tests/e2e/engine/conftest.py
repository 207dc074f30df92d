"""One engine, on a free port, for all tests in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from infra.local.process import free_port
from tests.e2e.engine.workbench import Clients, Workbench

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests may use the loopback interface only."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    # Asynchronous invocations are retried after 0.1 s: AWS waits for one minute, then two.
    # Robots may ask for a keep-alive of one second, where AWS has thirty at least.
    settings = {"LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1", "MQTT_SHORTEST_KEEP_ALIVE_SECONDS": "1"}
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("cloud"), settings)
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="session")
def clients(cloud: LocalCloud) -> Iterator[Clients]:
    clients = Clients(cloud)
    yield clients
    clients.close()


@pytest.fixture
def bench(cloud: LocalCloud, clients: Clients, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(cloud, clients, tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def fresh_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A cloud for one test, to be stopped, killed and restarted."""
    cloud = LocalCloud(free_port(), tmp_path / "state", {"AUTOSAVE_SECONDS": "0.1"})
    yield cloud
    cloud.stop()
