"""The saga's commands to the depot, and ends of orders: always answered, with one effect, in any order."""

from typing import Any

import pytest

from events.checkout import CancelShoppingList, CreateShoppingList, InitiateShopping
from events.depot import (
    ShoppingInitiated,
    ShoppingListAccepted,
    ShoppingListCancellationAccepted,
    ShoppingListRefused,
    ShoppingRefused,
)
from events.ordering import OrderCancelled, OrderRejected
from events.registry import Message
from events.shapes import LineItem
from functions.depot import service
from functions.depot.inbox import inbox
from functions.depot.stops import Item, Stop
from functions.kernel.domain.errors import NotFoundError
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor, robot, status

BREAD = LineItem(
    store_id="bakery", product_id="bread", store_name="Bakery", product_name="Rye bread", price=450, quantity=2
)
CREATE = CreateShoppingList(order_id="order-1", items=(BREAD, BREAD.model_copy(update={"quantity": 1})))
INITIATE = InitiateShopping(order_id="order-1")
CANCEL = CancelShoppingList(order_id="order-1")

ACCEPTED = ShoppingListAccepted(order_id="order-1")
INITIATED = ShoppingInitiated(order_id="order-1")
CANCELLED = ShoppingListCancellationAccepted(order_id="order-1")

ORDER: dict[str, Any] = {
    "order_id": "order-1",
    "customer_id": "ada",
    "payment_id": "payment-1",
    "items": (BREAD,),
    "total": 900,
    "ready": False,
    "paid": False,
    "shopping_list_id": None,
    "created_at": "2026-03-14T09:00:00.000000Z",
}
ORDER_CANCELLED = OrderCancelled(**ORDER, status="cancelled", reason="changed my mind", by="customer")
ORDER_REJECTED = OrderRejected(**ORDER, status="rejected", reason="no money")
ENDS = [CANCEL, ORDER_CANCELLED, ORDER_REJECTED]


def reply_to(floor: Floor, command: Message, id: str = "message-1") -> Message:
    """Deliver a command once; returns the reply."""
    before = len(floor.replies)
    assert inbox.handle(delivered(command, id=id)) == {"batchItemFailures": []}
    (answer,) = floor.replies[before:]
    return answer


def test_an_order_gets_a_list_with_its_own_id(floor: Floor) -> None:
    assert reply_to(floor, CREATE) == ACCEPTED
    shopping_list = service.shopping_list("order-1")
    assert (shopping_list.status, shopping_list.order_id, shopping_list.by_staff) == ("pending", "order-1", False)
    assert shopping_list.stops == (Stop("bakery", "Bakery", "Floor 6", (Item("bread", "Rye bread", 3),)),)


def test_a_list_is_created_once_and_accepted_each_time(floor: Floor) -> None:
    floor.deliver(CREATE, id="message-1")
    assert [type(message).about.name for message in floor.published] == ["ShoppingListCreated"]
    assert floor.replies == [ACCEPTED, ACCEPTED]


def test_a_list_that_exists_is_accepted_although_its_product_was_removed(floor: Floor) -> None:
    reply_to(floor, CREATE)
    floor.views.items.clear()
    gone = CREATE.model_copy(update={"items": (BREAD.model_copy(update={"product_id": "cake"}),)})
    assert reply_to(floor, gone, id="message-2") == ACCEPTED


def test_a_list_with_an_unknown_product_is_refused_with_the_reason(floor: Floor) -> None:
    unknown = BREAD.model_copy(update={"product_id": "cake"})
    command = CREATE.model_copy(update={"items": (unknown,)})
    assert reply_to(floor, command) == ShoppingListRefused(order_id="order-1", reason="product was not located")


def test_a_list_without_items_is_refused(floor: Floor) -> None:
    command = CREATE.model_copy(update={"items": ()})
    assert reply_to(floor, command) == ShoppingListRefused(order_id="order-1", reason="the shopping list has no items")


