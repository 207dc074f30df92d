"""The whole system, deployed once to a local cloud of the tests' own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients.mall import Mall
from infra.local.cloud import LocalCloud
from infra.local.demo import free_port
from infra.local.seed import seed
from infra.local.up import summary, up

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests talk to the loopback interface, and to nothing else."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@dataclass(frozen=True)
class Deployed:
    """A deployed and seeded mall: the cloud, its API, and the ids of the products."""

    cloud: LocalCloud
    mall: Mall
    products: list[str]

    @property
    def address(self) -> str:
        return str(summary(self.cloud)["api"])

    def output(self, service: str, name: str) -> str:
        """An output of a service's stack."""
        return self.cloud.outputs()[f"mallbots-local-{service}"][name]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self.cloud.client(service)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("mall"))
    try:
        up(cloud)
        with Mall(str(summary(cloud)["api"])) as mall:
            yield Deployed(cloud, mall, seed(mall))
    finally:
        cloud.stop()
