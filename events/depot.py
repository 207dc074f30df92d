"""Messages of the depot: robots collect items, its replies to the saga, and its timers."""

from typing import Literal

from events.checkout import CancelShoppingList, CreateShoppingList, InitiateShopping
from events.fleet import ReportCollection
from events.registry import Event, Reply, Timer
from events.shapes import Quantity, Shortage, Stop, Time

ShoppingListStatus = Literal["pending", "available", "assigned", "active", "completed", "cancelled"]
ServingBotStatus = Literal["offline", "idle", "active"]
BotStatus = Literal[ServingBotStatus, "retired"]


class ShoppingListState(Event):
    """The public state of a shopping list: `assignment` counts its assignments, 0 before the first.

    A list that the checkout's saga created has the order's id; one created by staff has its own.
    """

    shopping_list_id: str
    order_id: str
    status: ShoppingListStatus
    stops: tuple[Stop, ...]
    bot_id: str | None
    assignment: int
    by_staff: bool


class ShoppingListCreated(ShoppingListState, source="depot", key="shopping_list_id"):
    """The shopping list of an order was created."""


class ShoppingListAvailable(ShoppingListState, source="depot", key="shopping_list_id"):
    """A list is available to robots, for the first time or because it was given back; nothing of it is picked."""


class ShoppingListAssigned(ShoppingListState, source="depot", key="shopping_list_id"):
    """A list was assigned to a robot."""

    bot_id: str


class ShoppingListStarted(ShoppingListState, source="depot", key="shopping_list_id"):
    """A robot started to collect a list."""


class ShoppingListItemPicked(ShoppingListState, source="depot", key="shopping_list_id"):
    """A robot has picked `quantity` (the absolute number) of one product at one store.

    `started_at`: when it started to collect the list, which has been active since then.
    """

    store_id: str
    product_id: str
    quantity: Quantity
    started_at: Time | None = None


class ShoppingListCompleted(ShoppingListState, source="depot", key="shopping_list_id"):
    """The list's items are at the depot, except the shortages, which could not be found."""

    shortages: tuple[Shortage, ...]


class ShoppingListCancelled(ShoppingListState, source="depot", key="shopping_list_id"):
    """The list is cancelled; it has no stops if it was cancelled before it was created."""


class BotState(Event):
    """The public state of a robot, with the list that is assigned to it and the number of that assignment.

    `assignment` is 0 without a list, and in messages of before it was there.
    """

    bot_id: str
    name: str
    status: BotStatus
    list_id: str | None
    assignment: int = 0


class ServingBotState(BotState):
    """The public state of a robot that is not retired: what messages about robots say since before any could be."""

    status: ServingBotStatus


class BotRegistered(ServingBotState, source="depot", key="bot_id"):
    """A robot was registered."""


class BotCameOnline(ServingBotState, source="depot", key="bot_id"):
    """A robot is online and idle."""


class BotWentOffline(ServingBotState, source="depot", key="bot_id"):
    """A robot signed off, its heartbeats stopped, or it may have goods of a cancelled list to put back.

    gave_back: the list that it lost by that, which is available again. Earlier code did not say.
    """

    gave_back: str | None = None


class BotAssigned(ServingBotState, source="depot", key="bot_id"):
    """A robot was assigned a list."""

    list_id: str


class BotFinished(ServingBotState, source="depot", key="bot_id"):
    """A robot finished its list and is idle."""


class BotRetired(BotState, source="depot", key="bot_id"):
    """A robot has left the mall for good; its list, if it had one, was given back."""


class ShoppingListAccepted(Reply, source="depot", key="order_id", answers=CreateShoppingList):
    """The order's list is created."""

    order_id: str


class ShoppingListRefused(Reply, source="depot", key="order_id", answers=CreateShoppingList):
    """The order's list cannot be created."""

    order_id: str
    reason: str


class ShoppingInitiated(Reply, source="depot", key="order_id", answers=InitiateShopping):
    """The order's list is available to robots, or was already assigned."""

    order_id: str


class ShoppingRefused(Reply, source="depot", key="order_id", answers=InitiateShopping):
    """The order's list cannot be made available to robots."""

    order_id: str
    reason: str


class ShoppingListCancellationAccepted(Reply, source="depot", key="order_id", answers=CancelShoppingList):
    """The order's list is cancelled."""

    order_id: str


class CollectionAccepted(Reply, source="depot", key="list_id", answers=ReportCollection):
    """What a robot reported of its list is recorded, or was before."""

    list_id: str
    bot_id: str
    assignment: int


class CollectionRefused(Reply, source="depot", key="list_id", answers=ReportCollection):
    """Nothing of the report is recorded: the robot must drop the list.

    has_list: false where the list is not, or no longer, this robot's under this assignment; else what it reported
    cannot be.
    """

    list_id: str
    bot_id: str
    assignment: int
    reason: str
    has_list: bool = True


class LookAgain(Timer, source="depot", key="bucket"):
    """No longer sent: until what waits was kept in rows, it made the dispatcher run again. A hint like WaitingListsDue.

    `list_id` is the waiting list, `since` when it began to wait (RFC 3339), `looks` the number of consecutive runs in
    which it was left waiting.
    """

    bucket: str
    list_id: str | None = None
    since: str | None = None
    looks: int = 0


class LeaseEnds(Timer, source="depot", key="bot_id"):
    """No longer sent, and ignored: until leases were swept by RobotLeasesDue, it checked a robot's last heartbeat.

    `session` numbers the times that the robot came online, `looks` the checks in this session.
    """

    bot_id: str
    session: int
    looks: int = 0


class RobotLeasesDue(Timer, source="depot", key="time"):
    """The schedule for taking robots offline that have been silent for too long."""

    time: Time


class WaitingListsDue(Timer, source="depot", key="time"):
    """The schedule for checking the dispatcher's rows of what waits, in case that one of its messages was given up."""

    time: Time
