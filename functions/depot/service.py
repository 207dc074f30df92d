"""What one can do with shopping lists and robots. What a list and its robot do together is one transaction."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from functions.depot import lease, views
from functions.depot.domain import Bot, ShoppingList
from functions.depot.publish import publishes
from functions.depot.stops import Line, Shortage
from functions.kernel.domain.aggregate import Aggregate
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.eventstore.repository import ATTEMPTS, Repository, change_together
from functions.kernel.runtime import clock, context, runtime

lists = Repository(ShoppingList, publishes)
bots = Repository(Bot, publishes)

A = TypeVar("A", bound=Aggregate)
B = TypeVar("B", bound=Aggregate)


@dataclass(frozen=True)
class Wanted:
    """So many of one product of one store; names that are left out are the catalogue's."""

    store_id: str
    product_id: str
    quantity: int
    store_name: str = ""
    product_name: str = ""


def shopping_list(list_id: str) -> ShoppingList:
    """A list as it is now. Raises NotFoundError."""
    return lists.get(list_id)


def plan_for_order(order_id: str, wanted: Iterable[Wanted]) -> None:
    """Make the list of an order, whose id it has. Raises RefusedError, InvalidError, NotFoundError, UnavailableError.

    One that is there already needs no catalogue: it may have been made from what is sold no more.
    """

    def decide(shopping_list: ShoppingList) -> None:
        lines = _located(wanted) if shopping_list.is_new else []
        shopping_list.create(order_id, lines, by_staff=False)

    lists.create(order_id, decide)


def plan_by_staff(order_id: str, wanted: Iterable[Wanted]) -> str:
    """Make a list with an id of its own, and return that. Raises InvalidError, NotFoundError, UnavailableError."""
    list_id = context.current().new_id()
    lists.create(list_id, lambda made: made.create(order_id, _located(wanted), by_staff=True))
    return list_id


def initiate(list_id: str) -> None:
    """Let an order's list go to a robot. Raises NotFoundError, RefusedError."""
    lists.change(list_id, lambda shopping_list: shopping_list.initiate())


def initiate_by_staff(list_id: str) -> None:
    """Let a list that staff made go to a robot. Raises NotFoundError, RefusedError."""
    lists.change(list_id, lambda shopping_list: shopping_list.initiate_by_staff())


def assign(list_id: str, bot_id: str) -> None:
    """Give a list that is available to a robot that is idle. Raises NotFoundError, RefusedError, ConcurrencyError."""

    def decide(shopping_list: ShoppingList, bot: Bot) -> None:
        shopping_list.assign(bot.id)
        bot.assign(shopping_list.id)

    change_together((lists, list_id), (bots, bot_id), decide)


def start(list_id: str, assignment: int) -> None:
    """A robot sets out. Raises NotFoundError, RefusedError."""
    _hear_robot(lists.change(list_id, lambda shopping_list: shopping_list.start(assignment)), assignment)


def pick(list_id: str, assignment: int, store_id: str, product_id: str, quantity: int) -> None:
    """A robot has so many of a product in all. Raises NotFoundError, RefusedError, InvalidError."""
    picked = lists.change(list_id, lambda one: one.pick(assignment, store_id, product_id, quantity))
    _hear_robot(picked, assignment)


def complete(list_id: str, shortages: Iterable[Shortage] | None, assignment: int | None) -> None:
    """A list's items are at the depot; its robot is free. Raises NotFoundError, RefusedError, InvalidError."""

    def decide(shopping_list: ShoppingList, bot: Bot | None) -> None:
        shopping_list.complete(shortages, assignment)
        if bot:
            bot.finish()

    completed = _change_with((lists, list_id), bots, _robot, decide)
    if assignment is not None:
        _hear_robot(completed, assignment)


def cancel(list_id: str) -> None:
    """Collect nothing more for a list; its robot is sent back. Raises NotFoundError, RefusedError."""

    def decide(shopping_list: ShoppingList, bot: Bot | None) -> None:
        shopping_list.cancel()
        if bot:
            bot.finish()

    _change_with((lists, list_id), bots, _robot, decide)


