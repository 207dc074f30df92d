"""The differential suite on the engine: cases observe the same as on the simulated cloud, or listed differences."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.cloud import LocalCloud
from tests.e2e.engine.place import BUS
from tests.e2e.engine.place import observe as on_engine
from tests.e2e.engine.workbench import Clients, Workbench
from tests.simulation.differential.simulated import observe
from tests.simulation.differential.suite import SUITE, expected

AT_ONCE = 12  # cases mostly wait


@pytest.fixture(scope="module")
def observed(
    cloud: LocalCloud, clients: Clients, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, "Future[Any]"]]:
    """What every case observes on the engine; they run concurrently."""
    folder = tmp_path_factory.mktemp("differential")
    for service in ("dynamodb", "sqs", "events", "lambda"):
        clients(service)  # created here, since creating clients is not thread-safe
    clients("events").create_event_bus(Name=BUS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(on_engine, case, Workbench(cloud, clients, folder)) for name, case in SUITE.items()}


@pytest.mark.parametrize("name", SUITE)
def test_a_case_observes_the_same_on_both_clouds_or_its_difference_is_listed(
    name: str, observed: dict[str, "Future[Any]"]
) -> None:
    simulated, engine = observe(SUITE[name]), observed[name].result()

    assert (simulated, engine) == expected(name)
