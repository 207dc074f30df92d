"""Access: nobody gets an answer for, sees or changes what is another's, and a refusal says no more than it must.

The matrix is written from the domain ("Who may"), not from the routes of the services.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Request
from tests.simulation.check.violation import Violation
from tests.simulation.check.whose import Owners

NOT_ADMITTED = "who may not is never answered with success"
NOT_CHANGED = "nobody changes what is another's"
NOT_SEEN = "nobody sees what is another's"
REFUSED_AS = "without a token it is 401, with the wrong role 403, another's is 404, and another named in a body 403"
ADMITTED = "who may is neither unauthenticated nor forbidden"
FOUND = "who may see a thing finds it"

STAFF, KIOSK, OPERATOR = ("staff",), ("kiosk",), ("operator",)  # an operator may what staff may
BROWSERS, SHOPPERS, DEPOT = (*STAFF, *KIOSK, "customer"), (*STAFF, "customer"), (*STAFF, "bot")

# Who may use a route, and whose the thing must be where the caller is a customer or robot: the thing that its path
# names (an aggregate class, or "self"), or the customer that its body names.
MATRIX: dict[str, tuple[tuple[str, ...], str]] = {
    "POST /api/stores": (STAFF, ""),
    "GET /api/stores": (BROWSERS, ""),
    "GET /api/stores/participating": (BROWSERS, ""),
    "GET /api/stores/*": (BROWSERS, ""),
    "PUT /api/stores/*/participating": (STAFF, ""),
    "DELETE /api/stores/*/participating": (STAFF, ""),
    "PUT /api/stores/*/rebrand": (STAFF, ""),
    "POST /api/stores/*/products": (STAFF, ""),
    "GET /api/stores/*/products": (BROWSERS, ""),
    "GET /api/stores/products/*": (BROWSERS, ""),
    "DELETE /api/stores/products/*": (STAFF, ""),
    "PUT /api/stores/products/*/rebrand": (STAFF, ""),
    "PUT /api/stores/products/*/increasePrice": (STAFF, ""),
    "PUT /api/stores/products/*/decreasePrice": (STAFF, ""),
    "POST /api/customers": ((*STAFF, *KIOSK), ""),
    "GET /api/customers/*": (SHOPPERS, "self"),
    "GET /api/customers/*/data": (STAFF, ""),
    "PUT /api/customers/*/enable": (STAFF, ""),
    "PUT /api/customers/*/disable": (STAFF, ""),
    "PUT /api/customers/*/change-sms": (SHOPPERS, "self"),
    "PUT /api/customers/*/language": (SHOPPERS, "self"),
    "DELETE /api/customers/*": (SHOPPERS, "self"),
    "POST /api/customers/*/sessions": ((*KIOSK, "customer"), "self"),
    "POST /api/customers/numbers": (STAFF, ""),
    "POST /api/customers/codes": (KIOSK, ""),
    "POST /api/customers/sessions": (KIOSK, ""),
    "POST /api/baskets": (SHOPPERS, "named"),
    "POST /api/baskets/withItems": (SHOPPERS, "named"),
    "GET /api/baskets/*": (SHOPPERS, "Basket"),
    "DELETE /api/baskets/*": (SHOPPERS, "Basket"),
    "PUT /api/baskets/*/addItem": (SHOPPERS, "Basket"),
    "PUT /api/baskets/*/addItems": (SHOPPERS, "Basket"),
    "PUT /api/baskets/*/removeItem": (SHOPPERS, "Basket"),
    "PUT /api/baskets/*/checkout": (SHOPPERS, "Basket"),
    "POST /api/ordering": (STAFF, ""),
    "GET /api/ordering/*": (SHOPPERS, "Order"),
    "DELETE /api/ordering/*": (SHOPPERS, "Order"),
    "POST /api/payments": (SHOPPERS, "named"),
    "GET /api/payments/*": (SHOPPERS, "Payment"),
    "GET /api/payments/invoices/*": (SHOPPERS, "Invoice"),
    "PUT /api/payments/invoices/*/pay": (SHOPPERS, "Invoice"),
    "POST /api/payments/reconciliation": (STAFF, ""),
    "GET /api/payments/differences": (STAFF, ""),
    "GET /api/payments/differences/*": (STAFF, ""),
    "PUT /api/payments/differences/*/recheck": (STAFF, ""),
    "POST /api/search/orders": (SHOPPERS, "named"),
    "GET /api/search/orders/*": (SHOPPERS, "Order"),
    "GET /api/checkout/sagas": (STAFF, ""),
    "GET /api/checkout/sagas/*": (STAFF, ""),
    "PUT /api/checkout/sagas/*/resume": (STAFF, ""),
    "GET /api/notifications": (STAFF, ""),
    "GET /api/insights/funnel": (STAFF, ""),
    "GET /api/insights/sales": (STAFF, ""),
    "GET /api/insights/waiting": (STAFF, ""),
    "GET /api/insights/timeline/*": (STAFF, ""),
    "GET /api/insights/orders/*/timeline": (STAFF, ""),
    "POST /api/depot/shopping": (STAFF, ""),
    "GET /api/depot/shopping": (DEPOT, ""),
    "GET /api/depot/shopping/*": (DEPOT, "ShoppingList"),
    "POST /api/depot/shopping/*": (STAFF, ""),
    "PUT /api/depot/shopping/*/initiate": (STAFF, ""),
    "PUT /api/depot/shopping/*/assign": (STAFF, ""),
    "PUT /api/depot/shopping/*/start": (DEPOT, "ShoppingList"),
    "PUT /api/depot/shopping/*/pick": (DEPOT, "ShoppingList"),
    "PUT /api/depot/shopping/*/pickItems": (DEPOT, "ShoppingList"),
    "PUT /api/depot/shopping/*/complete": (DEPOT, "ShoppingList"),
    "POST /api/depot/bots": (STAFF, ""),
    "GET /api/depot/bots": (STAFF, ""),
    "PUT /api/depot/bots/*/online": (DEPOT, "self"),
    "PUT /api/depot/bots/*/offline": (DEPOT, "self"),
    "POST /api/depot/bots/*/token": (DEPOT, "self"),
    "DELETE /api/depot/bots/*": (STAFF, ""),
    "GET /api/fleet/robots": (STAFF, ""),
    "GET /api/fleet/robots/*": (STAFF, ""),
    "PUT /api/fleet/robots/*/pause": (STAFF, ""),
    "PUT /api/fleet/robots/*/resume": (STAFF, ""),
    "PUT /api/fleet/robots/*/actions/*/retry": (STAFF, ""),
    "PUT /api/fleet/robots/*/actions/*/skip": (STAFF, ""),
    "POST /api/fleet/robots/*/certificate": (STAFF, ""),
    "GET /api/fleet/floor": (STAFF, ""),
    **{
        f"{method} /api/operations/{path}": (OPERATOR, "")
        for method, paths in {
            "GET": (
                "audit",
                *("groups", "groups/*", "letters", "letters/*", "letters/*/test", "runs", "runs/*", "runs/*/letters"),
                *("forecasts/*", "forecasts/*/letters", "runs/*/forecast", "replays/*", "rebuilds/*", "consumers"),
                *("streams/*/*/*", "streams/*/*/*/state", "streams/*/*/*/difference", "orders/*/timeline"),
                *("estimates/replay", "estimates/rebuild", "services"),
            ),
            "POST": ("redrives", "forecasts", "replays", "rebuilds"),
            "PUT": (
                *("groups/*/note", "groups/*/owner", "groups/*/resolve", "consumers/*/*/pause", "consumers/*/*/resume"),
                *("letters/*/park", "letters/*/discard", "letters/*/reopen", "letters/*/data"),
                *("runs/*/pause", "runs/*/cancel", "runs/*/resume", "runs/*/switch", "runs/*/abort"),
                "sagas/*/retry",
            ),
        }.items()
        for path in paths
    },
}
# Are refused for more: see identity.py.
SESSIONS = ("POST /api/customers/*/sessions", "POST /api/depot/bots/*/token")
BY_CODE = ("POST /api/customers/sessions",)
OWN_ALONE = ("customer", "bot")  # roles that see and change their own alone
UNKNOWN_OUTCOME = (429, 500, 502, 503, 504)  # an answer that tells nothing
READS = ("Basket", "Order", "Payment", "Invoice", "ShoppingList")  # what is read from its stream
# A checkout may name any payment: the saga refuses another's. So an order may show the id of another's payment.
MAY_BE_ANOTHERS = "paymentId"

_PATHS = [(route, route.partition(" ")[0], route.partition(" ")[2].split("/")) for route in MATRIX]
_PATHS.sort(key=lambda known: known[2].count("*"))


@dataclass(frozen=True)
class Verdict:
    """What the matrix says of a request.

    statuses: those with which it is refused; none where its caller may. certain: whether that held all the while, for a
    list may change hands while a robot asks.
    """

    route: str
    statuses: tuple[int, ...] = ()
    certain: bool = True

    @property
    def may(self) -> bool:
        """Whether the caller may."""
        return not self.statuses


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Answers, changes and refusals that the matrix does not allow."""
    owners = Owners(history)
    for request in history.requests.values():
        verdict = judge(request, owners)
        about = {"request": request.id, "who": request.who}
        for invariant, text in (*_refusal(request, verdict), *_admission(request, verdict, owners)):
            yield Violation(invariant, f"{request.who or 'nobody'}: {request.where} {text}", about)
        for commit in request.commits:
            if (verdict.certain and not verdict.may) or not _may_change(request, verdict, commit, owners):
                text = f"{request.who or 'nobody'}: {request.where} changed {commit.where}"
                yield Violation(NOT_CHANGED, text, about)


