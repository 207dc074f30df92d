"""What a robot sees and changes: itself, and the list that is assigned to it or that it completed."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.depot import service, views
from functions.kernel.runtime.context import Caller
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer
from tests.support.callers import robot as as_robot
from tests.support.gateway import Response
from tests.unit.depot.floor import Floor, robot, status

LIST = "/shopping/order-1"
PICK = {"assignment": 1, "storeId": "bakery", "productId": "roll", "quantity": 1}
STEPS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PUT", "/start", {"assignment": 1}),
    ("PUT", "/pick", PICK),
    ("PUT", "/complete", {"assignment": 1}),
]
HEADERS: list[Mapping[str, str]] = [{}, {"If-Match": '"999"'}, {"If-None-Match": "*"}, {"Idempotency-Key": "a key"}]
STAFF_ONLY: list[tuple[str, str, Any]] = [
    ("POST", "/shopping", {"orderId": "order-9", "items": [{"storeId": "b", "productId": "bread", "quantity": 1}]}),
    ("POST", LIST, None),
    ("PUT", f"{LIST}/initiate", None),
    ("PUT", f"{LIST}/assign", {"botId": "ajax"}),
    ("POST", "/bots", {"name": "Io"}),
    ("GET", "/bots", None),
]


def answers(floor: Floor, who: Caller, list_id: str = "order-1") -> list[Response]:
    """The answers to all steps with a list, with all headers."""
    return [
        floor.request(method, f"/shopping/{list_id}{step}", body, headers, who)
        for method, step, body in STEPS
        for headers in HEADERS
    ]


def is_not_there(floor: Floor, who: Caller, list_id: str = "order-1") -> None:
    """Every step is answered as for a list that does not exist, and changes nothing: no robot was heard either."""
    before, heard = len(floor.store.log), dict(floor.views.items)
    for answer in answers(floor, who, list_id):
        assert (answer.status, answer.body["detail"]) == (404, f"there is no shopping list {list_id}")
        assert "ETag" not in answer.headers
    assert (len(floor.store.log), floor.views.items) == (before, heard)


def test_a_robot_collects_its_own_list(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    for method, step, body in STEPS:
        assert floor.request(method, LIST + step, body, None, as_robot(bot_id)).status == 200
    assert status() == ("completed", bot_id)
    assert floor.request("GET", LIST, None, None, as_robot(bot_id)).body["list"]["status"] == "completed"
    assert [commit.actor for commit in service.lists.history("order-1")][-3:] == [f"bot:{bot_id}"] * 3


def test_anothers_list_is_not_there(floor: Floor) -> None:
    floor.active()
    is_not_there(floor, as_robot(floor.idle("Hector")))
    is_not_there(floor, as_robot(floor.idle("Io")), "unknown")


def test_a_list_of_nobody_is_not_there(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.listed("order-1")
    is_not_there(floor, as_robot(bot_id))
    floor.available("order-2")
    is_not_there(floor, as_robot(bot_id), "order-2")


@pytest.mark.parametrize("ends", ["given back", "cancelled", "assigned to another", "completed by another"])
def test_a_list_that_is_its_own_no_more_is_not_there(floor: Floor, ends: str) -> None:
    _, bot_id = floor.active()
    if ends == "cancelled":
        service.cancel("order-1")
    else:
        service.take_offline(bot_id)
    if "another" in ends:
        service.assign("order-1", floor.idle("Hector"))
    if ends == "completed by another":
        service.complete("order-1", None, 2)
    is_not_there(floor, as_robot(bot_id))


def test_a_robots_own_list_under_another_assignment_is_refused(floor: Floor) -> None:
    _, bot_id = floor.active()
    for _, step, body in STEPS[1:]:
        answer = floor.request("PUT", LIST + step, {**body, "assignment": 7}, None, as_robot(bot_id))
        assert (answer.status, answer.body["detail"]) == (409, "this is not assignment 7 of the shopping list any more")


def test_a_step_that_is_repeated_under_its_key_is_answered_again_though_the_list_is_anothers(floor: Floor) -> None:
    _, bot_id = floor.active()
    key = {"Idempotency-Key": "once"}
    first = floor.request("PUT", f"{LIST}/pick", PICK, key, as_robot(bot_id))
    service.take_offline(bot_id)
    service.assign("order-1", floor.idle("Hector"))
    before = len(floor.store.log)
    again = floor.request("PUT", f"{LIST}/pick", PICK, key, as_robot(bot_id))
    assert (again.status, again.headers["ETag"]) == (first.status, first.headers["ETag"])
    assert len(floor.store.log) == before


def test_a_robot_lists_its_own_list_alone(floor: Floor) -> None:
    _, ajax = floor.active("order-1")
    floor.assigned("order-2")
    io = floor.idle("Io")
    floor.listed("order-3")
    floor.settle()

    def listed(who: Caller, query: str = "") -> list[str]:
        answer = floor.request("GET", f"/shopping{query}", None, None, who)
        assert "next" not in answer.body
        return sorted(found["id"] for found in answer.body["lists"])

    assert listed(CLERK) == ["order-1", "order-2", "order-3"]
    for query in ("", "?status=active", "?limit=1"):
        assert listed(as_robot(ajax), query) == ["order-1"]
    for query in ("?status=assigned", "?status=available", "?status=completed"):
        assert listed(as_robot(ajax), query) == []
    assert listed(as_robot(io)) == [] == listed(as_robot("unknown"))
    service.complete("order-1", None, 1)
    assert listed(as_robot(ajax)) == []


def test_a_robot_comes_and_goes_by_itself(floor: Floor) -> None:
    ajax, _ = service.register_bot("Ajax")
    for step, expected in (("online", "idle"), ("offline", "offline")):
        assert floor.request("PUT", f"/bots/{ajax}/{step}", None, None, as_robot(ajax)).status == 200
        assert robot(ajax) == (expected, None)


@pytest.mark.parametrize("step", ["online", "offline"])
def test_another_robot_is_not_there(floor: Floor, step: str) -> None:
    _, ajax = floor.active()
    before, heard = len(floor.store.log), views.last_heartbeat(ajax)
    floor.now = floor.now.replace(minute=5)
    for bot_id in (ajax, "unknown"):
        for headers in HEADERS:
            answer = floor.request("PUT", f"/bots/{bot_id}/{step}", None, headers, as_robot("io"))
            assert (answer.status, answer.body["detail"]) == (404, f"there is no bot {bot_id}")
    assert (len(floor.store.log), views.last_heartbeat(ajax), robot(ajax)) == (before, heard, ("active", "order-1"))


def test_a_robot_that_leaves_gives_its_list_back(floor: Floor) -> None:
    _, ajax = floor.active()
    assert floor.request("PUT", f"/bots/{ajax}/offline", None, None, as_robot(ajax)).status == 200
    assert (status(), robot(ajax)) == (("available", None), ("offline", None))


@pytest.mark.parametrize("who", [CLERK, OPERATOR_ON_CALL])
def test_staff_see_and_change_every_list_and_robot(floor: Floor, who: Caller) -> None:
    _, ajax = floor.assigned()
    for method, step, body in STEPS[:3]:
        assert floor.request(method, LIST + step, body, None, who).status == 200
    assert floor.request("PUT", f"{LIST}/complete", {}, None, who).status == 200
    for step in ("offline", "online"):
        assert floor.request("PUT", f"/bots/{ajax}/{step}", None, None, who).status == 200


@pytest.mark.parametrize(("method", "path", "body"), STAFF_ONLY, ids=[f"{m} {path}" for m, path, _ in STAFF_ONLY])
def test_a_robot_does_nothing_that_is_staffs(floor: Floor, method: str, path: str, body: Any) -> None:
    _, ajax = floor.assigned()
    before = len(floor.store.log)
    assert floor.request(method, path, body, None, as_robot(ajax)).status == 403
    assert len(floor.store.log) == before


@pytest.mark.parametrize("who", [customer("ada"), A_KIOSK, NOBODY])
def test_the_depot_is_not_for_customers_kiosks_and_nobody(floor: Floor, who: Caller) -> None:
    _, ajax = floor.assigned()
    before, expected = len(floor.store.log), 403 if who.role else 401
    assert {answer.status for answer in answers(floor, who)} == {expected}
    for method, path, body in [*STAFF_ONLY, ("GET", "/shopping", None), ("PUT", f"/bots/{ajax}/online", None)]:
        assert floor.request(method, path, body, None, who).status == expected
    assert len(floor.store.log) == before