def test_a_command_is_retried_and_not_refused_while_the_catalogue_does_not_answer(floor: Floor) -> None:
    floor.catalogue.down = True
    assert inbox.handle(delivered(CREATE))["batchItemFailures"] == [{"itemIdentifier": "record-0"}]
    assert floor.replies == []
    floor.catalogue.down = False
    assert reply_to(floor, CREATE) == ACCEPTED


def test_a_pending_list_is_initiated_once_and_accepted_each_time(floor: Floor) -> None:
    floor.listed()
    floor.deliver(INITIATE, id="message-1")
    assert status() == ("available", None)
    assert [type(message).about.name for message in floor.published] == ["ShoppingListCreated", "ShoppingListAvailable"]
    assert floor.replies == [INITIATED, INITIATED]


def test_to_initiate_a_list_that_a_robot_has_is_accepted(floor: Floor) -> None:
    floor.active()
    assert reply_to(floor, INITIATE) == INITIATED


def test_to_initiate_an_unknown_list_is_refused(floor: Floor) -> None:
    assert reply_to(floor, INITIATE) == ShoppingRefused(order_id="order-1", reason="there is no shopping list order-1")


def test_to_initiate_a_cancelled_list_is_refused(floor: Floor) -> None:
    service.cancel(floor.listed())
    assert reply_to(floor, INITIATE) == ShoppingRefused(order_id="order-1", reason="the shopping list is cancelled")


@pytest.mark.parametrize("end", ENDS)
def test_a_list_whose_order_ended_before_it_was_created_is_refused(floor: Floor, end: Message) -> None:
    floor.deliver(end)
    assert reply_to(floor, CREATE, id="late") == ShoppingListRefused(
        order_id="order-1", reason="the shopping list is cancelled"
    )
    assert service.shopping_list("order-1").stops == ()


@pytest.mark.parametrize("end", ENDS)
def test_a_list_is_cancelled_once_however_often_its_order_ends(floor: Floor, end: Message) -> None:
    floor.listed()
    for other in (end, *ENDS):
        floor.deliver(other, id=type(other).about.name)
    assert status() == ("cancelled", None)
    assert [type(m).about.name for m in floor.published].count("ShoppingListCancelled") == 1


def test_a_cancellation_is_accepted_before_and_after_the_list_exists(floor: Floor) -> None:
    assert reply_to(floor, CANCEL, id="message-before") == CANCELLED
    assert reply_to(floor, CANCEL, id="message-again") == CANCELLED
    list_id, _ = floor.assigned("order-2")
    service.complete(list_id, None, None)
    late = reply_to(floor, CancelShoppingList(order_id=list_id), id="message-late")
    assert late == ShoppingListCancellationAccepted(order_id=list_id)
    assert status(list_id)[0] == "completed"


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_an_order_frees_the_robot_of_its_list(floor: Floor, end: Message) -> None:
    _, bot_id = floor.active()
    floor.deliver(end)
    assert (status(), robot(bot_id)) == (("cancelled", None), ("idle", None))
    service.assign(floor.available("order-2"), bot_id)
    floor.deliver(end, id="much-later")
    assert robot(bot_id) == ("active", "order-2")


@pytest.mark.parametrize(("command", "answer"), [(CREATE, ACCEPTED), (INITIATE, INITIATED), (CANCEL, CANCELLED)])
def test_a_reply_has_one_id_however_often_it_is_sent(floor: Floor, command: Message, answer: Message) -> None:
    floor.listed()
    for _ in range(3):
        inbox.handle(delivered(command))
    sent = [m for m in [*floor.outgoing, *floor.bus.messages] if m.name == type(answer).about.name]
    assert len(sent) >= 2
    assert len({m.id for m in sent}) == 1


def test_a_list_that_staff_made_for_an_order_is_not_the_orders_own(floor: Floor) -> None:
    list_id = service.plan_by_staff("order-1", [service.Wanted("bakery", "bread", 1)])
    floor.deliver(ORDER_CANCELLED)
    assert status(list_id) == ("pending", None)


def test_an_unknown_list_is_not_found() -> None:
    with Floor().open(), pytest.raises(NotFoundError, match="there is no shopping list order-1"):
        service.shopping_list("order-1")
