"""What the depot publishes about its shopping lists and robots."""

from typing import Any

from events import shapes
from events.depot import (
    BotAssigned,
    BotCameOnline,
    BotFinished,
    BotRegistered,
    BotRetired,
    BotWentOffline,
    ShoppingListAssigned,
    ShoppingListAvailable,
    ShoppingListCancelled,
    ShoppingListCompleted,
    ShoppingListCreated,
    ShoppingListItemPicked,
    ShoppingListStarted,
)
from functions.depot.bot import Bot, CameOnline, Finished, Registered, Retired, TookList, WentOffline
from functions.depot.domain import (
    Assigned,
    Cancelled,
    Completed,
    Created,
    GivenBack,
    Initiated,
    Picked,
    ShoppingList,
    Started,
)
from functions.kernel.eventstore.publish import Publisher

publishes = Publisher("depot")


@publishes(Created)
def list_created(shopping_list: ShoppingList, event: Created) -> ShoppingListCreated:
    return ShoppingListCreated(**_list(shopping_list))


@publishes(Initiated)
def list_available(shopping_list: ShoppingList, event: Initiated) -> ShoppingListAvailable:
    return ShoppingListAvailable(**_list(shopping_list))


@publishes(GivenBack)
def list_available_again(shopping_list: ShoppingList, event: GivenBack) -> ShoppingListAvailable:
    return ShoppingListAvailable(**_list(shopping_list))


@publishes(Assigned)
def list_assigned(shopping_list: ShoppingList, event: Assigned) -> ShoppingListAssigned:
    return ShoppingListAssigned(**_list(shopping_list))


# Of what one report says only the last event is published: each carries the whole list, and a commit holds 350 KB.


@publishes(Started)
def list_started(shopping_list: ShoppingList, event: Started) -> ShoppingListStarted | None:
    return None if event.is_followed else ShoppingListStarted(**_list(shopping_list))


@publishes(Picked)
def item_picked(shopping_list: ShoppingList, event: Picked) -> ShoppingListItemPicked | None:
    if event.is_followed:
        return None
    return ShoppingListItemPicked(
        **_list(shopping_list),
        store_id=event.store_id,
        product_id=event.product_id,
        quantity=event.quantity,
        started_at=shopping_list.started_at or None,
    )


@publishes(Completed)
def list_completed(shopping_list: ShoppingList, event: Completed) -> ShoppingListCompleted:
    shortages = tuple(shapes.Shortage(**vars(short)) for short in event.shortages)
    return ShoppingListCompleted(**_list(shopping_list), shortages=shortages)


@publishes(Cancelled)
def list_cancelled(shopping_list: ShoppingList, event: Cancelled) -> ShoppingListCancelled:
    return ShoppingListCancelled(**_list(shopping_list))


@publishes(Registered)
def bot_registered(bot: Bot, event: Registered) -> BotRegistered:
    return BotRegistered(**_bot(bot))


@publishes(CameOnline)
def bot_came_online(bot: Bot, event: CameOnline) -> BotCameOnline:
    return BotCameOnline(**_bot(bot))


@publishes(WentOffline)
def bot_went_offline(bot: Bot, event: WentOffline) -> BotWentOffline:
    return BotWentOffline(**_bot(bot), gave_back=event.gave_back or None)


@publishes(TookList)
def bot_assigned(bot: Bot, event: TookList) -> BotAssigned:
    return BotAssigned(**_bot(bot))


@publishes(Finished)
def bot_finished(bot: Bot, event: Finished) -> BotFinished:
    return BotFinished(**_bot(bot))


@publishes(Retired)
def bot_retired(bot: Bot, event: Retired) -> BotRetired:
    return BotRetired(**_bot(bot))


def _list(shopping_list: ShoppingList) -> dict[str, Any]:
    return {
        "shopping_list_id": shopping_list.id,
        "order_id": shopping_list.order_id,
        "status": shopping_list.status,
        "stops": tuple(
            shapes.Stop(
                store_id=stop.store_id,
                store_name=stop.store_name,
                location=stop.location,
                items=tuple(shapes.StopItem(**vars(item)) for item in stop.items),
            )
            for stop in shopping_list.stops
        ),
        "bot_id": shopping_list.bot_id,
        "assignment": shopping_list.assignment,
        "by_staff": shopping_list.by_staff,
    }


def _bot(bot: Bot) -> dict[str, Any]:
    return {
        "bot_id": bot.id,
        "name": bot.name,
        "status": bot.status,
        "list_id": bot.list_id,
        "assignment": bot.assignment,
    }
