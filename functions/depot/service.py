"""Use cases of shopping lists and robots. What changes a list and its robot together is one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any

from events.depot import RobotLeasesDue, WaitingListsDue
from functions.depot import lease, views
from functions.depot.bot import Bot
from functions.depot.domain import ShoppingList
from functions.depot.partners import bots, change_with_partner, list_in_work, lists, robot_at_work
from functions.depot.stops import Key, Line, Shortage
from functions.kernel.domain.errors import InvalidError, NotFoundError, UnauthenticatedError, UnavailableError
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.repository import change_together
from functions.kernel.messaging.sweep import sweep
from functions.kernel.runtime import clock, context, observe, runtime, tokens
from functions.kernel.runtime.context import BOT
from functions.kernel.runtime.json_text import fitting
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.ownership import own_id
from functions.kernel.runtime.side_by_side import results
from functions.kernel.runtime.tokens import Issued

lease_not_ended = Alarm("LeaseNotEnded", RobotLeasesDue.about.name)
not_dispatched = Alarm("NotDispatched", WaitingListsDue.about.name)


@dataclass(frozen=True)
class Wanted:
    """A quantity of one product of one store; names that are left out are the catalogue's."""

    store_id: str
    product_id: str
    quantity: int
    store_name: str = ""
    product_name: str = ""


def shopping_list(list_id: str) -> ShoppingList:
    """A list as it is now. Raises NotFoundError."""
    return lists.get(list_id)


def list_lists(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[ShoppingList], dict[str, Any] | None]:
    """A page of lists, of one status or all, and where the next begins (None at the end). A robot has one list at most.

    Those at work are read from their streams, side by side, for no row says what a robot does with its list. Whoever
    has left the status meanwhile is left out, so a page of one status may be short; so may one whose lists are larger
    than an answer, for a page at work is counted by its robots.
    """
    bot_id = own_id(role=BOT)
    if bot_id is not None:
        return [one for one in _list_of(bot_id) if status in (None, one.status)], None
    page = views.lists(status, limit, after)
    found = results(runtime.current().side_by_side([partial(_latest, row) for row in page.rows]))
    shown = found[: fitting(codec.to_state(one).decode() for one in found)]
    following = page.after if len(shown) == len(found) else page.keys[len(shown) - 1]
    return [one for one in shown if status in (None, one.status)], following


def _list_of(bot_id: str) -> list[ShoppingList]:
    """The list that a robot works on, if there is one; read from streams, as no index has the lists of a robot."""
    bot = bots.load(bot_id).aggregate
    found = lists.find(bot.list_id) if bot.list_id else None
    return [found] if found else []


def _latest(row: dict[str, Any]) -> ShoppingList:
    id = row["shopping_list_id"]
    if row["status"] in views.AT_WORK:
        return lists.load(id).aggregate
    return codec.from_data(ShoppingList, {"id": id, **row})


def plan_for_order(order_id: str, wanted: Iterable[Wanted]) -> None:
    """Create an order's list, with the order's id. Raises RefusedError, InvalidError, NotFoundError, UnavailableError.

    For a list that exists the catalogue is not read: its products may have been removed since.
    """

    def decide(shopping_list: ShoppingList) -> None:
        lines = _lines(wanted) if shopping_list.is_new else []
        shopping_list.create(order_id, lines, by_staff=False)

    lists.create(order_id, decide)


def plan_by_staff(order_id: str, wanted: Iterable[Wanted]) -> str:
    """Create a list with an id of its own, and return that. Raises InvalidError, NotFoundError, UnavailableError."""
    list_id = context.current().new_id()
    lists.create(list_id, lambda shopping_list: shopping_list.create(order_id, _lines(wanted), by_staff=True))
    return list_id


def initiate(list_id: str) -> None:
    """Make an order's list available to robots. Raises NotFoundError, RefusedError."""
    lists.change(list_id, lambda shopping_list: shopping_list.initiate())


def initiate_by_staff(list_id: str) -> None:
    """Make a list that staff created available to robots. Raises NotFoundError, RefusedError."""
    lists.change(list_id, lambda shopping_list: shopping_list.initiate_by_staff())


