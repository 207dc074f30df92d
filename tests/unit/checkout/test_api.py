"""The routes by which staff list, show and resume sagas."""

from collections.abc import Iterator
from threading import Barrier
from typing import Any

import pytest

from events.ordering import OrderApprovalAccepted, OrderCancelled, OrderCreated
from functions.checkout import service
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.domain.saga import UNDO_TRIES
from functions.kernel.runtime.clock import stamp
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.side_by_side import AT_ONCE, in_threads
from functions.kernel.runtime.views import Row
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, COMMANDS, UNDONE, UNDOS, bring_to

SAGAS = "/api/checkout/sagas"
SAGA = f"{SAGAS}/{ORDER}"
RESUME = f"{SAGA}/resume"
UNDO_ALL = [UNDONE[command] for command in UNDOS[1]]


def park(desk: Desk) -> None:
    bring_to(desk, 3)
    desk.deliver(OrderCancelled)
    desk.deliver(UNDONE["RejectOrder"])
    for _ in range(UNDO_TRIES):
        desk.times_out()


def seen(desk: Desk, path: str = SAGA) -> Any:
    status, body = desk.request("GET", path)
    assert status == 200, body
    return body


def standing(desk: Desk, path: str = SAGA) -> dict[str, Any]:
    """A saga without what it waits for, as a list shows it."""
    return {name: value for name, value in seen(desk, path)["saga"].items() if name != "awaited"}


def orders(desk: Desk, query: str = "") -> list[str]:
    return [saga["orderId"] for saga in seen(desk, SAGAS + query)["sagas"]]


def test_a_running_saga_shows_the_step_that_it_awaits(desk: Desk) -> None:
    bring_to(desk, 3)
    due = seen(desk)["saga"]["awaited"][0]["due"]
    assert seen(desk) == {
        "saga": {
            "orderId": ORDER,
            "status": "running",
            "step": 3,
            "compensating": False,
            "since": stamp(desk.now),
            "reason": "",
            "awaited": [{"command": "ConfirmPayment", "attempt": 1, "due": due}],
        }
    }


def test_a_saga_shows_the_commands_without_an_answer_with_their_tries(desk: Desk) -> None:
    bring_to(desk, 1)
    first = seen(desk)["saga"]["awaited"]
    assert [one["command"] for one in first] == ["AuthorizeCustomer", "CreateShoppingList", "ConfirmPayment"]
    desk.times_out()
    again = seen(desk)["saga"]["awaited"]
    assert [one["attempt"] for one in again] == [2, 2, 2]
    assert all(later["due"] > one["due"] for one, later in zip(first, again, strict=True))


def test_a_saga_that_compensates_awaits_its_undoing_and_one_that_ended_nothing(desk: Desk) -> None:
    park(desk)
    [awaited] = seen(desk)["saga"]["awaited"]
    assert (awaited["command"], awaited["attempt"]) == ("VoidPayment", 35)
    for message in (OrderCreated, OrderCancelled, *UNDO_ALL):
        desk.deliver(message, order_id="compensated")
    assert seen(desk, f"{SAGAS}/compensated")["saga"]["awaited"] == []


def test_a_saga_that_compensates_says_why(desk: Desk) -> None:
    bring_to(desk, 3)
    desk.deliver(OrderCancelled)
    saga = seen(desk)["saga"]
    assert (saga["status"], saga["step"], saga["compensating"]) == ("running", 0, True)
    assert saga["reason"] == "the order was cancelled"


def test_a_parked_saga_says_why_and_since_when(desk: Desk) -> None:
    park(desk)
    assert standing(desk) == {
        "orderId": ORDER,
        "status": "parked",
        "step": 3,
        "compensating": True,
        "since": stamp(desk.now),
        "reason": "VoidPayment has no answer after 35 tries",
    }


@pytest.mark.parametrize("method_and_path", [("GET", f"{SAGAS}/unknown"), ("PUT", f"{SAGAS}/unknown/resume")])
def test_an_unknown_saga_is_not_found(desk: Desk, method_and_path: tuple[str, str]) -> None:
    status, problem = desk.request(*method_and_path)
    assert (status, problem["code"]) == (404, "not_found")


def test_the_list_shows_each_saga_as_it_is_read_by_its_id(desk: Desk) -> None:
    park(desk)
    desk.deliver(OrderCreated, order_id="order-2")
    desk.deliver(ACCEPTED[0], order_id="order-2")
    desk.deliver(OrderCancelled, order_id="order-3")
    desk.times_out()
    listed = seen(desk, SAGAS)["sagas"]
    assert sorted(saga["orderId"] for saga in listed) == [ORDER, "order-2", "order-3"]
    for saga in listed:
        assert standing(desk, f"{SAGAS}/{saga['orderId']}") == saga


