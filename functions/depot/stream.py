"""What the fleet says of robots on the robots' stream: what they have picked, and whether they are connected.

A robot without a stream says the same by REST (service.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from events.vda5050.collecting import order_id
from functions.depot import lease
from functions.depot.bot import Bot
from functions.depot.domain import ShoppingList
from functions.depot.partners import bots, change_with_partner, list_in_work, lists, robot_at_work
from functions.depot.stops import Key
from functions.kernel.runtime import clock


@dataclass(frozen=True)
class Report:
    """What a robot has picked of its list under one assignment, in all, and whether that is at the depot.

    at: when the robots' gateway sent it.
    """

    bot_id: str
    list_id: str
    assignment: int
    picked: Mapping[Key, int]
    done: bool
    at: datetime


def collect(report: Report) -> None:
    """A robot reports what it has picked of its list in all, and whether that is at the depot.

    What the report changes is one commit; with the last one the robot is free, in the same transaction. Raises
    NotFoundError, RefusedError, InvalidError.
    """

    def decide(shopping_list: ShoppingList, bot: Bot | None = None) -> None:
        at = clock.stamp(report.at)
        shopping_list.collect(report.bot_id, report.assignment, report.picked, done=report.done, at=at)
        if bot:
            bot.finish()

    if report.done:
        collected = change_with_partner((lists, report.list_id), bots, robot_at_work, decide)
    else:
        collected = lists.change(report.list_id, decide)
    lease.renew_by_step(collected, report.assignment, report.at)


def connected(bot_id: str, stream_version: int) -> None:
    """A robot is connected to the robots' stream, and so online; its stream at the fleet says so at this version.

    That is a heartbeat of a robot without a list. One at work keeps its list by what it does with it, or else a robot
    that begins anew whenever it gets its order would keep that for ever.

    What an older version says changes nothing. The depot registers robots, so one that it does not know has no place
    here and never will have; of one that is retired nothing is to follow either.
    """

    def decide(bot: Bot) -> None:
        bot.connect(stream_version)
        if bot.changes and not bot.list_id:
            lease.renew(bot_id)

    if not bots.load(bot_id).aggregate.is_new:
        bots.change(bot_id, decide)


def disconnected(bot_id: str, stream_version: int, last_order: str | None) -> None:
    """A robot may be given no list: an idle one goes offline, one at work goes on until its lease ends.

    last_order: the order that was sent to it last; None: not known. A list whose order was not sent is given back at
    once, for its robot knows nothing of it: it came just as the robot became unfit.
    """

    def decide(bot: Bot, shopping_list: ShoppingList | None = None) -> None:
        bot.disconnect(stream_version)
        if bot.changes and shopping_list and _was_never_sent(shopping_list, last_order):
            bot.go_offline()
            shopping_list.give_back()

    if not bots.load(bot_id).aggregate.is_new:
        change_with_partner((bots, bot_id), lists, list_in_work, decide)


def _was_never_sent(shopping_list: ShoppingList, last_order: str | None) -> bool:
    is_known = shopping_list.status == "assigned" and last_order is not None
    return is_known and last_order != order_id(shopping_list.id, shopping_list.assignment)
