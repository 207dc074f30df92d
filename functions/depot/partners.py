"""A shopping list and its robot: where they are stored, and how one decides together with its partner of the moment."""

from collections.abc import Callable
from typing import TypeVar

from functions.depot.bot import Bot
from functions.depot.domain import ShoppingList
from functions.depot.publish import publishes
from functions.kernel.domain.aggregate import Aggregate
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.repository import ATTEMPTS, Repository, change_together
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import BOT

lists = Repository(ShoppingList, publishes, owner=lambda shopping_list: shopping_list.bot_id, owned_by=BOT)
bots = Repository(Bot, publishes, owner=lambda bot: bot.id, owned_by=BOT)

A = TypeVar("A", bound=Aggregate)
B = TypeVar("B", bound=Aggregate)


def robot_at_work(shopping_list: ShoppingList) -> str | None:
    """The robot that works on a list now."""
    return shopping_list.robot


def list_in_work(bot: Bot) -> str | None:
    """The list that a robot works on now."""
    return bot.list_id


class _PartnerChangedError(ConcurrencyError):
    """A list or a robot got another partner between being loaded and deciding."""


def change_with_partner(
    first: tuple[Repository[A], str],
    others: Repository[B],
    partner: Callable[[A], str | None],
    decide: Callable[[A, B | None], object],
    *,
    may_be_new: bool = False,
) -> A:
    """Let a list or a robot decide together with the partner that it names, or alone when it has none; returns it.

    Raises as `change_together` does.
    """
    repository, id = first

    def checked(one: A, other: B | None = None) -> None:
        if partner(one) != (other.id if other else None):
            raise _PartnerChangedError(f"{id} is assigned and given back too often at once: retry")
        decide(one, other)

    attempts = 0
    while True:
        # Not `get`, which records the version that it reads as the answer's ETag.
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