def test_the_list_can_be_of_one_status(desk: Desk) -> None:
    park(desk)
    desk.deliver(OrderCreated, order_id="running")
    desk.deliver(OrderCancelled, order_id="stopped")
    desk.deliver(OrderCreated, order_id="completed")
    for reply in ACCEPTED:
        desk.deliver(reply, order_id="completed")
    for message in (OrderCreated, OrderCancelled, *UNDO_ALL):
        desk.deliver(message, order_id="compensated")
    assert orders(desk, "?status=parked") == [ORDER]
    for status in ("running", "stopped", "compensated"):
        assert seen(desk, f"{SAGAS}?status={status}&limit=1").keys() == {"sagas"}
        assert orders(desk, f"?status={status}&limit=1") == [status]
    assert orders(desk, "?status=completed") == ["completed"]


def test_the_list_of_all_has_a_running_saga_once_a_step_has_waited_in_vain(desk: Desk) -> None:
    bring_to(desk, 2)
    assert (orders(desk), orders(desk, "?status=running")) == ([], [ORDER])
    desk.times_out()
    assert (orders(desk), orders(desk, "?status=running")) == ([ORDER], [ORDER])
    assert seen(desk, SAGAS)["sagas"] == [standing(desk)]


def test_a_page_of_completed_sagas_leaves_out_those_of_another_status(desk: Desk) -> None:
    for number in range(6):
        messages = (OrderCreated, *ACCEPTED) if number % 3 else (OrderCancelled,)
        for message in messages:
            desk.deliver(message, order_id=f"order-{number}")
    page = seen(desk, f"{SAGAS}?status=completed&limit=3")
    assert [saga["orderId"] for saga in page["sagas"]] == ["order-1", "order-2"]
    rest = seen(desk, f"{SAGAS}?status=completed&limit=3&next={page['next']}")
    assert [saga["orderId"] for saga in rest["sagas"]] == ["order-4", "order-5"]


def test_a_parked_saga_that_was_resumed_is_listed_as_running_at_once(desk: Desk) -> None:
    park(desk)
    desk.request("PUT", RESUME)
    assert (orders(desk, "?status=parked"), orders(desk, "?status=running")) == ([], [ORDER])
    assert seen(desk, SAGAS)["sagas"] == [standing(desk)]


def test_a_parked_saga_that_gets_an_answer_is_listed_as_running_at_once(desk: Desk) -> None:
    park(desk)
    desk.deliver(UNDONE["VoidPayment"])
    assert (orders(desk, "?status=parked"), orders(desk, "?status=running")) == ([], [ORDER])
    assert seen(desk, SAGAS)["sagas"] == [standing(desk)]


def test_a_row_of_newer_code_is_read_too(desk: Desk) -> None:
    park(desk)
    views = desk.runtime.views
    row = views.get("sagas", ORDER)
    newer = Row("sagas", "newer", {**(row or {}), "mood": "low"}, {"sagas": ("sagas", "parked#2000#newer")})
    views.put(newer, version=1)
    assert len(orders(desk, "?status=parked")) == 2


def test_the_running_sagas_of_a_page_of_100_are_read_25_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = []
    for number in range(100):
        expected.append(f"order-{number:03}")
        desk.deliver(OrderCreated, order_id=expected[-1])
    read, all_at_once = desk.store.backwards, Barrier(AT_ONCE, timeout=10)

    def backwards(stream: str, page: int) -> Iterator[Commit]:
        all_at_once.wait()  # passes only when 25 reads are under way
        return read(stream, page)

    monkeypatch.setattr(desk.runtime, "side_by_side", in_threads)
    monkeypatch.setattr(desk.store, "backwards", backwards)
    assert sorted(orders(desk, "?status=running&limit=100")) == expected


def test_a_list_of_which_a_saga_cannot_be_read_is_unavailable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.deliver(OrderCreated, order_id="order-1")
    desk.deliver(OrderCreated, order_id="order-2")
    read = desk.store.backwards

    def backwards(stream: str, page: int) -> Iterator[Commit]:
        if stream.endswith("order-2"):
            raise UnavailableError("DynamoDB throttles")
        return read(stream, page)

    monkeypatch.setattr(desk.store, "backwards", backwards)
    assert desk.request("GET", f"{SAGAS}?status=running")[0] == 503


