"""Planted bugs of the depot: lists, robots and their assignment."""

from functions.depot import dispatcher, lease, matching, service, views
from functions.depot import inbox as depot_inbox
from functions.depot.bot import Bot
from functions.depot.domain import ShoppingList
from functions.depot.stops import planned
from tests.simulation.check.collection import ASSIGNMENT_NUMBER, LISTED, REPORTS, SHORTAGES, SILENT
from tests.simulation.check.loops import NO_LOOP
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
            Edit(matching._Run.look, "zip(waiting_lists, idle_bots,", "zip(waiting_lists * PAIRS, self._find(bots),"),
            Edit(matching._waits, "found.status", "True or found.status"),
            Edit(ShoppingList.assign, 'self.must_be("available")', 'self.must_be("available", "assigned")'),
        ),
    ),
    Bug(
        "two lists for one robot",
        "Every available list is assigned to the same idle robot.",
        (LEGAL, ONE_ROBOT),
        (
            Edit(matching._Run.look, "zip(waiting_lists, idle_bots,", "zip(self._find(lists), idle_bots * PAIRS,"),
            Edit(matching._waits, "found.status", "True or found.status"),
            Edit(Bot.assign, 'self.must_be("idle")', 'self.must_be("idle", "active")'),
        ),
    ),
    Bug(
        "list and robot assigned one by one",
        "List and robot are changed in two commits instead of one transaction.",
        (ONE_ROBOT,),
        (
            Edit(
                matching._assign,
                "change_together((partners.lists, one.row.id), (partners.bots, other.row.id), decide, loaded=loaded)",
                "partners.lists.change(one.row.id, lambda each: each.assign(other.row.id))\n"
                "    partners.bots.change(other.row.id, lambda each: each.assign(one.row.id, 1))",
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
                "        if bot:\n            bot.call_off()\n",
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
        (Edit(lease.left, "return seconds()", "return 1e9 + seconds()"),),
    ),
    Bug(
        "heartbeats not recorded in time",
        "A heartbeat is not recorded while the last one that was is younger than the lease.",
        (REPORTS,),
        (
            Edit(lease._recorded_for, "min(RECORDED_FOR, seconds() / 4)", "seconds()"),
            Edit(lease.left, " + _recorded_for()", ""),
        ),
    ),
    Bug(
        "robots at work not swept",
        "A robot that falls silent at work is never taken offline.",
        (SILENT,),
        (Edit(views.online_bots, '("idle", "active")', '("idle",)'),),
    ),
    Bug(
        "sweep by messages to itself",
        "The sweep of leases goes on by messages that it sends itself.",
        (NO_LOOP,),
        (
            Edit(
                depot_inbox.robot_leases_due,
                "seconds = service.end_leases()",
                "seconds = service.end_leases()\n"
                "    from functions.kernel.eventstore.publish import reminder_body\n"
                "    from functions.kernel.runtime import context, runtime\n"
                "    runtime.current().queue.send(reminder_body(timer, context.current()), delay=20)",
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
        "lists that become available are ignored",
        "The dispatcher keeps no row of a list that becomes available, until the next minute.",
        (NO_WAIT,),
        (Edit(views.waiting_list_row, "_begun(WAITING_LISTS, event.shopping_list_id, metadata).row", "None"),),
    ),
    Bug(
        "robots that come online are ignored",
        "The dispatcher keeps no row of a robot that becomes idle, until the next minute.",
        (NO_WAIT,),
        (Edit(views.idle_bot_row, "_begun(IDLE_BOTS, event.bot_id, metadata).row", "None"),),
    ),
    Bug(
        "no look follows a batch",
        "The dispatcher makes no pairs when a list or a robot begins to wait.",
        (NO_WAIT,),
        (Edit(dispatcher.match, "matching.match()", "pass"),),
    ),
)
