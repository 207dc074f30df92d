"""Planted bugs of baskets, orders and notifications."""

from functions.baskets import service as baskets_service
from functions.baskets.domain import Basket
from functions.notifications import service as notifications_service
from functions.ordering import inbox as ordering_inbox
from functions.ordering import service as ordering_service
from functions.ordering.domain import Order
from tests.simulation.check.baskets import CONTENTS, EXPIRES_IN_TIME
from tests.simulation.check.commands import ONCE
from tests.simulation.check.money import INVOICED, OWED
from tests.simulation.check.orders import ADDED_UP, LIST_LOST, NOT_EMPTY, READY
from tests.simulation.check.side_effects import NOTIFIED_ONCE, ONE_ID, RECORDED, SKIPPED
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "basket changed after its checkout",
        "An item is added to a basket that was checked out.",
        (LEGAL,),
        (Edit(Basket.add_item, 'self.must_be("open")', 'self.must_be("open", "checked_out")'),),
    ),
    Bug(
        "checked out twice",
        "A basket can be checked out again.",
        (LEGAL,),
        (Edit(Basket.check_out, 'self.must_be("open")', 'self.must_be("open", "checked_out")'),),
    ),
    Bug(
        "re-adding replaces",
        "Adding two more of a product leaves two in the basket.",
        (CONTENTS,),
        (Edit(Basket.add_item, "quantity=line.quantity + quantity), at", "quantity=quantity), at"),),
    ),
    Bug(
        "removal by the difference",
        "A removal records how many go instead of how many stay.",
        (CONTENTS,),
        (Edit(Basket.remove_item, "line.quantity - quantity", "quantity"),),
    ),
    Bug(
        "busy baskets abandoned",
        "A basket is abandoned however lately it was touched.",
        (EXPIRES_IN_TIME,),
        (
            Edit(Basket.abandon, "now - datetime.fromisoformat(self.touched_at) >= untouched", "now"),
            Edit(baskets_service.abandon_untouched, "clock.now() - _untouched()", "clock.now()"),
        ),
    ),
    Bug(
        "left baskets stay open",
        "An untouched basket is never abandoned.",
        (EXPIRES_IN_TIME,),
        (Edit(Basket.abandon, 'self.status == "open" and', "False and"),),
    ),
    Bug(
        "order with two lines of one product",
        "The lines of an order are not added up, so each is judged by itself.",
        (ADDED_UP,),
        (Edit(Order.create, "added_up(items)", "tuple(items)"),),
    ),
    Bug(
        "what is missing is still owed",
        "An order that is ready costs what was ordered, not what was found.",
        (INVOICED, OWED),
        (Edit(Order._readied, "without(self.items, event.shortages)", "self.items"),),
    ),
    Bug(
        "nothing found is ready",
        "An order of which nothing was found is ready for pickup.",
        (NOT_EMPTY,),
        (Edit(Order._make_ready_or_cancel, "not without(self.items, shortages)", "False"),),
    ),
    Bug(
        "list collected early forgotten",
        "A list that is completed before its order is approved never makes the order ready.",
        (READY,),
        (Edit(Order.approve, "if shopping_list_id in self.collected_early:", "if False:"),),
    ),
    Bug(
        "order outlives its list",
        "An approved order whose list was cancelled waits for it for ever.",
        (LIST_LOST,),
        (Edit(Order.lose_list, "if shopping_list_id == self.shopping_list_id:", "if False:"),),
    ),
    Bug(
        "completion ignored",
        "An order ignores that its list was completed.",
        (READY,),
        (Edit(ordering_inbox.shopping_list_completed, "if event.by_staff:", "if event:"),),
    ),
    Bug(
        "payment of an order ignored",
        "An order ignores that its invoice was paid.",
        (INVOICED,),
        (Edit(ordering_inbox.invoice_paid, "service.mark_paid(event.order_id)", "pass"),),
    ),
    Bug(
        "paid and ready does not complete",
        "An order that is paid and ready never completes.",
        (LEGAL,),
        (Edit(Order.pay, "self._complete_when_done()", "pass"),),
    ),
    Bug(
        "paid before ready is forgotten",
        "An order ignores a payment before it is ready.",
        (INVOICED,),
        (Edit(Order.pay, 'self.must_be("pending", "approved", "ready")', 'self.must_be("ready")'),),
    ),
    Bug(
        "cancelled order paid",
        "An order is paid after its end.",
        (LEGAL,),
        (Edit(Order.pay, 'self.must_be("pending", "approved", "ready")', "pass"),),
    ),
    Bug(
        "request answered though refused",
        "A cancellation that is not allowed is answered with success.",
        (ONCE,),
        (
            Edit(
                ordering_service.cancel,
                "orders.change(order_id, lambda order: order.cancel(reason, by))",
                "_change_unless_refused(order_id, lambda order: order.cancel(reason, by))",
            ),
        ),
    ),
    Bug(
        "text with a fresh id",
        "Each attempt to send a text has a new request id.",
        (ONE_ID, RECORDED),
        (Edit(notifications_service.notify, "request_id=notification_id", "request_id=ids.new()"),),
    ),
    Bug(
        "one text for each event received",
        "A notification's id is not derived from order and kind.",
        (NOTIFIED_ONCE, ONE_ID),
        (Edit(notifications_service.notify, "ids.derive(order_id, kind)", "ids.new()"),),
    ),
    Bug(
        "kinds of notification share an id",
        "A customer is notified of one stage of an order only.",
        (NOTIFIED_ONCE,),
        (Edit(notifications_service.notify, "ids.derive(order_id, kind)", "ids.derive(order_id)"),),
    ),
    Bug(
        "text recorded before it is sent",
        "A crash in between leaves a notification that was never sent.",
        (RECORDED,),
        (
            Edit(
                notifications_service.notify,
                "        texts().send(",
                "        notifications.create(\n            notification_id,"
                " lambda notification: notification.mark_sent(order_id, customer_id, kind, clock.stamp()))\n"
                "        texts().send(",
            ),
        ),
    ),
    Bug(
        "text skipped that the carrier did not take",
        "A carrier that does not answer is taken for a number that cannot be reached.",
        (SKIPPED,),
        (Edit(notifications_service.notify, "(NotFoundError, UnreachableNumberError)", "Exception"),),
    ),
    Bug(
        "unpaid orders wait for ever",
        "An order that is ready and not paid never expires.",
        (EXPIRES_IN_TIME,),
        (Edit(Order.expire, "if self.awaits_payment and", "if False and"),),
    ),
)