def assign(list_id: str, bot_id: str) -> None:
    """Assign a list that is available to a robot that is idle.

    Raises InvalidError for a blank robot's id, NotFoundError, RefusedError, ConcurrencyError.
    """
    if not bot_id.strip():
        raise InvalidError("the bot id cannot be blank")

    def decide(shopping_list: ShoppingList, bot: Bot) -> None:
        shopping_list.assign(bot.id)
        bot.assign(shopping_list.id, shopping_list.assignment)

    change_together((lists, list_id), (bots, bot_id), decide)


def start(list_id: str, assignment: int) -> None:
    """A robot starts to collect a list. Raises NotFoundError, RefusedError."""
    started = lists.change(list_id, lambda shopping_list: shopping_list.start(assignment, clock.stamp()))
    lease.renew_by_step(started, assignment)


def pick(list_id: str, assignment: int, store_id: str, product_id: str, quantity: int) -> None:
    """A robot has picked `quantity` of a product in all. Raises NotFoundError, RefusedError, InvalidError."""
    pick_items(list_id, assignment, {(store_id, product_id): quantity})


def pick_items(list_id: str, assignment: int, picked: Mapping[Key, int]) -> None:
    """A robot has picked that many of each item in all, in one commit. Raises as `pick` does."""
    reported = lists.change(list_id, lambda shopping_list: shopping_list.pick_items(assignment, picked))
    lease.renew_by_step(reported, assignment)


def complete(list_id: str, shortages: Iterable[Shortage] | None, assignment: int | None) -> None:
    """A list's items are at the depot; its robot is free. Raises NotFoundError, RefusedError, InvalidError."""

    def decide(shopping_list: ShoppingList, bot: Bot | None) -> None:
        shopping_list.complete(shortages, assignment)
        if bot:
            bot.finish()

    completed = change_with_partner((lists, list_id), bots, robot_at_work, decide)
    if assignment is not None:
        lease.renew_by_step(completed, assignment)


def cancel(list_id: str) -> None:
    """Cancel a list; its robot is free of it. Raises NotFoundError, RefusedError."""

    def decide(shopping_list: ShoppingList, bot: Bot | None) -> None:
        shopping_list.cancel()
        if bot:
            bot.call_off()

    change_with_partner((lists, list_id), bots, robot_at_work, decide)


def cancel_for_order(order_id: str) -> None:
    """Cancel the list of an order that was cancelled or rejected, if it is not completed, even before it is created."""

    def decide(shopping_list: ShoppingList, bot: Bot | None) -> None:
        shopping_list.cancel_for_order()
        if bot:
            bot.call_off()

    change_with_partner((lists, order_id), bots, robot_at_work, decide, may_be_new=True)


def register_bot(name: str) -> tuple[str, str]:
    """Register a robot, and return its id and token. Raises InvalidError, UnavailableError.

    A registration that is repeated once the robot is retired raises RefusedError. A token is issued before the robot is
    registered: where none can be issued, there must be no robot without one.
    """
    bot_id = context.current().new_id()
    issued = tokens.issue(BOT, bot_id, generation=Bot.generation)
    bot = bots.create(bot_id, lambda bot: bot.register(name))
    bot.must_be_in_service()
    return bot_id, (issued if bot.generation == Bot.generation else _token(bot)).token


def renew_token(bot_id: str) -> Issued:
    """A token for a robot: by staff, whose renewal revokes all before it, or by the robot itself, which keeps them.

    A robot's own token must be of the generation of now: the gateway lets one that was revoked in for 60 seconds more,
    in which it must not get another that is valid. Raises NotFoundError, also to a robot that names another,
    RefusedError for one that is retired, UnauthenticatedError and UnavailableError.
    """
    by_staff = own_id(role=BOT) is None
    bot = bots.change(bot_id, Bot.revoke_tokens if by_staff else _must_not_be_revoked)
    judge = Bot.must_be_in_service if by_staff else _must_not_be_revoked
    judge(bot)  # a request that is repeated under its key decides nothing
    return _token(bot)


def _must_not_be_revoked(bot: Bot) -> None:
    bot.must_be_in_service()
    if context.current().caller.generation != bot.generation:
        raise UnauthenticatedError("this robot's token was replaced by staff")


