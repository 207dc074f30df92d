"""What the mall fixes on top of the standard: how a shopping list is an order."""

from typing import Final

from events.vda5050.order import Action, ActionParameter, BlockingType

COLLECT: Final = "collect"  # take a number of one product; the result is how many were taken, as digits
DROP: Final = "drop"  # put down at the depot all that was collected

STORE_ID: Final = "storeId"
PRODUCT_ID: Final = "productId"
QUANTITY: Final = "quantity"

DIGITS: Final = 9  # of a number in an id or a result: longer ones are no numbers of the mall
MOST_ACTIONS: Final = 100  # in one order, beside its drop: one for each line of a list
MOST_BYTES: Final = (
    131_072  # of one message: what IoT Core takes (https://docs.aws.amazon.com/general/latest/gr/iot-core.html)
)


def order_id(list_id: str, assignment: int) -> str:
    """The id of the order for a list under one assignment; each assignment is another order."""
    return f"{list_id}.{assignment}"


def list_and_assignment(order_id: str) -> tuple[str, int] | None:
    """The list and assignment of an order id; None for an order that is none of ours."""
    list_id, dot, assignment = order_id.rpartition(".")
    number = whole(assignment)
    return (list_id, number) if dot and list_id and number is not None else None


def collect(action_id: str, store_id: str, product_id: str, quantity: int) -> Action:
    """Take `quantity` of a product of a store."""
    parameters: dict[str, str | int] = {STORE_ID: store_id, PRODUCT_ID: product_id, QUANTITY: quantity}
    return Action(
        action_type=COLLECT,
        action_id=action_id,
        blocking_type=BlockingType.HARD,
        action_parameters=tuple(ActionParameter(key=key, value=value) for key, value in parameters.items()),
    )


def drop(action_id: str) -> Action:
    """Put down what was collected."""
    return Action(action_type=DROP, action_id=action_id, blocking_type=BlockingType.HARD)


def collected(result: str | None) -> int | None:
    """How many a collect action took by its result; None for a result that is no whole number."""
    return whole(result or "")


def whole(text: str) -> int | None:
    """The whole number that a text of at most nine digits names; None for any other text."""
    return int(text) if len(text) <= DIGITS and text.isascii() and text.isdecimal() else None
