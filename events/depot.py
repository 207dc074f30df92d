"""What the depot says: robots collecting items, its answers to the saga, and its reminders."""

from typing import Literal

from events.checkout import CancelShoppingList, CreateShoppingList, InitiateShopping
from events.registry import Event, Reply, Timer
from events.shapes import Quantity, Shortage, Stop

ShoppingListStatus = Literal["pending", "available", "assigned", "active", "completed", "cancelled"]
BotStatus = Literal["offline", "idle", "active"]


class ShoppingListState(Event):
    """A shopping list as others may know it: `assignment` counts its assignments, 0 before the first.

    The list of an order that came through the checkout has the order's id; one made by staff has its own.
    """

    shopping_list_id: str
    order_id: str
    status: ShoppingListStatus
    stops: tuple[Stop, ...]
    bot_id: str | None
    assignment: int
    by_staff: bool


class ShoppingListCreated(ShoppingListState, source="depot", key="shopping_list_id"):
    """What is to be collected for an order was planned."""


class ShoppingListAvailable(ShoppingListState, source="depot", key="shopping_list_id"):
    """A list may go to a robot, for the first time or because it was given back; nothing of it is picked."""


class ShoppingListAssigned(ShoppingListState, source="depot", key="shopping_list_id"):
    """A robot was given a list."""

    bot_id: str


class ShoppingListStarted(ShoppingListState, source="depot", key="shopping_list_id"):
    """A robot set out to collect."""


class ShoppingListItemPicked(ShoppingListState, source="depot", key="shopping_list_id"):
    """A robot picked `quantity` in all of one product at one store."""

    store_id: str
    product_id: str
    quantity: Quantity


class ShoppingListCompleted(ShoppingListState, source="depot", key="shopping_list_id"):
    """What was found of a list is at the depot; the shortages could not be found."""

    shortages: tuple[Shortage, ...]


class ShoppingListCancelled(ShoppingListState, source="depot", key="shopping_list_id"):
    """Nothing more is to be collected for an order; without stops when nothing had been planned yet."""


class BotState(Event):
    """A robot as others may know it, with the list that it has."""

    bot_id: str
    name: str
    status: BotStatus
    list_id: str | None


class BotRegistered(BotState, source="depot", key="bot_id"):
    """A robot joined the depot."""


class BotCameOnline(BotState, source="depot", key="bot_id"):
    """A robot is there and waits for work."""


class BotWentOffline(BotState, source="depot", key="bot_id"):
    """A robot left or fell silent."""


class BotAssigned(BotState, source="depot", key="bot_id"):
    """A robot was given a list."""

    list_id: str


class BotFinished(BotState, source="depot", key="bot_id"):
    """A robot is done with its list and waits for work."""


class ShoppingListAccepted(Reply, source="depot", key="order_id", answers=CreateShoppingList):
    """The order's list is planned."""

    order_id: str


class ShoppingListRefused(Reply, source="depot", key="order_id", answers=CreateShoppingList):
    """The order's list cannot be planned."""

    order_id: str
    reason: str


class ShoppingInitiated(Reply, source="depot", key="order_id", answers=InitiateShopping):
    """The order's list may go to a robot, or has gone already."""

    order_id: str


class ShoppingRefused(Reply, source="depot", key="order_id", answers=InitiateShopping):
    """The order's list cannot go to a robot."""

    order_id: str
    reason: str


class ShoppingListCancellationAccepted(Reply, source="depot", key="order_id", answers=CancelShoppingList):
    """Nothing will be collected for the order."""

    order_id: str


class LookAgain(Timer, source="depot", key="bucket"):
    """A list may still wait for a robot: the dispatcher looks once for each bucket of time.

    `list_id` is the list that was left waiting, `since` when it began to wait (RFC 3339), `looks` how many looks in a
    row have by then been taken for it.
    """

    bucket: str
    list_id: str | None = None
    since: str | None = None
    looks: int = 0


class LeaseEnds(Timer, source="depot", key="bot_id"):
    """A robot that is online may have fallen silent.

    `session` says for which time it had come online, `looks` how many looks there have been since.
    """

    bot_id: str
    session: int
    looks: int = 0