def call_off(order_id: str) -> None:
    """An order is not to be: cancel its list as far as that goes, even if it is yet to come."""

    def decide(shopping_list: ShoppingList, bot: Bot | None) -> None:
        shopping_list.call_off()
        if bot:
            bot.finish()

    _change_with((lists, order_id), bots, _robot, decide, may_be_new=True)


def register_bot(name: str) -> str:
    """Let a robot join the depot, and return its id. Raises InvalidError."""
    return bots.create(context.current().new_id(), lambda bot: bot.register(name)).id


def bot_token(bot_id: str) -> str:
    """What a robot will say who it is with: the same each time, and nobody's who does not know the signing key."""
    return hmac.digest(runtime.current().signing_key, f"bot token {bot_id}".encode(), hashlib.sha256).hex()


def bring_online(bot_id: str) -> None:
    """A robot is there, or still is. Raises NotFoundError."""
    bots.change(bot_id, lambda bot: bot.come_online())
    lease.hear(bot_id)


def take_offline(bot_id: str) -> None:
    """A robot leaves; the list that it works on is given back. Raises NotFoundError."""

    _change_with((bots, bot_id), lists, _list_in_work, _leave)


def end_lease(bot_id: str, session: int) -> int:
    """Take a robot offline if its lease has ended; else say how many seconds are left of it.

    0 as well when there is nothing more to wait for: it is offline, or online for another time. Raises NotFoundError.
    """
    rest = 0

    def decide(bot: Bot, shopping_list: ShoppingList | None) -> None:
        nonlocal rest
        if not bot.is_online_in(session):
            return
        rest = lease.rest(bot_id)
        if not rest:
            _leave(bot, shopping_list)

    _change_with((bots, bot_id), lists, _list_in_work, decide)
    return rest


def is_available(list_id: str) -> bool:
    """Whether a list truly waits for a robot now."""
    return lists.load(list_id).aggregate.status == "available"


def is_idle(bot_id: str) -> bool:
    """Whether a robot truly waits for a list now."""
    return bots.load(bot_id).aggregate.status == "idle"


def _located(wanted: Iterable[Wanted]) -> list[Line]:
    return [_line(item) for item in wanted]


def _line(item: Wanted) -> Line:
    line = views.located(**vars(item))
    if line is None:
        raise NotFoundError("product was not located")
    return line


def _leave(bot: Bot, shopping_list: ShoppingList | None) -> None:
    bot.go_offline()
    if shopping_list:
        shopping_list.give_back()


def _hear_robot(shopping_list: ShoppingList, assignment: int) -> None:
    """What a robot does with its list is a word of its own; what is repeated may be no longer its own."""
    if shopping_list.bot_id and shopping_list.assignment == assignment:
        lease.hear(shopping_list.bot_id)


def _robot(shopping_list: ShoppingList) -> str | None:
    return shopping_list.robot


def _list_in_work(bot: Bot) -> str | None:
    return bot.list_id


class _PartnerChangedError(ConcurrencyError):
    """Between reading who works with a thing and deciding, that became another."""


def _change_with(
    first: tuple[Repository[A], str],
    others: Repository[B],
    partner: Callable[[A], str | None],
    decide: Callable[[A, B | None], object],
    *,
    may_be_new: bool = False,
) -> A:
    """Let a thing decide together with its partner, which it names itself, or alone when it has none; the thing.

    Raises as `change_together` does.
    """
    repository, id = first

    def checked(one: A, other: B | None = None) -> None:
        if partner(one) != (other.id if other else None):
            raise _PartnerChangedError(f"{id} is given to and taken from robots too often: ask again")
        decide(one, other)

    attempts = 0
    while True:
        # Loaded without a word to the context, which is to note the version that the change leaves behind.
        other_id = partner(repository.load(id).aggregate)
        try:
            if other_id:
                return change_together(first, (others, other_id), checked)[0]
            return repository.create(id, checked) if may_be_new else repository.change(id, checked)
        except _PartnerChangedError:
            attempts += 1
            if attempts == ATTEMPTS:
                raise
            clock.back_off(attempts - 1)