def judge(request: Request, owners: Owners) -> Verdict:
    """Whether a request's caller may make it."""
    route, id = route_of(request)
    roles, whose = MATRIX.get(route, ((), ""))
    role, _, caller = request.who.partition(":")
    if not role:
        return Verdict(route, (401,))
    if role not in roles and not (role == "operator" and "staff" in roles):
        return Verdict(route, (403,))
    if role not in OWN_ALONE or not whose:
        return Verdict(route)
    if whose == "named":
        named = _named(request.body)
        return Verdict(route, () if named in ("", caller) else (403,))
    if whose == "self":
        return Verdict(route, () if id == caller else (404,))
    if whose == "ShoppingList":
        holders = owners.holders(id, _first_asked(request, owners), request.answered_at or owners.end)
        return Verdict(route, () if caller in holders else (404,), certain=holders == {caller} or caller not in holders)
    return Verdict(route, () if owners.owner(whose, id) == caller else (404,))


def route_of(request: Request) -> tuple[str, str]:
    """The route of a request, and the first id in its path; ("", "") for one that is in no matrix."""
    parts = request.path.partition("?")[0].split("/")
    for route, method, path in _PATHS:
        fits = method == request.method and len(path) == len(parts)
        if fits and all(want in ("*", part) for want, part in zip(path, parts, strict=True)):
            return route, parts[path.index("*")] if "*" in path else ""
    return "", ""


