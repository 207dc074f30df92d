"""The REST routes of the depot."""

from typing import Any

import pytest

from functions.depot import service, views
from functions.kernel.runtime.views import Row
from tests.unit.depot.floor import Floor, robot, status

ITEMS: list[dict[str, Any]] = [
    {"storeId": "bakery", "productId": "bread", "quantity": 2},
    {"storeId": "bakery", "productId": "roll", "quantity": 3, "productName": "Sunday roll"},
]
NEW_LIST = {"orderId": "order-9", "items": ITEMS}
LIST = "/shopping/order-1"


def ids_of(page: Any) -> list[str]:
    return [shopping_list["id"] for shopping_list in page["lists"]]


def test_a_list_that_staff_create_has_an_id_of_its_own_and_waits_to_be_initiated(floor: Floor) -> None:
    list_id = floor.request("POST", "/shopping", NEW_LIST).body["id"]
    assert list_id != "order-9"
    answer = floor.request("GET", f"/shopping/{list_id}")
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert answer.body == {
        "list": {
            "id": list_id,
            "orderId": "order-9",
            "status": "pending",
            "botId": None,
            "assignment": 0,
            "stops": [
                {
                    "storeId": "bakery",
                    "storeName": "Corner Bakery",
                    "location": "Floor 6",
                    "items": [
                        {"productId": "bread", "name": "Rye bread", "quantity": 2, "picked": 0},
                        {"productId": "roll", "name": "Sunday roll", "quantity": 3, "picked": 0},
                    ],
                }
            ],
        }
    }
    assert floor.request("PUT", f"/shopping/{list_id}/initiate").status == 200
    assert status(list_id) == ("available", None)


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        ({"orderId": "order-9", "items": []}, 400, "the shopping list has no items"),
        ({"orderId": "order-9"}, 400, "the shopping list has no items"),
        ({"items": ITEMS}, 400, "the order id cannot be blank"),
        ({"orderId": "order-9", "items": [ITEMS[0] | {"quantity": 0}]}, 400, "the item quantity cannot be zero"),
        ({"orderId": "order-9", "items": [ITEMS[0] | {"quantity": -1}]}, 400, "the item quantity cannot be negative"),
        (
            {"orderId": "order-9", "items": [ITEMS[0] | {"quantity": 1000}]},
            400,
            "items[0].quantity: must be at most 999",
        ),
        (
            {"orderId": "order-9", "items": [ITEMS[0] | {"quantity": 999}] * 2},
            400,
            "a shopping list holds at most 999 of one product",
        ),
        ({"orderId": "order-9", "items": ITEMS * 51}, 400, "items: must have at most 100 entries"),
        (
            {"orderId": "order-9", "items": [ITEMS[0] | {"productId": None}]},
            400,
            "the store id and the product id cannot be blank",
        ),
        ({"orderId": "order-9", "items": [ITEMS[0] | {"productId": "cake"}]}, 404, "product was not located"),
    ],
)
def test_a_list_that_breaks_a_rule_is_refused_with_the_reason(
    floor: Floor, body: dict[str, Any], code: int, why: str
) -> None:
    answer = floor.request("POST", "/shopping", body)
    assert (answer.status, answer.body["message"]) == (code, why)
    assert floor.published == []


def test_one_idempotency_key_makes_one_list_and_one_robot(floor: Floor) -> None:
    key = {"Idempotency-Key": "once"}
    lists = [floor.request("POST", "/shopping", NEW_LIST, key) for _ in range(2)]
    bots = [floor.request("POST", "/bots", {"name": "Ajax"}, {"Idempotency-Key": "too"}) for _ in range(2)]
    assert lists[0].body == lists[1].body
    assert bots[0].body == bots[1].body
    assert [type(message).about.name for message in floor.published] == ["ShoppingListCreated", "BotRegistered"]
    assert floor.request("POST", "/shopping", NEW_LIST | {"orderId": "another"}, key).status == 422


