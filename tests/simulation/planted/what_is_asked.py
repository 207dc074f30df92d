"""Planted bugs of what is asked for and what is noted: values, statuses, flows, snapshots, and refusals."""

from functions.customers.domain import Customer
from functions.depot import matching
from functions.depot.domain import ShoppingList
from functions.fleet import service as fleet_service
from functions.kernel.domain.errors import KeyReusedError
from functions.kernel.eventstore import given_up, relay, repository
from functions.kernel.eventstore.loading import Loaded
from functions.kernel.messaging import inbox
from functions.kernel.messaging.replaying import Replay
from functions.kernel.rest.http import Api
from functions.payments import publish as payments_publish
from functions.payments import views as payments_views
from functions.stores.domain import Store
from tests.simulation.check.as_asked import AS_ASKED, SET
from tests.simulation.check.audited import NOTED_AGAIN
from tests.simulation.check.flows import FLOW, OF_ITS_LIST
from tests.simulation.check.money import AT_ONCE
from tests.simulation.check.provider import FORGOTTEN
from tests.simulation.check.refused_requests import STATUS
from tests.simulation.check.refused_steps import IN_SUCH_A_STATE
from tests.simulation.check.replies import BY_THE_RELAY
from tests.simulation.check.republished import WHOLE
from tests.simulation.check.runs import DESCRIBED, FULL, STOPS_FOR
from tests.simulation.check.snapshots import NOT_TOO_OFTEN, OFTEN_ENOUGH
from tests.simulation.planted.bug import Bug, Edit, Set

BUGS = (
    Bug(
        "number not changed",
        "A change of a customer's number is accepted and not recorded.",
        (SET,),
        (Edit(Customer.change_sms_number, "if sms_number != self.number_opened_by(key):", "if not sms_number:"),),
    ),
    Bug(
        "store under its location",
        "A store has its location as its name, and the other way round.",
        (AS_ASKED,),
        (Edit(Store.create, "self.record(Created(name, location))", "self.record(Created(location, name))"),),
    ),
    Bug(
        "used key as a conflict",
        "A key that was used for another request is answered with 409, as if asking again helped.",
        (STATUS,),
        (Set(KeyReusedError, "status", 409),),
    ),
    Bug(
        "audit without answers",
        "What people ask for is noted, and not how it was answered.",
        (NOTED_AGAIN,),
        (Edit(Api.handle, 'answered(response["statusCode"])', "pass"),),
    ),
    Bug(
        "reply by both ways",
        "A reply that a commit carries is put on the bus by the worker too.",
        (BY_THE_RELAY,),
        (Edit(repository._note_commits, "working.answered = working.answer is not None", "pass"),),
    ),
    Bug(
        "trace of whoever looked",
        "A list is assigned in the trace of the message by which the dispatcher looked.",
        (OF_ITS_LIST,),
        (Edit(matching._pair, "shopping_list.traceparent or run.traceparent", "run.traceparent"),),
    ),
    Bug(
        "trace that ends at each message",
        "What follows from a message begins a trace of its own.",
        (FLOW,),
        (Edit(inbox._context, "traceparent=metadata.traceparent,", ""),),
    ),
    Bug(
        "no snapshots",
        "No commit has a snapshot, so that each load folds its whole stream.",
        (OFTEN_ENOUGH,),
        (Edit(Loaded.snapshot, "if not self.aggregate.may_be_kept:", "if self.aggregate.may_be_kept:"),),
    ),
    Bug(
        "snapshots that cost",
        "A snapshot that takes a further KB is stored with each third commit.",
        (NOT_TOO_OFTEN,),
        (Edit(Loaded.snapshot_is_due, ">= SNAPSHOT_EVERY", ">= SNAPSHOT_EVERY - 1"),),  # type: ignore[arg-type]
    ),
    Bug(
        "payments found again",
        "The row of a payment without an order stays when it is released or taken.",
        (FORGOTTEN,),
        (Edit(payments_views.await_no_more, "runtime.current().views.delete(*payment.place)", "return"),),
    ),
    Bug(
        "void after a while",
        "What was held is released only a second after its payment was voided.",
        (AT_ONCE,),
        (Edit(payments_publish.void_due, "after=0", "after=1"),),
    ),
    Bug(
        "views not described",
        "A service does not say which views it has, so that none can be built anew.",
        (DESCRIBED, STOPS_FOR),
        (Edit(Replay.handle, "if (view := part.view)}", "if not (view := part.view)}"),),
    ),
    Bug(
        "one record an answer",
        "An answer about what a stream gave up holds the messages of one record.",
        (FULL,),
        (Edit(given_up.records, "if found and size > ANSWER_BYTES:", "if found:"),),
    ),
    Bug(
        "half a history",
        "A republish of everything reads one of two segments of the table.",
        (WHOLE,),
        (Edit(relay.republish, "Where(stream, segment, segments)", "Where(stream, segment, 2)"),),
    ),
    Bug(
        "staff's list not theirs",
        "A list that staff created is refused to them as one of an order.",
        (IN_SUCH_A_STATE,),
        (Edit(ShoppingList.initiate_by_staff, "and not self.by_staff", "and self.by_staff"),),
    ),
    Bug(
        "no certificate",
        "The certificate of a robot that is not retired is refused.",
        (IN_SUCH_A_STATE,),
        (Edit(fleet_service.is_known, "if found.retired:", "if not found.retired:"),),
    ),
)
