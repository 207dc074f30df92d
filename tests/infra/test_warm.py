"""The events that warm the local cloud's functions."""

import json
from typing import Any

import pytest

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.runtime.runtime import active
from infra.local.warm import harmless, warm
from tests.support.runtime import memory_runtime


class Cloud:
    """A local cloud with these outputs, which notes what is invoked."""

    def __init__(self, outputs: dict[str, dict[str, str]]) -> None:
        self._outputs = outputs
        self.invoked: dict[str, Any] = {}

    def client(self, _service: str, **_config: object) -> "Cloud":
        return self

    def outputs(self) -> dict[str, dict[str, str]]:
        return self._outputs

    def invoke(self, FunctionName: str, Payload: bytes) -> None:
        self.invoked[FunctionName] = json.loads(Payload)


def test_every_function_that_an_order_may_wait_for_is_warmed_also_those_that_other_services_ask() -> None:
    stores = {"ApiFunction": "api", "QueriesFunction": "queries", "RelayFunction": "relay", "ReplayFunction": "replay"}
    outputs = {"mallbots-local-stores": stores, "mallbots-local-operations": {"CollectorFunction": "collector"}}
    outputs["mallbots-local-insights"] = {"ApiFunction": "figures"}
    cloud = Cloud({**outputs, "mallbots-local-platform": {"ApiId": "a", "GatewayFunction": "gateway"}})
    assert warm(cloud) == 4  # type: ignore[arg-type]
    assert set(cloud.invoked) == {"api", "queries", "relay", "gateway"}
    assert cloud.invoked["relay"] == {"Records": []}
    assert cloud.invoked["gateway"]["rawPath"] == "/"


@pytest.mark.parametrize("service", [name for name in services() if manifest(name).queries])
def test_an_owner_answers_the_question_that_warms_it(service: str) -> None:
    queries = manifest(service).queries
    assert queries
    with active(memory_runtime(service)):
        assert set(queries.handle(harmless(service, "QueriesFunction"))) <= {"answer", "not_found"}
