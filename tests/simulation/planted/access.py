"""Planted bugs of identity: who may, whose a thing is, who is named, and which tokens count."""

from functions.baskets import service as baskets_service
from functions.customers import service as customers_service
from functions.customers import sessions
from functions.depot import partners
from functions.depot import service as depot_service
from functions.gateway import authorizer
from functions.kernel.eventstore import publish, repository
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging import inbox
from functions.kernel.rest import caller
from functions.kernel.runtime import tokens
from functions.kernel.runtime.context import Caller
from functions.ordering import service as ordering_service
from functions.payments import service as payments_service
from functions.search import service as search_service
from tests.simulation.check.access import ADMITTED, NOT_ADMITTED, NOT_CHANGED, NOT_SEEN, REFUSED_AS
from tests.simulation.check.identity import ACTOR, ISSUED, REVOKED, VALID
from tests.simulation.planted.bug import Bug, Edit, Set

ANOTHERS = (NOT_ADMITTED, NOT_CHANGED, REFUSED_AS)


def _unowned(name: str, what: str, owned: object) -> Bug:
    """Whose the aggregates of a repository are is not asked."""
    return Bug(name, what, ANOTHERS, (Set(owned, "_owner", None),))


BUGS = (
    Bug(
        "access: routes admit everyone with a role",
        "Which role a caller has is not judged.",
        ANOTHERS,
        (Edit(caller.admit, "if may == OPEN or who.has(*may):", "if may == OPEN or who.role:"),),
    ),
    Bug(
        "access: a caller without a role is admitted",
        "A request without a token may do everything.",
        ANOTHERS,
        (Edit(caller.admit, "if may == OPEN or who.has(*may):", "if who.role is None or who.has(*may):"),),
    ),
    Bug(
        "access: an operator without staff's rights",
        "An operator may not do what staff may.",
        (ADMITTED,),
        (Edit(Caller.has, "or (self.role == OPERATOR and STAFF in roles)", ""),),
    ),
    Bug(
        "access: no token is forbidden",
        "A request without a token is answered with 403.",
        (REFUSED_AS,),
        (Edit(caller.admit, "if who.role is not None:", "if True:"),),
    ),
    Bug(
        "access: another's is forbidden",
        "What is another's is answered with 403, which tells that it is there.",
        (REFUSED_AS,),
        (
            Edit(
                Repository.must_be_there,
                "raise _missing_error(aggregate)",
                "from functions.kernel.domain.errors import ForbiddenError\n"
                "            raise _missing_error(aggregate) if aggregate.is_new else ForbiddenError('not yours')",
            ),
        ),
    ),
    _unowned("access: baskets of others", "A customer reads and changes any basket.", baskets_service.baskets),
    _unowned("access: orders of others", "A customer reads and cancels any order.", ordering_service.orders),
    _unowned("access: payments of others", "A customer reads any payment.", payments_service.payments),
    _unowned("access: invoices of others", "A customer reads and pays any invoice.", payments_service.invoices),
    _unowned("access: profiles of others", "A customer reads and changes any profile.", customers_service.customers),
    _unowned("access: lists of others", "A robot reads and works on any list.", partners.lists),
    _unowned("access: robots of others", "A robot takes any other offline.", partners.bots),
    Bug(
        "access: reads of others",
        "Whose a thing is counts for changes alone.",
        (NOT_ADMITTED,),
        (Edit(Repository.get, "self.must_be_there(aggregate)", "aggregate.is_new and self.must_be_there(aggregate)"),),
    ),
    Bug(
        "access: changes of others",
        "Whose a thing is counts for reads alone.",
        ANOTHERS,
        (
            Edit(
                Repository._decide,
                "self.must_be_there(aggregate)",
                "aggregate.is_new and self.must_be_there(aggregate)",
            ),
        ),
    ),
    Bug(
        "access: version before ownership",
        "If-Match is judged before whose a thing is, so 412 tells that it is there.",
        (REFUSED_AS,),
        (
            Edit(
                Repository._decide,
                "if not may_be_new:\n                self.must_be_there(aggregate)\n"
                "            check_expected_version(aggregate, working)\n",
                "check_expected_version(aggregate, working)\n            if not may_be_new:\n"
                "                self.must_be_there(aggregate)\n",
            ),
        ),
    ),
    Bug(
        "access: invoices paid by others",
        "Of two aggregates that are changed together, nobody asks whose the first is.",
        ANOTHERS,
        (
            Edit(repository.change_together, "firsts.must_be_there(one.aggregate)", "pass"),
            Edit(payments_service._payment_of, "invoices.must_be_there(invoice)", "pass"),
        ),
    ),
    Bug(
        "access: a basket for another",
        "A customer starts a basket for another customer.",
        ANOTHERS,
        (Edit(baskets_service.start, "must_be(customer_id)", "pass"),),
    ),
    Bug(
        "access: a payment for another",
        "A customer has another customer's money authorized.",
        ANOTHERS,
        (Edit(payments_service.authorize, "must_be(customer_id)", "pass"),),
    ),
    Bug(
        "access: a filter for another",
        "A customer finds the orders of the customer that the filters name.",
        (NOT_ADMITTED, NOT_SEEN),
        (Edit(search_service.permitted, "must_be(filters.customer_id or own)", "own = filters.customer_id or own"),),
    ),
    Bug(
        "access: a search of all orders",
        "A search without filters shows a customer the orders of all.",
        (NOT_SEEN,),
        (Edit(search_service.permitted, "return replace(filters, customer_id=own)", "return filters"),),
    ),
    Bug(
        "access: another's order in search",
        "A customer finds any order by its id.",
        (NOT_ADMITTED,),
        (Edit(search_service.order, 'must_own(row["customer_id"], missing)', "pass"),),
    ),
    Bug(
        "access: all lists shown to a robot",
        "A robot that lists its lists is shown those of all.",
        (NOT_SEEN,),
        (Edit(depot_service.list_lists, "if bot_id is not None:", "if bot_id is None and status is NotImplemented:"),),
    ),
    Bug(
        "access: actor lost in messages",
        "Messages name the system, whoever began what they tell of.",
        (ACTOR,),
        (Edit(publish._detail, "actor=context.actor", 'actor="system"'),),
    ),
    Bug(
        "access: actor lost in commits",
        "Commits name the system, whoever began what led to them.",
        (ACTOR,),
        (Edit(Repository.prepare, "actor=working.actor", 'actor="system"'),),
    ),
    Bug(
        "access: actor lost on the way",
        "What follows from a message names the system.",
        (ACTOR,),
        (Edit(inbox._context, "actor=metadata.actor", 'actor="system"'),),
    ),
    Bug(
        "access: revoked robot admitted",
        "A robot's token counts though staff have issued another.",
        (REVOKED,),
        (Edit(authorizer._check_bot, 'said.more.get("generation") != bot.generation', "False"),),
    ),
    Bug(
        "access: session of a disabled customer",
        "A session goes on though its customer is disabled or erased.",
        (REVOKED,),
        (Edit(authorizer._check_customer, "customer is None or not customer.enabled", "False"),),
    ),
    Bug(
        "access: expired token admitted",
        "The times of a token are not judged.",
        (REVOKED, *ANOTHERS),
        (Edit(tokens.verified, "check_times(claims)", "pass"),),
    ),
    Bug(
        "access: token of another kind admitted",
        "Whatever the mall's key signed is taken for a token.",
        ANOTHERS,
        (Edit(tokens.read, "!= TYPE", '== ""'),),
    ),
    Bug(
        "access: session by any kiosk",
        "A kiosk opens a session for a customer whom it has not registered.",
        (ISSUED,),
        (Edit(sessions._first, "registered.kiosk_id != kiosk_id or not", "not"),),
    ),
    Bug(
        "access: token of an earlier generation",
        "A robot is issued a token of a generation that is revoked already.",
        (ISSUED, VALID),
        (Edit(depot_service._token, "generation=bot.generation", "generation=1"),),
    ),
    Bug(
        "access: token for a revoked one",
        "A robot whose token was revoked gets another while the gateway still lets it in.",
        (ISSUED,),
        (Edit(depot_service._must_not_be_revoked, "context.current().caller.generation != bot.generation", "False"),),
    ),
)
