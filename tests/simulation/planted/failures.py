"""Bugs by which something always fails, so that it is laid aside, answered 5xx, or takes others along."""

from functions.baskets.domain import Basket
from functions.kernel.eventstore import relay, repository
from functions.kernel.messaging.inbox import Inbox
from functions.notifications import inbox as notifications_inbox
from functions.ordering import service as ordering_service
from functions.payments import inbox as payments_inbox
from tests.simulation.check.failures import CAUSED
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "one kind of message always fails",
        "The handler of a notification does not know one of its messages, and every try ends with an error.",
        (CAUSED,),
        (Edit(notifications_inbox.notify, "KINDS[type(event)]", '{OrderCreated: "received"}[type(event)]'),),
    ),
    Bug(
        "a message that comes again fails",
        "What was handled before is taken for an error, and lies with the dead letters after eight tries.",
        (CAUSED,),
        (Edit(repository.recall, "working.recorded = recorded", 'raise RuntimeError("handled before")'),),
    ),
    Bug(
        "answered with an error when it is not there",
        "An order that takes a fact after its end fails, instead of changing nothing.",
        (CAUSED,),
        (Edit(ordering_service._note, "with suppress(RefusedError)", "with suppress(KeyError)"),),
    ),
    Bug(
        "a silent provider is taken for a refusal",
        "A refund is laid aside for good when the provider does not answer.",
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
        "A message that fails ends the function, and its whole batch waits for the end of its visibility.",
        (CAUSED,),
        (Edit(Inbox._receive, "return self._failed(record, error)", "raise"),),
    ),
    Bug(
        "a reminder that was sent is reported as failed",
        "The relay tries each reminder again until its stream gives the commit up.",
        (CAUSED,),
        (Edit(relay._remind, "return True", "return False"),),
    ),
    Bug(
        "a route that crashes",
        "Whoever takes something out of a basket is answered 500, for no fault of the cloud.",
        (CAUSED,),
        (Edit(Basket.remove_item, "line.quantity - quantity", 'line["quantity"] - quantity'),),
    ),
)
