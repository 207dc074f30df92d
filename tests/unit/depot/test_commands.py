"""What the saga asks of the depot, and the end of orders: always answered, with one effect, in any order."""

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


def answered(floor: Floor, command: Message, id: str = "message-1") -> Message:
    """The answer to a command that arrives once."""
    before = len(floor.answers)
    assert inbox.handle(delivered(command, id=id)) == {"batchItemFailures": []}
    (answer,) = floor.answers[before:]
    return answer


def test_an_order_gets_a_list_with_its_own_id(floor: Floor) -> None:
    assert answered(floor, CREATE) == ACCEPTED
    made = service.shopping_list("order-1")
    assert (made.status, made.order_id, made.by_staff) == ("pending", "order-1", False)
    assert made.stops == (Stop("bakery", "Bakery", "Floor 6", (Item("bread", "Rye bread", 3),)),)


def test_a_list_is_made_once_and_said_to_be_made_each_time(floor: Floor) -> None:
    floor.hear(CREATE, id="message-1")
    assert [type(message).about.name for message in floor.said] == ["ShoppingListCreated"]
    assert floor.answers == [ACCEPTED, ACCEPTED]


def test_a_list_that_is_there_is_accepted_though_the_product_is_sold_no_more(floor: Floor) -> None:
    answered(floor, CREATE)
    floor.views.items.clear()
    gone = CREATE.model_copy(update={"items": (BREAD.model_copy(update={"product_id": "cake"}),)})
    assert answered(floor, gone, id="message-2") == ACCEPTED


def test_a_list_of_what_nobody_sells_is_refused_with_the_reason(floor: Floor) -> None:
    unknown = BREAD.model_copy(update={"product_id": "cake"})
    command = CREATE.model_copy(update={"items": (unknown,)})
    assert answered(floor, command) == ShoppingListRefused(order_id="order-1", reason="product was not located")


def test_a_list_of_nothing_is_refused(floor: Floor) -> None:
    command = CREATE.model_copy(update={"items": ()})
    assert answered(floor, command) == ShoppingListRefused(order_id="order-1", reason="the shopping list has no items")


def test_while_the_catalogue_does_not_answer_nothing_is_refused(floor: Floor) -> None:
    floor.catalogue.down = True
    assert inbox.handle(delivered(CREATE))["batchItemFailures"] == [{"itemIdentifier": "record-0"}]
    assert floor.answers == []
    floor.catalogue.down = False
    assert answered(floor, CREATE) == ACCEPTED


def test_a_pending_list_is_initiated_once_and_said_to_be_each_time(floor: Floor) -> None:
    floor.listed()
    floor.hear(INITIATE, id="message-1")
    assert status() == ("available", None)
    assert [type(message).about.name for message in floor.said] == ["ShoppingListCreated", "ShoppingListAvailable"]
    assert floor.answers == [INITIATED, INITIATED]


def test_a_list_that_a_robot_has_already_was_initiated(floor: Floor) -> None:
    floor.active()
    assert answered(floor, INITIATE) == INITIATED


def test_to_initiate_an_unknown_list_is_refused(floor: Floor) -> None:
    assert answered(floor, INITIATE) == ShoppingRefused(order_id="order-1", reason="there is no shopping list order-1")


def test_to_initiate_a_cancelled_list_is_refused(floor: Floor) -> None:
    service.cancel(floor.listed())
    assert answered(floor, INITIATE) == ShoppingRefused(order_id="order-1", reason="the shopping list is cancelled")


@pytest.mark.parametrize("end", ENDS)
def test_a_list_whose_order_ended_before_it_was_made_is_refused(floor: Floor, end: Message) -> None:
    floor.hear(end)
    assert answered(floor, CREATE, id="late") == ShoppingListRefused(
        order_id="order-1", reason="the shopping list is cancelled"
    )
    assert service.shopping_list("order-1").stops == ()


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_an_order_is_recorded_once_whoever_says_it(floor: Floor, end: Message) -> None:
    floor.listed()
    for other in (end, *ENDS):
        floor.hear(other, id=type(other).about.name)
    assert status() == ("cancelled", None)
    assert [type(m).about.name for m in floor.said].count("ShoppingListCancelled") == 1


def test_a_cancellation_is_accepted_before_without_and_after_the_list(floor: Floor) -> None:
    assert answered(floor, CANCEL, id="message-before") == CANCELLED
    assert answered(floor, CANCEL, id="message-again") == CANCELLED
    list_id, _ = floor.assigned("order-2")
    service.complete(list_id, None, None)
    late = answered(floor, CancelShoppingList(order_id=list_id), id="message-late")
    assert late == ShoppingListCancellationAccepted(order_id=list_id)
    assert status(list_id)[0] == "completed"


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_an_order_sends_the_robot_of_its_list_back(floor: Floor, end: Message) -> None:
    _, bot_id = floor.active()
    floor.hear(end)
    assert (status(), robot(bot_id)) == (("cancelled", None), ("idle", None))
    service.assign(floor.available("order-2"), bot_id)
    floor.hear(end, id="much-later")
    assert robot(bot_id) == ("active", "order-2")


@pytest.mark.parametrize(("command", "answer"), [(CREATE, ACCEPTED), (INITIATE, INITIATED), (CANCEL, CANCELLED)])
def test_an_answer_has_one_id_however_often_it_is_sent(floor: Floor, command: Message, answer: Message) -> None:
    floor.listed()
    for _ in range(3):
        inbox.handle(delivered(command))
    sent = [m for m in [*floor.promised, *floor.bus.messages] if m.name == type(answer).about.name]
    assert len(sent) >= 2
    assert len({m.id for m in sent}) == 1


def test_a_list_that_staff_made_for_an_order_is_not_the_orders_own(floor: Floor) -> None:
    list_id = service.plan_by_staff("order-1", [service.Wanted("bakery", "bread", 1)])
    floor.hear(ORDER_CANCELLED)
    assert status(list_id) == ("pending", None)


def test_nothing_is_there_until_it_is_made() -> None:
    with Floor().open(), pytest.raises(NotFoundError, match="there is no shopping list order-1"):
        service.shopping_list("order-1")
