"""Planted bugs of the depot: lists, robots and their assignment."""

from functions.depot import dispatcher, lease, matching, service
from functions.depot import inbox as depot_inbox
from functions.depot.domain import Bot, ShoppingList
from functions.depot.stops import planned
from tests.simulation.check.collection import ASSIGNMENT_NUMBER, LISTED, SHORTAGES, SILENT
from tests.simulation.check.orders import ADDED_UP, LIST_CANCELLED
from tests.simulation.check.published_state import PUBLISHED_STATE
from tests.simulation.check.robots import NEXT_NUMBER, NO_WAIT, ONE_ROBOT
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "two robots for one list",
        "A list is assigned to every idle robot.",
        (LEGAL, ONE_ROBOT),
        (
            Edit(matching.match, "zip(bots, lists, strict=False)", "((bot, one) for one in lists for bot in bots)"),
            Edit(ShoppingList.assign, 'self.must_be("available")', 'self.must_be("available", "assigned")'),
        ),
    ),
    Bug(
        "two lists for one robot",
        "Every available list is assigned to the same idle robot.",
        (LEGAL, ONE_ROBOT),
        (
            Edit(matching.match, "zip(bots, lists, strict=False)", "((bot, one) for bot in bots for one in lists)"),
            Edit(Bot.assign, 'self.must_be("idle")', 'self.must_be("idle", "active")'),
        ),
    ),
    Bug(
        "list and robot assigned one by one",
        "List and robot are changed in two commits instead of one transaction.",
        (ONE_ROBOT,),
        (
            Edit(
                service.assign,
                "change_together((lists, list_id), (bots, bot_id), decide)",
                "lists.change(list_id, lambda one: one.assign(bot_id))\n"
                "    bots.change(bot_id, lambda one: one.assign(list_id))",
            ),
        ),
    ),
    Bug(
        "robot not freed by a cancelled list",
        "A robot whose list is cancelled never becomes idle.",
        (ONE_ROBOT,),
        (
            Edit(
                service.cancel_for_order,
                "        if bot:\n            bot.finish()\n",
                "",
            ),
        ),
    ),
    Bug(
        "robot keeps its list when it leaves",
        "A robot that goes offline keeps its list.",
        (ONE_ROBOT,),
        (Edit(service._go_offline, "shopping_list.give_back()", "pass"),),
    ),
    Bug(
        "assignment numbers begin again",
        "Each assignment of a list has the number 1.",
        (NEXT_NUMBER,),
        (Edit(ShoppingList.assign, "self.assignment + 1", "1"),),
    ),
    Bug(
        "picks add up",
        "An absolute quantity is added to what was picked before.",
        (SHORTAGES,),
        (
            Edit(
                ShoppingList._picked,
                ": event.quantity}",
                ": items_at(self.stops)[event.store_id, event.product_id].picked + event.quantity}",
            ),
        ),
    ),
    Bug(
        "one of each",
        "A list has one of each product, however many were ordered.",
        (LISTED,),
        (Edit(planned, "there.quantity + line.quantity", "there.quantity + 1"),),
    ),
    Bug(
        "limit per line of a list",
        "Each line is judged by itself, so two lines of 999 are a list of 1,998 that no pick can name.",
        (ADDED_UP,),
        (Edit(planned, "item.quantity > MOST_OF_ONE", "item.quantity < 0"),),
    ),
    Bug(
        "short picks not reported",
        "A list that is completed short reports no shortages.",
        (SHORTAGES,),
        (Edit(ShoppingList.complete, 'not_picked(self.stops) if self.status == "active" else ()', "()"),),
    ),
    Bug(
        "silent robots stay online",
        "A lost robot is never taken offline.",
        (SILENT,),
        (Edit(lease.seconds_left, "max(0, min(", "max(1, min("),),
    ),
    Bug(
        "lease checked once",
        "A lease that is valid at its first check is never checked again.",
        (SILENT,),
        (
            Edit(
                lease.schedule_next_check, "runtime.current().queue.send(body, delay=min(after, LONGEST_DELAY))", "pass"
            ),
        ),
    ),
    Bug(
        "end of an order ignored",
        "The list of an order that was cancelled after its approval stays open.",
        (LIST_CANCELLED,),
        (Edit(depot_inbox.order_ended, "service.cancel_for_order(event.order_id)", "pass"),),
    ),
    Bug(
        "assignment numbers not compared",
        "A robot works on a list that was assigned to another.",
        (ASSIGNMENT_NUMBER,),
        (Edit(ShoppingList._must_have_number, "assignment != self.assignment", "False"),),
    ),
    Bug(
        "picks survive a return",
        "What a lost robot picked counts for the next robot of the list.",
        (PUBLISHED_STATE, SHORTAGES),
        (
            Edit(
                ShoppingList._given_back,
                "with_picked(self.stops, dict.fromkeys(items_at(self.stops), 0))",
                "self.stops",
            ),
        ),
    ),
    Bug(
        "dispatcher does not retry",
        "A run of the dispatcher that leaves a list waiting plans no other.",
        (NO_WAIT,),
        (
            Edit(
                matching.match,
                "_schedule_next_match(named if named and hidden else left, 0 if pairs or missed else runs, bucket)",
                "pass",
            ),
        ),
    ),
    Bug(
        "only what the index shows",
        "The dispatcher ignores a list whose event arrives before its row.",
        (NO_WAIT,),
        (Edit(matching.match, "views.waiting_list(list_id) if list_id else None", "None"),),
    ),
    Bug(
        "robots that come online are ignored",
        "The dispatcher does not run when a robot comes online.",
        (NO_WAIT,),
        (Edit(dispatcher.bot_idle, "matching.match(bot_id=event.bot_id)", "pass"),),
    ),
)
