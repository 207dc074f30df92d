"""The routes of the robots' gateway: what staff see of robots, and the certificates that they issue."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509

from events.floor.plan import plan
from functions.fleet import certificates, service, signing_requests, views
from functions.fleet.api import api
from functions.fleet.identities import IotIdentities
from functions.fleet.reports import Task
from functions.fleet.signing_requests import SigningRequest
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from tests.support import jar_api
from tests.support.callers import A_KIOSK, CLERK, customer, robot
from tests.support.iot import FakeIot, signing_request

ROBOT, OTHER = "robot-1", "robot-2"
NOW = datetime(2030, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def registered(running: Runtime) -> Runtime:
    """The depot registered one robot; it knows another, of which nothing has come yet."""
    service.name_robot(ROBOT, "Ajax")

    def ask(_owner: str, request: dict[str, Any]) -> dict[str, Any]:
        if request["data"]["bot_id"] == OTHER:
            return {"answer": {"bot_id": OTHER, "generation": 1}}
        return {"not_found": "there is no such robot"}

    running.invoke = ask
    return running


def retire(id: str) -> None:
    service.take_task(id, Task(9, "retired", "", 0, "flow-1"))


def post(csr: str, id: str = ROBOT, caller: Any = CLERK) -> jar_api.Response:
    return jar_api.ask("POST", f"/api/fleet/robots/{id}/certificate", {"csr": csr}, api=api, caller=caller)


def test_staff_get_all_that_a_robot_needs_to_connect(iot: FakeIot) -> None:
    answer = post(signing_request()).body
    assert [answer["certificate"]] == iot.usable(ROBOT)
    assert (answer["ca"], answer["endpoint"]) == ("a root of trust", "broker.example:8883")
    begin = f"mallbots-prod/v3/mallbots/{ROBOT}"
    assert answer["topics"] == {
        "order": f"{begin}/order",
        "instantActions": f"{begin}/instantActions",
        "state": f"{begin}/state",
        "connection": f"{begin}/connection",
        "factsheet": f"{begin}/factsheet",
        "visualization": f"{begin}/visualization",
    }


def test_a_repeated_request_is_answered_alike() -> None:
    csr = signing_request()
    assert post(csr).body == post(csr).body


def test_a_robot_of_which_nothing_has_come_yet_is_asked_of_the_depot(iot: FakeIot) -> None:
    assert post(signing_request(), OTHER).status == 200
    assert len(iot.usable(OTHER)) == 1


def test_an_unknown_robot_gets_no_certificate(iot: FakeIot) -> None:
    answer = post(signing_request(), "robot-9")
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert iot.certificates == {}


def test_while_the_depot_does_not_answer_one_of_which_nothing_has_come_gets_none(
    registered: Runtime, iot: FakeIot
) -> None:
    registered.invoke = None
    assert post(signing_request(), OTHER).status == 503
    assert iot.certificates == {}


def test_a_retired_robot_gets_no_certificate(iot: FakeIot) -> None:
    retire(ROBOT)
    answer = post(signing_request())
    assert (answer.status, answer.body["message"]) == (409, "the robot is retired")
    assert iot.certificates == {}


def test_a_robot_that_is_retired_while_its_certificate_is_made_is_left_without_one(
    registered: Runtime, iot: FakeIot, identities: IotIdentities
) -> None:
    class Retiring(IotIdentities):
        def issue(self, bot_id: str, request: SigningRequest) -> str:
            retire(bot_id)
            certificates.revoke(bot_id)
            return super().issue(bot_id, request)

    registered.adapters["identities"] = Retiring(iot, "robots")  # type: ignore[arg-type]  # as far as it is needed
    assert post(signing_request()).status == 409
    assert (iot.things, iot.certificates) == (set(), {})


def test_a_robot_that_is_retired_while_a_request_for_its_certificate_fails_is_left_without_one(
    registered: Runtime, iot: FakeIot, identities: IotIdentities
) -> None:
    class Failing(IotIdentities):
        def issue(self, bot_id: str, request: SigningRequest) -> str:
            retire(bot_id)
            certificates.revoke(bot_id)
            super().issue(bot_id, request)
            raise UnavailableError("what is left to do is for another time")

    registered.adapters["identities"] = Failing(iot, "robots")  # type: ignore[arg-type]  # as far as it is needed
    assert post(signing_request()).status == 409
    assert (iot.things, iot.certificates) == (set(), {})


def test_what_a_request_left_whose_function_was_killed_is_revoked_by_the_next_request_for_a_retired_robot(
    iot: FakeIot, identities: IotIdentities
) -> None:
    retire(ROBOT)
    identities.issue(ROBOT, signing_requests.read(signing_request()))
    assert post(signing_request()).status == 409
    assert (iot.things, iot.certificates) == (set(), {})


def test_a_request_for_an_unknown_robot_touches_no_other_thing_of_the_account(iot: FakeIot) -> None:
    iot.create_thing(thingName="robot-9")
    assert post(signing_request(), "robot-9").status == 404
    assert iot.things == {"robot-9"}


@pytest.mark.parametrize(
    ("csr", "said"),
    [
        ("", "csr: one certificate signing request in PEM is required, as is made by: openssl req -new"),
        ("hello", "csr: one certificate signing request in PEM is required"),
        ("-----BEGIN EC PRIVATE KEY-----", "csr: this holds a private key, which must not leave the robot"),
        ("x" * 5_000, "csr: a certificate signing request has at most 4,096 characters"),
    ],
)
def test_what_is_no_signing_request_is_refused_with_what_to_do(csr: str, said: str, iot: FakeIot) -> None:
    answer = post(csr)
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert answer.body["message"].startswith(said)
    assert iot.things == set()


@pytest.mark.parametrize("body", [{}, {"csr": None}, {"csr": 7}, {"csr": [signing_request()]}])
def test_a_body_without_a_signing_request_is_refused(body: Any) -> None:
    path = f"/api/fleet/robots/{ROBOT}/certificate"
    assert jar_api.ask("POST", path, body, api=api, caller=CLERK).status == 400


@pytest.mark.parametrize("caller", [A_KIOSK, customer("ada"), robot(ROBOT)])
def test_staff_alone_issue_certificates(caller: Any, iot: FakeIot) -> None:
    assert post(signing_request(), caller=caller).status == 403
    assert iot.certificates == {}


def test_a_deployment_that_names_no_broker_issues_none_and_says_what_to_do(registered: Runtime, iot: FakeIot) -> None:
    registered.settings = {**registered.settings, "MALLBOTS_BROKER": ""}
    answer = post(signing_request())
    assert answer.status == 503
    assert "make deploy" in answer.body["message"]
    assert iot.certificates == {}


def test_a_registry_that_does_not_answer_is_asked_again_later(iot: FakeIot) -> None:
    iot.fails = lambda *_: True
    answer = post(signing_request())
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")


def test_who_is_retired_is_revoked(iot: FakeIot) -> None:
    post(signing_request())
    certificates.revoke(ROBOT)
    assert (iot.things, iot.certificates) == (set(), {})


def test_who_is_retired_while_aws_counts_its_certificates_as_attached_is_without_them_when_it_is_tried_again(
    iot: FakeIot,
) -> None:
    post(signing_request())
    iot.conflicts = 20
    with clock.fixed(lambda: NOW, lambda seconds: None), pytest.raises(UnavailableError):
        certificates.revoke(ROBOT)
    iot.conflicts = 0
    certificates.revoke(ROBOT)
    assert (iot.things, iot.certificates) == (set(), {})
    assert views.certificates(ROBOT) == []


def test_on_aws_a_robot_trusts_the_roots_of_amazon() -> None:
    roots = x509.load_pem_x509_certificates(certificates.connect().encode())
    names = [root.subject.rfc4514_string() for root in roots]
    assert names == [f"CN=Amazon Root CA {number},O=Amazon,C=US" for number in (1, 2, 3, 4)]
    assert all(root.issuer == root.subject for root in roots)
    assert min(root.not_valid_after_utc.year for root in roots) >= 2038


def test_the_floor_plan_has_each_place_and_each_way_once() -> None:
    answer = jar_api.ask("GET", "/api/fleet/floor", api=api, caller=CLERK).body
    floor = plan()
    assert {node["id"] for node in answer["nodes"]} == set(floor.nodes)
    assert {(e["from"], e["to"]) for e in answer["edges"]} | {(e["to"], e["from"]) for e in answer["edges"]} == set(
        floor.edges
    )
    assert len(answer["edges"]) * 2 == len(floor.edges)
    depot = next(node for node in answer["nodes"] if node["kind"] == "depot")
    assert (depot["x"], depot["y"]) == (floor.nodes[floor.depot].x, floor.nodes[floor.depot].y)
