"""The fuzzer on the mall in memory, for a few seconds; `make e2e` and `make fuzz` run it on a deployment."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.documents.openapi import document
from tests.fuzz import expected
from tests.fuzz.fuzzer import Bounds, Report, fuzz, names
from tests.fuzz.in_memory import Application
from tests.fuzz.scene import Scene
from tests.support.mall import Mall

BOUNDS = Bounds(seed=1, examples=6, chains=12, edges=True)
DEPLOYED_ONLY = ("/api/docs", "/api/openapi.json")  # files that only a deployment has


@pytest.fixture(scope="module")
def mall() -> Mall:
    return Mall()


@pytest.fixture(scope="module")
def report(mall: Mall) -> Report:
    def ask(method: str, path: str, body: Mapping[str, Any]) -> Any:
        answer = mall.request(method, path, dict(body))
        assert answer.status == 200, (method, path, answer)
        mall.settle()
        return answer.body

    def wait_for(condition: Callable[[], bool], what: str) -> None:
        assert condition(), what

    def bring_online(robot: str) -> None:
        ask("PUT", f"/api/depot/bots/{robot}/online", {})

    scene = Scene(ask, wait_for, bring_online).furnish()
    described = document()
    for path in DEPLOYED_ONLY:
        del described["paths"][path]
    return fuzz(described, scene.things, BOUNDS, app=Application(mall))


def test_every_answer_conforms_to_the_document(report: Report) -> None:
    assert report.failures == [], "\n".join(map(str, report.failures))


def test_no_operation_is_left_out(report: Report) -> None:
    assert report.neglected() == []


@pytest.mark.parametrize("table", ["IDS", "EXPECTED", "UNCHECKED_FOR", "NEVER_OK"])
def test_expectations_are_for_operations_that_exist(table: str) -> None:
    assert set(getattr(expected, table)) - set(names(document())) == set()


def test_links_are_followed(report: Report) -> None:
    assert report.links > 0


def test_no_message_is_dead_lettered(report: Report, mall: Mall) -> None:
    mall.pass_time(60)
    assert mall.dead_letters() == {}
