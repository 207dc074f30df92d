"""Bugs of the depot: lists, robots, and who gives which to whom."""

from functions.depot import dispatch, dispatcher, lease, service
from functions.depot import inbox as depot_inbox
from functions.depot.domain import Bot, ShoppingList
from functions.depot.stops import planned
from tests.simulation.check.collection import ASSIGNMENT_NUMBER, LISTED, SHORTAGES, SILENT
from tests.simulation.check.orders import LIST_CANCELLED
from tests.simulation.check.published_state import PUBLISHED_STATE
from tests.simulation.check.robots import NEXT_NUMBER, NO_WAIT, ONE_ROBOT
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "two robots for one list",
        "A list goes to every robot that is idle.",
        (LEGAL, ONE_ROBOT),
        (
            Edit(dispatch.look, "zip(bots, lists, strict=False)", "((bot, one) for one in lists for bot in bots)"),
            Edit(ShoppingList.assign, 'self.must_be("available")', 'self.must_be("available", "assigned")'),
        ),
    ),
    Bug(
        "two lists for one robot",
        "Every list that waits goes to the robot that is idle.",
        (LEGAL, ONE_ROBOT),
        (
            Edit(dispatch.look, "zip(bots, lists, strict=False)", "((bot, one) for bot in bots for one in lists)"),
            Edit(Bot.assign, 'self.must_be("idle")', 'self.must_be("idle", "active")'),
        ),
    ),
    Bug(
        "list and robot assigned one by one",
        "A list is given to a robot before the robot is given the list.",
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
        "Whoever's list is called off waits for ever with a list that is none.",
        (ONE_ROBOT,),
        (
            Edit(
                service.call_off,
                "        if bot:\n            bot.finish()\n",
                "",
            ),
        ),
    ),
    Bug(
        "robot keeps its list when it leaves",
        "A robot that goes offline takes its list along.",
        (ONE_ROBOT,),
        (Edit(service._leave, "shopping_list.give_back()", "pass"),),
    ),
    Bug(
        "assignment numbers begin again",
        "Each assignment of a list has the number 1.",
        (NEXT_NUMBER,),
        (Edit(ShoppingList.assign, "self.assignment + 1", "1"),),
    ),
    Bug(
        "picks add up",
        "A robot's word that it has two in all counts as two more.",
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
        "Of each product one is collected, however many were ordered.",
        (LISTED,),
        (Edit(planned, "there.quantity + line.quantity", "there.quantity + 1"),),
    ),
    Bug(
        "short picks not reported",
        "A list that is completed short says that all was found.",
        (SHORTAGES,),
        (Edit(ShoppingList.complete, 'not_picked(self.stops) if self.status == "active" else ()', "()"),),
    ),
    Bug(
        "silent robots stay online",
        "A robot that is lost keeps its list for ever.",
        (SILENT,),
        (Edit(lease.rest, "max(0, min(", "max(1, min("),),
    ),
    Bug(
        "lease not looked at again",
        "A robot that was there at the first look is taken to be there for ever.",
        (SILENT,),
        (Edit(lease.look_again, "runtime.current().queue.send(body, delay=min(after, LONGEST_DELAY))", "pass"),),
    ),
    Bug(
        "end of an order not heard",
        "The depot goes on collecting for an order that was cancelled after its approval.",
        (LIST_CANCELLED,),
        (Edit(depot_inbox.order_ended, "service.call_off(event.order_id)", "pass"),),
    ),
    Bug(
        "assignment numbers not compared",
        "A robot goes on with a list that was given to another.",
        (ASSIGNMENT_NUMBER,),
        (Edit(ShoppingList._must_have_number, "assignment != self.assignment", "False"),),
    ),
    Bug(
        "picks survive a return",
        "What a lost robot had picked counts for whoever is given its list.",
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
        "no second look",
        "A look that leaves a list waiting is the last.",
        (NO_WAIT,),
        (
            Edit(
                dispatch.look,
                "_look_again(named if named and hidden else left, 0 if pairs or missed else looks, bucket)",
                "pass",
            ),
        ),
    ),
    Bug(
        "only what the index shows",
        "A list whose event comes before its row is not looked at.",
        (NO_WAIT,),
        (Edit(dispatch.look, "views.waiting_list(list_id) if list_id else None", "None"),),
    ),
    Bug(
        "robots that come online are not looked at",
        "A list waits for its next look although a robot has come.",
        (NO_WAIT,),
        (Edit(dispatcher.bot_idle, "dispatch.look(bot_id=event.bot_id)", "pass"),),
    ),
)