def test_lists_are_listed_by_status_the_one_that_has_had_it_longest_first(floor: Floor) -> None:
    for n in range(5):
        floor.listed(f"order-{n}")
        floor.pass_time(1)
    service.initiate("order-3")
    floor.pass_time(1)
    service.initiate("order-1")
    service.cancel("order-4")
    floor.settle()
    assert sorted(ids_of(floor.request("GET", "/shopping").body)) == [f"order-{n}" for n in range(5)]
    assert ids_of(floor.request("GET", "/shopping?status=available").body) == ["order-3", "order-1"]
    assert ids_of(floor.request("GET", "/shopping?status=pending").body) == ["order-0", "order-2"]
    assert ids_of(floor.request("GET", "/shopping?status=active").body) == []
    (cancelled,) = floor.request("GET", "/shopping?status=cancelled").body["lists"]
    assert cancelled == floor.request("GET", "/shopping/order-4").body["list"]


def at_work(floor: Floor, count: int = 3) -> list[str]:
    """Lists that their robots have started to collect, in the order in which they are listed: that of their robots."""
    found = []
    for n in range(count):
        bot_id = floor.idle(f"Robot {n}")
        service.assign(floor.available(f"order-{n}"), bot_id)
        service.start(f"order-{n}", 1)
        found.append((bot_id, f"order-{n}"))
    return [list_id for _, list_id in sorted(found)]


@pytest.mark.parametrize("path", ["/shopping", "/shopping?status=active"])
def test_the_list_of_lists_shows_what_is_picked_of_each_at_once(floor: Floor, path: str) -> None:
    at_work(floor)
    floor.settle()
    service.pick("order-1", 1, "bakery", "roll", 2)
    shown = {found["id"]: found for found in floor.request("GET", path).body["lists"]}
    assert shown == {id: floor.request("GET", f"/shopping/{id}").body["list"] for id in shown}
    picked = {id: [i["picked"] for stop in one["stops"] for i in stop["items"]] for id, one in shown.items()}
    assert picked == {"order-0": [0, 0, 0], "order-1": [0, 2, 0], "order-2": [0, 0, 0]}


def test_lists_at_work_are_listed_by_their_robots_and_leave_the_list_of_their_status_with_it(floor: Floor) -> None:
    listed = at_work(floor)
    floor.idle("Asleep")
    floor.settle()
    assert ids_of(floor.request("GET", "/shopping?status=active").body) == listed
    service.assign(floor.available("order-3"), next(bot for bot in floor.alive if robot(bot)[0] == "idle"))
    service.complete(listed[0], None, 1)
    assert ids_of(floor.request("GET", "/shopping?status=active").body) == listed[1:]  # before an event is heard
    floor.settle()
    service.cancel(listed[1])
    floor.settle()
    assert {
        status: sorted(ids_of(floor.request("GET", f"/shopping?status={status}").body))
        for status in ("assigned", "active", "completed", "cancelled")
    } == {"assigned": ["order-3"], "active": listed[2:], "completed": listed[:1], "cancelled": listed[1:2]}


def test_a_list_that_is_given_back_waits_again_in_the_list_of_those_available(floor: Floor) -> None:
    floor.active("order-0")
    service.pick("order-0", 1, "bakery", "roll", 2)
    (bot_id,) = floor.alive
    service.take_offline(bot_id)
    floor.settle()
    (found,) = floor.request("GET", "/shopping?status=available").body["lists"]
    assert found == floor.request("GET", "/shopping/order-0").body["list"]
    assert ids_of(floor.request("GET", "/shopping?status=active").body) == []


@pytest.mark.parametrize("status", ["assigned", "active", "completed"])
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_of_a_status_that_is_not_indexed_may_be_short_and_lack_nothing(
    floor: Floor, status: str, limit: int
) -> None:
    wanted = at_work(floor, 5)
    floor.listed("order-8")
    floor.available("order-9")
    for list_id in wanted[:2]:
        service.complete(list_id, None, 1)
    floor.settle()
    found: list[str] = []
    path = f"/shopping?status={status}&limit={limit}"
    page = floor.request("GET", path).body
    while "next" in page:
        found += ids_of(page)
        page = floor.request("GET", f"{path}&next={page['next']}").body
    found += ids_of(page)
    assert found == {"assigned": ["order-9"], "active": wanted[2:], "completed": sorted(wanted[:2])}[status]


