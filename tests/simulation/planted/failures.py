"""Planted bugs by which a message, a batch or a request always fails."""

from functions.baskets.domain import Basket
from functions.kernel.eventstore import relay, repository
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.redelivery import Redelivery
from functions.notifications import inbox as notifications_inbox
from functions.ordering import service as ordering_service
from functions.payments import inbox as payments_inbox
from tests.simulation.check.failures import CAUSED
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "one kind of message always fails",
        "The handler of notifications fails at each attempt of all messages but one.",
        (CAUSED,),
        (Edit(notifications_inbox.notify, "KINDS[type(event)]", '{OrderCreated: "received"}[type(event)]'),),
    ),
    Bug(
        "a redelivered message fails",
        "A message that was handled before raises an error until it is dead-lettered.",
        (CAUSED,),
        (Edit(repository.recall, "working.recorded = recorded", 'raise RuntimeError("handled before")'),),
    ),
    Bug(
        "a message after the end fails",
        "A message to an order that has ended fails instead of changing nothing.",
        (CAUSED,),
        (Edit(ordering_service._change_unless_refused, "with suppress(RefusedError)", "with suppress(KeyError)"),),
    ),
    Bug(
        "a silent provider is taken for a refusal",
        "A refund is dead-lettered at once when the provider does not answer.",
        (CAUSED,),
        (Edit(payments_inbox.make_refund, "except RefusedError", "except Exception"),),
    ),
    Bug(
        "a message fails its batch",
        "When one message of a batch fails, all of them are reported.",
        (CAUSED,),
        (
            Edit(
                Inbox.handle,
                "for message_id in failed]",
                'for message_id in (failed and [record["messageId"] for record in event["Records"]])]',
            ),
        ),
    ),
    Bug(
        "an error ends the batch",
        "A message that fails makes the invocation fail, with its whole batch.",
        (CAUSED,),
        (
            Edit(
                Redelivery.may_leave,
                "return error is None",
                "if error:\n            raise error\n        return error is None",
            ),
        ),
    ),
    Bug(
        "a timer that was sent is reported as failed",
        "The relay retries each timer until its commit is given up.",
        (CAUSED,),
        (Edit(relay._remind, "return True", "return False"),),
    ),
    Bug(
        "a route that crashes",
        "Removing an item from a basket is always answered with 500.",
        (CAUSED,),
        (Edit(Basket.remove_item, "line.quantity - quantity", 'line["quantity"] - quantity'),),
    ),
)