def _named(body: Any) -> str:
    """The customer that a body names, or its filters."""
    fields = body if isinstance(body, dict) else {}
    return str(fields.get("customerId") or (fields.get("filters") or {}).get("customerId") or "")


def _first_asked(request: Request, owners: Owners) -> int:
    """When a request was first sent: repeated under its key, it gets the first answer, whose ever the list is now."""
    return owners.first_asked.get((request.who, request.key, request.method, request.path), request.at)


def _refusal(request: Request, verdict: Verdict) -> Iterator[tuple[str, str]]:
    """What is wrong with the answer to who may not."""
    if verdict.may or not verdict.certain or request.status is None:
        return
    if request.accepted:
        yield NOT_ADMITTED, f"was answered {request.status}, not {verdict.statuses[0]}"
    elif request.status not in (*verdict.statuses, *UNKNOWN_OUTCOME) and not (request.token and request.status == 401):
        yield REFUSED_AS, f"was answered {request.status}, not {verdict.statuses[0]}"
    elif request.version is not None:
        yield NOT_SEEN, f"was refused, and shown the version {request.version}"


def _admission(request: Request, verdict: Verdict, owners: Owners) -> Iterator[tuple[str, str]]:
    """What is wrong with the answer to who may."""
    if not verdict.may:
        return
    if request.accepted:
        for seen in _of_others(request, owners):
            yield NOT_SEEN, f"showed {seen}"
    elif request.status in (401, 403) and not request.token and verdict.route not in (*SESSIONS, *BY_CODE):
        yield ADMITTED, f"was answered {request.status}"
    elif request.status == 404 and request.method == "GET" and verdict.certain:
        whose, id = MATRIX[verdict.route][1], route_of(request)[1]
        from_stream = whose in READS and "/search/" not in request.path
        if from_stream and owners.was_there(whose, id, request.at):
            yield FOUND, f"was answered 404, and {whose}#{id} was there"


def _of_others(request: Request, owners: Owners) -> Iterator[str]:
    """What an answer to a customer or robot has of others."""
    role, _, caller = request.who.partition(":")
    if role == "customer":
        for name, value in _texts(request.answer):
            owner = value if name == "customerId" else owners.customer_of.get(value, caller)
            if owner != caller and name != MAY_BE_ANOTHERS:
                yield f"{name} {value}, which is of {owner}"
    elif role == "bot":
        for name, value in _texts(request.answer):
            if name == "botId" and value != caller:
                yield f"a list of the robot {value}"


def _texts(answer: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts in an answer, each with the name of its member."""
    if isinstance(answer, dict):
        for member, value in answer.items():
            yield from _texts(value, member)
    elif isinstance(answer, list):
        for value in answer:
            yield from _texts(value, name)
    elif isinstance(answer, str):
        yield name, answer


def _may_change(request: Request, verdict: Verdict, commit: Commit, owners: Owners) -> bool:
    """Whether what a request changed was its caller's at that moment: it may have been answered later, or never."""
    role, _, caller = request.who.partition(":")
    if role == "bot" and commit.kind == "ShoppingList":
        return owners.holder_before(commit) == caller
    if role == "bot" and commit.kind == "Bot":
        return commit.aggregate_id == caller
    if role == "customer":
        return owners.customer_of.get(commit.aggregate_id, caller) == caller or commit.kind == "Payment"
    return bool(verdict.route)
