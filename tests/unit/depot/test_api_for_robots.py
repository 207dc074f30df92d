"""The steps of robots over the API, and their registration."""

from typing import Any

import pytest

from events.depot import ShoppingListItemPicked
from functions.depot import service
from functions.depot.api import Completion, complete_list
from functions.kernel.domain.errors import InvalidError
from functions.kernel.runtime.context import Context, within
from tests.support.callers import robot as robot_caller
from tests.unit.depot.floor import Floor, robot, status

LIST = "/shopping/order-1"
ROLL = {"storeId": "bakery", "productId": "roll", "quantity": 1}
PICK = {"assignment": 1, **ROLL}


def test_a_robot_starts_picks_and_completes_by_its_assignment(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    for _ in range(2):
        assert floor.request("PUT", f"{LIST}/start", {"assignment": 1}).status == 200
        assert floor.request("PUT", f"{LIST}/pick", PICK).status == 200
    assert floor.request("GET", LIST).body["list"]["stops"][0]["items"][1]["picked"] == 1
    assert floor.request("PUT", f"{LIST}/pick", PICK | {"quantity": 0}).status == 200
    answer = floor.request("PUT", f"{LIST}/complete", {"assignment": 1})
    assert (answer.status, answer.headers["ETag"]) == (200, f'"{service.shopping_list("order-1").version}"')
    assert (status(), robot(bot_id)) == (("completed", bot_id), ("idle", None))
    assert floor.request("PUT", f"{LIST}/complete", {"assignment": 1}).status == 409


@pytest.mark.parametrize(
    ("step", "body", "code"),
    [
        ("start", {}, 400),
        ("start", {"assignment": "1"}, 400),
        ("start", {"assignment": None}, 400),
        ("start", {"assignment": 2}, 409),
        ("pick", {n: v for n, v in PICK.items() if n != "assignment"}, 400),
        ("pick", PICK | {"assignment": 2}, 409),
        ("pick", PICK | {"quantity": 4}, 400),
        ("pick", PICK | {"quantity": -1}, 400),
        ("pick", PICK | {"quantity": 1.5}, 400),
        ("pick", PICK | {"productId": "cake"}, 404),
        ("pickItems", {"items": [ROLL]}, 400),
        ("pickItems", {"assignment": 1}, 400),
        ("pickItems", {"assignment": 1, "items": []}, 400),
        ("pickItems", {"assignment": 1, "items": [ROLL, ROLL]}, 400),
        ("pickItems", {"assignment": 1, "items": 101 * [ROLL]}, 400),
        ("pickItems", {"assignment": 1, "items": [ROLL, ROLL | {"productId": "bread", "quantity": 999}]}, 400),
        ("pickItems", {"assignment": 1, "items": [ROLL, ROLL | {"productId": "cake"}]}, 404),
        ("pickItems", {"assignment": 2, "items": [ROLL]}, 409),
        ("complete", {"assignment": 2}, 409),
        ("complete", {"shortages": [{"storeId": "bakery", "productId": "roll", "quantity": 4}]}, 400),
        ("complete", {"shortages": [{"storeId": "bakery", "productId": "roll", "quantity": 0}]}, 400),
        ("complete", {"shortages": [{"storeId": "bakery", "productId": "roll"}]}, 400),
    ],
)
def test_a_wrong_step_of_a_robot_is_refused_and_changes_nothing(
    floor: Floor, step: str, body: dict[str, Any], code: int
) -> None:
    floor.active()
    before = service.shopping_list("order-1")
    assert floor.request("PUT", f"{LIST}/{step}", body).status == code
    assert floor.request("PUT", f"/shopping/unknown/{step}", body).status in (400, 404)
    assert service.shopping_list("order-1") == before


def test_a_robot_picks_several_items_in_one_commit_of_which_one_message_follows(floor: Floor) -> None:
    floor.active()
    before = len(floor.published)
    items = [ROLL | {"productId": "bread"}, ROLL | {"quantity": 3}]
    for _ in range(2):
        assert floor.request("PUT", f"{LIST}/pickItems", {"assignment": 1, "items": items}).status == 200
    [stop, *_] = floor.request("GET", LIST).body["list"]["stops"]
    assert {item["productId"]: item["picked"] for item in stop["items"]} == {"bread": 1, "roll": 3}
    [message] = floor.published[before:]
    assert isinstance(message, ShoppingListItemPicked)
    assert [(item.product_id, item.picked) for item in message.stops[0].items] == [("bread", 1), ("roll", 3)]


def test_staff_complete_without_an_assignment_and_report_shortages(floor: Floor) -> None:
    floor.assigned()
    short = {"storeId": "bakery", "productId": "roll", "quantity": 2}
    assert floor.request("PUT", f"{LIST}/complete", {"shortages": [short]}).status == 200
    (completed,) = [m for m in floor.published if type(m).about.name == "ShoppingListCompleted"]
    assert completed.model_dump(mode="json")["shortages"] == [
        {"store_id": "bakery", "product_id": "roll", "quantity": 2}
    ]


def test_an_empty_body_completes_with_all_found_from_assigned(floor: Floor) -> None:
    floor.assigned()
    assert floor.request("PUT", f"{LIST}/complete").status == 200
    items = [i for stop in floor.request("GET", LIST).body["list"]["stops"] for i in stop["items"]]
    assert items
    assert all(item["picked"] == item["quantity"] for item in items)


def test_a_robot_that_completes_must_name_its_assignment(floor: Floor) -> None:
    _, ajax = floor.assigned()
    with (
        within(Context(caller=robot_caller(ajax))),
        pytest.raises(InvalidError, match="assignment: this field is missing"),
    ):
        complete_list("order-1", Completion())
    assert status()[0] == "assigned"
    with within(Context(caller=robot_caller(ajax))):
        complete_list("order-1", Completion(assignment=1))
    assert status()[0] == "completed"


def test_a_robot_does_not_exist_when_it_was_registered_while_no_key_signs_tokens(floor: Floor) -> None:
    keys, once = floor.runtime.token_keys, {"Idempotency-Key": "once"}
    floor.runtime.token_keys = lambda: "no key yet"
    refused = floor.request("POST", "/bots", {"name": "Ajax"}, once)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "60")
    floor.settle()
    assert floor.published == []
    floor.runtime.token_keys = keys
    answer = floor.request("POST", "/bots", {"name": "Ajax"}, once)
    assert answer.status == 200
    assert answer.body["token"]
    floor.settle()
    assert [type(message).about.name for message in floor.published] == ["BotRegistered"]