def test_a_saga_leaves_the_list_of_a_status_when_it_gets_another(desk: Desk) -> None:
    bring_to(desk, 5)
    assert orders(desk, "?status=running") == [ORDER]
    desk.deliver(OrderApprovalAccepted)
    assert orders(desk, "?status=running") == []
    assert orders(desk, "?status=completed") == [ORDER]


def test_a_saga_whose_row_has_not_followed_yet_is_not_listed_under_its_old_status(desk: Desk) -> None:
    bring_to(desk, 5)
    with desk.at_work():
        service.answer(ORDER, "OrderApprovalAccepted")
    # the commit is not relayed yet
    assert orders(desk, "?status=running") == []


def test_the_newest_of_one_status_come_first_and_the_next_page_goes_on(desk: Desk) -> None:
    for number in range(5):
        desk.deliver(OrderCreated, order_id=f"order-{number}")
        desk.wait(1)
    first = seen(desk, f"{SAGAS}?status=running&limit=3")
    second = seen(desk, f"{SAGAS}?status=running&limit=3&next={first['next']}")
    found = [[saga["orderId"] for saga in page["sagas"]] for page in (first, second)]
    assert found == [["order-4", "order-3", "order-2"], ["order-1", "order-0"]]
    assert "next" not in second


def test_sagas_that_all_get_another_status_between_pages_are_each_listed_once(desk: Desk) -> None:
    for number in range(7):
        desk.deliver(OrderCreated, order_id=f"order-{number}")
        desk.times_out()
    page = seen(desk, f"{SAGAS}?limit=3")
    listed = [saga["orderId"] for saga in page["sagas"]]
    for number in range(7):
        for message in (OrderCancelled, *UNDO_ALL) if number % 2 else ACCEPTED:
            desk.deliver(message, order_id=f"order-{number}")
    rest = seen(desk, f"{SAGAS}?limit=9&next={page['next']}")
    listed += [saga["orderId"] for saga in rest["sagas"]]
    assert sorted(listed) == [f"order-{number}" for number in range(7)]
    assert {saga["status"] for saga in rest["sagas"]} == {"completed", "compensated"}


@pytest.mark.parametrize("query", ["status=asleep", "status=", "limit=0", "limit=101", "limit=many", "next=forged"])
def test_a_malformed_query_is_a_bad_request(desk: Desk, query: str) -> None:
    status, problem = desk.request("GET", f"{SAGAS}?{query}")
    assert (status, problem["code"]) == (400, "invalid")


def test_the_next_of_another_list_is_a_bad_request(desk: Desk) -> None:
    for number in range(3):
        desk.deliver(OrderCreated, order_id=f"order-{number}")
    following = seen(desk, f"{SAGAS}?status=running&limit=1")["next"]
    assert desk.request("GET", f"{SAGAS}?limit=1&next={following}")[0] == 400


def test_a_parked_saga_can_be_resumed_and_shows_it_at_once(desk: Desk) -> None:
    park(desk)
    assert desk.request("PUT", RESUME) == (200, {})
    saga = seen(desk)["saga"]
    assert (saga["status"], saga["reason"], saga["step"]) == ("running", "the order was cancelled", 3)
    assert orders(desk, "?status=parked") == []
    assert desk.commands[-2:] == ["VoidPayment", "VoidPayment"]


def test_a_running_saga_whose_try_is_past_its_timeout_can_be_resumed(desk: Desk) -> None:
    bring_to(desk, 2)
    desk.wait(59)
    assert desk.request("PUT", RESUME)[0] == 409
    desk.wait(2)
    assert desk.request("PUT", RESUME) == (200, {})
    assert desk.commands == [*COMMANDS[:3], "CreateShoppingList", "ConfirmPayment"]
    assert desk.request("PUT", RESUME)[0] == 409


def test_a_saga_that_is_not_parked_cannot_be_resumed(desk: Desk) -> None:
    bring_to(desk, 2)
    status, problem = desk.request("PUT", RESUME)
    assert (status, problem["detail"]) == (409, "the create order saga is running")
    assert desk.commands == COMMANDS[:3]


def test_a_resumption_that_is_asked_for_twice_with_one_key_is_made_once(desk: Desk) -> None:
    park(desk)
    sent = len(desk.commands)
    for _ in range(2):
        assert desk.request("PUT", RESUME, {"idempotency-key": "key-1"}) == (200, {})
    assert len(desk.commands) == sent + 1


def test_a_stale_resumption_is_refused(desk: Desk) -> None:
    park(desk)
    assert desk.request("PUT", RESUME, {"if-match": '"3"'})[0] == 412
    assert desk.saga.status == "parked"