def token_generation(bot_id: str) -> int:
    """The generation of a robot's tokens: no other is valid. Raises NotFoundError, also for one that is retired."""
    bot = bots.get(bot_id)
    if bot.status == "retired":
        raise NotFoundError(f"the bot {bot_id} is retired")
    return bot.generation


def _token(bot: Bot) -> Issued:
    return tokens.issue(BOT, bot.id, generation=bot.generation)


def bring_online(bot_id: str) -> None:
    """A robot is online: the first time, and as a heartbeat after that. Raises NotFoundError, RefusedError.

    The heartbeat is recorded before the commit, so that no sweep meets a robot that is online with a heartbeat of its
    last session. A request that is repeated under its key is no heartbeat.
    """

    def decide(bot: Bot) -> None:
        bot.come_online()
        lease.renew(bot_id)

    bots.change(bot_id, decide)


def take_offline(bot_id: str) -> None:
    """A robot goes offline; the list that it works on is given back. Raises NotFoundError, RefusedError."""
    change_with_partner((bots, bot_id), lists, list_in_work, _go_offline)


def retire(bot_id: str) -> None:
    """A robot leaves for good; the list that it works on is given back. Raises NotFoundError."""

    def decide(bot: Bot, shopping_list: ShoppingList | None) -> None:
        bot.retire()
        if shopping_list:
            shopping_list.give_back()

    change_with_partner((bots, bot_id), lists, list_in_work, decide)


def end_leases() -> int:
    """Take all robots offline that are online and have been silent for their lease.

    The fleet is asked when those that seem silent last reported over their stream. While it does not answer, or is
    behind with what robots say, no robot that has one is taken offline. Returns the seconds after which to look again,
    as some may have been silent; 0 if there are none.
    """
    heartbeats = views.heartbeats()
    left = {bot_id: lease.left(heartbeats.get(bot_id)) for bot_id in views.online_bots()}
    silent = [bot_id for bot_id, seconds in left.items() if seconds <= 0]
    learned, may_report = _learn(silent)
    left |= {bot_id: lease.left(moment) for bot_id, moment in learned.items()}
    silent = [bot_id for bot_id, seconds in left.items() if seconds <= 0]
    if silent and may_report:
        observe.logger().error("no robot on the stream is taken offline: fleet does not answer, or is behind")
        lease_not_ended.ring(robots=len(silent))
    sweep(silent, partial(end_lease, may_report=may_report), lease_not_ended)
    return ceil(max(filter(lease.is_in_doubt, left.values()), default=0))


def _learn(silent: Sequence[str]) -> tuple[dict[str, datetime], bool]:
    """When robots that seem silent were last heard, those on the stream, and whether they may report unheard."""
    if not silent:
        return {}, False
    try:
        heard, is_behind = lease.heard(silent)
    except UnavailableError as error:
        observe.log_error("fleet does not say which robots have reported", error)
        return {}, True
    lease.record(heard)
    return heard, is_behind


def end_lease(bot_id: str, *, may_report: bool = False) -> None:
    """Take a robot offline if it is online and its lease has ended. Raises NotFoundError.

    may_report: what it reports over its stream is not known; then one that has a stream stays online.
    """

    def decide(bot: Bot, shopping_list: ShoppingList | None) -> None:
        is_judged = bot.is_online and not (may_report and bot.has_stream)
        if is_judged and lease.left(views.last_heartbeat(bot_id)) <= 0:
            _go_offline(bot, shopping_list)

    change_with_partner((bots, bot_id), lists, list_in_work, decide)


def _lines(wanted: Iterable[Wanted]) -> list[Line]:
    return [_line(item) for item in wanted]


def _line(item: Wanted) -> Line:
    if not (item.store_id.strip() and item.product_id.strip()):
        raise InvalidError("the store id and the product id cannot be blank")
    line = views.line(**vars(item))
    if line is None:
        raise NotFoundError("product was not located")
    return line


def _go_offline(bot: Bot, shopping_list: ShoppingList | None) -> None:
    bot.go_offline()
    if shopping_list:
        shopping_list.give_back()