def test_a_robot_is_registered_with_a_token_of_its_own(floor: Floor) -> None:
    first, second = (floor.request("POST", "/bots", {"name": name}).body for name in ("Ajax", "Hector"))
    assert first.keys() == {"id", "token"}
    assert first["token"] != second["token"]
    assert floor.request("POST", "/bots", {"name": "  "}).body["message"] == "the bot name cannot be blank"
    assert floor.request("POST", "/bots", {}).status == 400
    floor.settle()
    bots = floor.request("GET", "/bots").body["bots"]
    assert sorted(bot["name"] for bot in bots) == ["Ajax", "Hector"]
    assert {"id": first["id"], "name": "Ajax", "status": "offline"} in bots


def test_a_robot_goes_online_and_offline(floor: Floor) -> None:
    bot_id = floor.request("POST", "/bots", {"name": "Ajax"}).body["id"]
    for direction, expected in (("online", "idle"), ("offline", "offline"), ("online", "idle")):
        assert [floor.request("PUT", f"/bots/{bot_id}/{direction}").status for _ in range(2)] == [200, 200]
        floor.settle()
        assert floor.request("GET", "/bots").body["bots"][0]["status"] == expected
        assert floor.request("PUT", f"/bots/unknown/{direction}").status == 404


def test_a_robot_that_goes_offline_gives_its_list_back(floor: Floor) -> None:
    _, bot_id = floor.active()
    assert floor.request("PUT", f"/bots/{bot_id}/offline").status == 200
    assert floor.request("GET", LIST).body["list"]["status"] == "available"
    late = floor.request("PUT", f"{LIST}/pick", PICK)
    assert (late.status, late.body["message"]) == (409, "the shopping list is available")


def test_a_change_with_a_stale_version_is_refused(floor: Floor) -> None:
    floor.active()
    assert floor.request("PUT", f"{LIST}/complete", {}, {"If-Match": '"2"'}).status == 412
    assert status()[0] == "active"
