"""The fuzzer on the mall in memory, for a few seconds; `make e2e` and `make fuzz` run it on a deployment."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, Caller
from infra.documents.openapi import document
from tests.fuzz import expected
from tests.fuzz.fuzzer import Bounds, Report, Who, fuzz, left_out, names
from tests.fuzz.in_memory import Application, probed_in_memory, token
from tests.fuzz.scene import Ask, Scene
from tests.support.callers import A_KIOSK, CLERK, OPERATOR_ON_CALL, customer, robot
from tests.support.mall import Mall

BOUNDS = Bounds(seed=1, examples=6, chains=12, edges=True)
FEW = Bounds(seed=1, examples=1, chains=1, steps=4, edges=False)
DEPLOYED_ONLY = ("/api/docs", "/api/openapi.json")  # files that only a deployment has


@pytest.fixture(scope="module")
def mall() -> Mall:
    return Mall()


@pytest.fixture(scope="module")
def scene(mall: Mall) -> Scene:
    def asked_by(caller: Caller) -> Ask:
        def ask(method: str, path: str, body: Mapping[str, Any]) -> Any:
            answer = mall.request(method, path, dict(body), caller=caller)
            assert answer.status == 200, (method, path, answer)
            mall.settle()
            return answer.body

        return ask

    def wait_for(condition: Callable[[], bool], what: str) -> None:
        assert condition(), what

    def bring_online(robot: str) -> None:
        staff("PUT", f"/api/depot/bots/{robot}/online", {})

    staff = asked_by(CLERK)
    return Scene(staff, asked_by(A_KIOSK), wait_for, bring_online).furnish()


def fuzzed(mall: Mall, scene: Scene, caller: Caller, bounds: Bounds) -> Report:
    described = document()
    for path in DEPLOYED_ONLY:
        del described["paths"][path]
    who = Who(str(caller.role), lambda: token(caller))
    with probed_in_memory():
        return fuzz(described, scene.things, bounds, who, app=Application(mall))


@pytest.fixture(scope="module")
def report(mall: Mall, scene: Scene) -> Report:
    return fuzzed(mall, scene, CLERK, BOUNDS)


def test_every_answer_conforms_to_the_document(report: Report) -> None:
    assert report.failures == [], "\n".join(map(str, report.failures))


def test_no_operation_is_left_out(report: Report) -> None:
    assert left_out([report]) == []


@pytest.mark.parametrize("role", [OPERATOR, KIOSK, CUSTOMER, BOT])
def test_every_role_is_answered_as_the_document_says_and_no_more(mall: Mall, scene: Scene, role: str) -> None:
    callers = {
        OPERATOR: OPERATOR_ON_CALL,
        KIOSK: A_KIOSK,
        CUSTOMER: customer(scene.things["customers"][0]),
        BOT: robot(scene.things["working robots"][0]),
    }
    report = fuzzed(mall, scene, callers[role], FEW)
    assert report.failures == [], "\n".join(map(str, report.failures))
    assert left_out([report]) == []


@pytest.mark.parametrize("table", ["IDS", "EXPECTED", "UNCHECKED_FOR", "NEVER_OK"])
def test_expectations_are_for_operations_that_exist(table: str) -> None:
    assert set(getattr(expected, table)) - set(names(document())) == set()


def test_links_are_followed(report: Report) -> None:
    assert report.links > 0


def test_no_message_is_dead_lettered(report: Report, mall: Mall) -> None:
    mall.pass_time(60)
    assert mall.dead_letters() == {}
