"""The events published of lists and robots: one for each domain event, with the whole state right after it."""

from typing import Any

from events.depot import ShoppingListItemPicked
from events.registry import Kind, Message, language
from functions.depot import service
from functions.depot.bot import Bot, Connected, Disconnected, TokensRevoked
from functions.depot.domain import ShoppingList
from functions.depot.publish import publishes
from functions.kernel.domain.aggregate import Unchanged
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit, StoredEvent
from tests.unit.depot.floor import BREAD, INK, Floor


def state(message: Message) -> dict[str, Any]:
    return {"event": type(message).about.name, **message.model_dump(mode="json", exclude={"stops"})}


def list_state(event: str, status: str, bot_id: str | None, assignment: int, **more: Any) -> dict[str, Any]:
    return {
        "event": event,
        "shopping_list_id": "order-1",
        "order_id": "order-1",
        "status": status,
        "bot_id": bot_id,
        "assignment": assignment,
        "by_staff": False,
        **more,
    }


def bot_state(event: str, bot_id: str, status: str, list_id: str | None = None, assignment: int = 0) -> dict[str, Any]:
    return {
        "event": event,
        "bot_id": bot_id,
        "name": "Ajax",
        "status": status,
        "list_id": list_id,
        "assignment": assignment,
    }


def test_all_events_of_a_list_and_its_robot(floor: Floor) -> None:
    list_id, first = floor.active()
    service.take_offline(first)
    service.bring_online(first)
    service.assign(list_id, first)
    service.start(list_id, 2)
    service.pick(list_id, 2, "bakery", "bread", 2)
    service.complete(list_id, None, 2)
    bread = {"store_id": "bakery", "product_id": "bread", "quantity": 2}
    roll = {"store_id": "bakery", "product_id": "roll", "quantity": 3}
    ink = {"store_id": "paper", "product_id": "ink", "quantity": 1}
    assert [state(message) for message in floor.published] == [
        bot_state("BotRegistered", first, "offline"),
        bot_state("BotCameOnline", first, "idle"),
        list_state("ShoppingListCreated", "pending", None, 0),
        list_state("ShoppingListAvailable", "available", None, 0),
        list_state("ShoppingListAssigned", "assigned", first, 1),
        bot_state("BotAssigned", first, "active", list_id, 1),
        list_state("ShoppingListStarted", "active", first, 1),
        bot_state("BotWentOffline", first, "offline") | {"gave_back": list_id},
        list_state("ShoppingListAvailable", "available", None, 1),
        bot_state("BotCameOnline", first, "idle"),
        list_state("ShoppingListAssigned", "assigned", first, 2),
        bot_state("BotAssigned", first, "active", list_id, 2),
        list_state("ShoppingListStarted", "active", first, 2),
        list_state("ShoppingListItemPicked", "active", first, 2, **bread, started_at=clock.stamp()),
        list_state("ShoppingListCompleted", "completed", first, 2, shortages=[roll, ink]),
        bot_state("BotFinished", first, "idle"),
    ]


def test_a_list_is_published_with_all_its_stops(floor: Floor) -> None:
    floor.listed("order-1", BREAD, INK)
    assert floor.published[0].model_dump(mode="json")["stops"] == [
        {
            "store_id": "bakery",
            "store_name": "Corner Bakery",
            "location": "Floor 6",
            "items": [{"product_id": "bread", "name": "Rye bread", "quantity": 2, "picked": 0}],
        },
        {
            "store_id": "paper",
            "store_name": "Paper & Ink",
            "location": "Floor 5",
            "items": [{"product_id": "ink", "name": "Ink", "quantity": 1, "picked": 0}],
        },
    ]


def test_a_list_that_is_cancelled_before_it_is_created_is_published(floor: Floor) -> None:
    service.cancel_for_order("order-1")
    assert [state(message) for message in floor.published] == [
        list_state("ShoppingListCancelled", "cancelled", None, 0)
    ]


def test_a_list_that_staff_created_is_published_as_such(floor: Floor) -> None:
    list_id = service.plan_by_staff("order-1", [BREAD])
    (message,) = floor.published
    published = state(message)
    assert (published["shopping_list_id"], published["order_id"], published["by_staff"]) == (list_id, "order-1", True)


def test_every_event_of_lists_and_robots_is_public_but_those_of_tokens_and_connections(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    service.pick(list_id, 1, "bakery", "roll", 1)
    service.take_offline(bot_id)
    service.bring_online(bot_id)
    service.assign(list_id, bot_id)
    service.complete(list_id, None, None)
    service.cancel(floor.listed("order-2"))
    service.retire(bot_id)
    commits = [commit for id in (list_id, "order-2") for commit in service.lists.history(id)]
    commits += service.bots.history(bot_id)
    happened = {event.name for commit in commits for event in commit.events}
    inner = {event.__name__ for event in (Unchanged, TokensRevoked, Connected, Disconnected)}
    assert happened == {*ShoppingList.event_types, *Bot.event_types} - inner
    assert len(floor.published) == sum(len(commit.events) for commit in commits)
    events = {n for n, m in language().items() if m.about.source == publishes.service and m.about.kind is Kind.EVENT}
    assert {type(message).about.name for message in floor.published} == events


def test_a_list_whose_start_was_stored_without_a_time_is_loaded_and_picked(floor: Floor) -> None:
    floor.assigned("order-1")
    started = StoredEvent.of("Started", 1, {})
    floor.store.commit(Commit("ShoppingList#order-1", 4, "c", (started,), "2026-03-14T09:00:00.000000Z"))
    service.pick("order-1", 1, "bakery", "roll", 2)
    *_, picked = floor.published
    assert isinstance(picked, ShoppingListItemPicked)
    assert (picked.status, picked.started_at) == ("active", None)