def test_a_row_of_earlier_code_shows_its_list_as_it_is_now(floor: Floor) -> None:
    """That code wrote a row, and an entry of the index, at each start and pick."""
    floor.active("order-0")
    floor.settle()
    row = {**(views.read("lists", "order-0") or {}), "status": "active"}
    floor.views.put(Row("lists", "order-0", row, {"by_status": ("lists active", row["since"])}), 9)
    service.pick("order-0", 1, "bakery", "roll", 2)
    for path in ("/shopping", "/shopping?status=active"):
        (found,) = floor.request("GET", path).body["lists"]
        assert found == floor.request("GET", "/shopping/order-0").body["list"]
    assert floor.request("GET", "/shopping?status=assigned").body["lists"] == []


def test_lists_and_robots_come_in_pages(floor: Floor) -> None:
    expected = sorted(floor.available(f"order-{n}") for n in range(5))
    bots = sorted(service.register_bot(f"Robot {n}")[0] for n in range(3))
    floor.settle()
    for path in ("/shopping?limit=2", "/shopping?status=available&limit=2"):
        found: list[str] = []
        following: Any = ""
        while following is not None:
            page = floor.request("GET", path + (f"&next={following}" if following else "")).body
            assert len(page["lists"]) <= 2
            found += ids_of(page)
            following = page.get("next")
        assert sorted(found) == expected
    first = floor.request("GET", "/bots?limit=2").body
    last = floor.request("GET", f"/bots?limit=2&next={first['next']}").body
    assert [bot["id"] for bot in [*first["bots"], *last["bots"]]] == bots
    assert "next" not in last
    assert floor.request("GET", f"/shopping?next={first['next']}").status == 400


@pytest.mark.parametrize("query", ["status=lost", "status=", "limit=0", "limit=101", "limit=x", "next=forged"])
def test_a_malformed_query_is_a_bad_request(floor: Floor, query: str) -> None:
    assert floor.request("GET", f"/shopping?{query}").status == 400


def test_a_list_is_cancelled_by_staff_once_or_twice_but_not_when_it_is_unknown_or_completed(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    assert [floor.request("POST", LIST).status for _ in range(2)] == [200, 200]
    assert (status(), robot(bot_id)) == (("cancelled", None), ("idle", None))
    assert floor.request("POST", "/shopping/unknown").status == 404
    list_id = floor.available("order-2")
    service.assign(list_id, bot_id)
    service.complete(list_id, None, None)
    answer = floor.request("POST", "/shopping/order-2")
    assert (answer.status, answer.body["message"]) == (409, "the shopping list is completed")


def test_staff_initiate_only_lists_that_staff_created(floor: Floor) -> None:
    floor.listed()
    answer = floor.request("PUT", f"{LIST}/initiate")
    assert (answer.status, answer.body["message"]) == (409, "the shopping list waits for its order's checkout")
    assert floor.request("PUT", "/shopping/unknown/initiate").status == 404


def test_staff_assign_an_available_list_to_an_idle_robot(floor: Floor) -> None:
    floor.available()
    bot_id, (asleep, _) = floor.idle(), service.register_bot("Hector")
    assert floor.request("PUT", f"{LIST}/assign", {"botId": "unknown"}).status == 404
    assert floor.request("PUT", "/shopping/unknown/assign", {"botId": bot_id}).status == 404
    assert floor.request("PUT", f"{LIST}/assign").status == 400
    refused = floor.request("PUT", f"{LIST}/assign", {"botId": asleep})
    assert (refused.status, refused.body["message"]) == (409, "the bot is offline")
    answer = floor.request("PUT", f"{LIST}/assign", {"botId": bot_id}, {"If-Match": '"2"'})
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, {}, '"3"')
    again = floor.request("PUT", f"{LIST}/assign", {"botId": bot_id})
    assert (again.status, again.body["message"]) == (409, "the shopping list is assigned")
    assert floor.request("GET", LIST).body["list"]["botId"] == bot_id
