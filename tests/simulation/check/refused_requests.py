"""Requests: one that is refused for what is stored has its reason there. People here ask for nothing malformed.

Without this a system that refuses everything violates nothing, for then nothing happens.
"""

from collections.abc import Callable, Iterator

from tests.simulation.check.commands import route_of
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Request
from tests.simulation.check.refusals import Past
from tests.simulation.check.violation import Violation

REASON_STORED = "a request is refused only for a reason in the stored history"

INVALID, REFUSED = (400, "invalid"), (409, "refused")  # status and code; conflicts of writers and others are none
ENDS_A_BASKET = {"Cancelled", "CheckedOut", "Abandoned"}
TOO_MUCH = 2**53  # cents
PROVIDER = "provider"  # the faults of the payment provider

Reason = Callable[[Request, str, Past], bool]


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Requests of the routes below that were refused, and nothing stored until then refuses them."""
    provider_struck = any(
        kind == "fault" and fields["name"].startswith(PROVIDER) for _, kind, fields in history.entries
    )
    for request in history.requests.values():
        code = request.answer.get("code") if isinstance(request.answer, dict) else None
        if (request.status, code) not in (INVALID, REFUSED):
            continue
        route, id = route_of(request)
        if route in OF_THE_PROVIDER and provider_struck:
            continue
        reason = REASONS.get(route)
        if reason and not reason(request, id, Past(history, request.answered_at or 0)):
            text = f"{request.where} was answered {request.status} without a reason: {request.answer.get('detail')}"
            yield Violation(REASON_STORED, text, {"request": request.id})


def _never(request: Request, id: str, past: Past) -> bool:
    return False


def _too_much(request: Request, id: str, past: Past) -> bool:
    """Whether an amount in a body has too many cents for a number of JSON."""
    body = request.body if isinstance(request.body, dict) else {}
    return request.status == INVALID[0] and any(body.get(name, 0) * 100 >= TOO_MUCH for name in ("amount", "price"))


def _basket_ended(request: Request, id: str, past: Past) -> bool:
    return bool(past.names("Basket", id) & ENDS_A_BASKET)


def _checkout(request: Request, id: str, past: Past) -> bool:
    """Refused once the basket has ended; invalid while it is empty."""
    names = past.names("Basket", id)
    if request.status == REFUSED[0]:
        return bool(names & ENDS_A_BASKET)
    return "ItemAdded" not in names or "ItemRemoved" in names


def _bot_retired(request: Request, id: str, past: Past) -> bool:
    return "Retired" in past.names("Bot", id)


def _toggled(kind: str, *names: str) -> Reason:
    """Whether it is so already: since something of these was stored, or from the beginning where nothing was."""
    return lambda request, id, past: bool(past.names(kind, id) & set(names))


REASONS: dict[str, Reason] = {
    "POST /api/stores": _never,
    "POST /api/stores/*/products": _never,
    "POST /api/customers": _never,
    "POST /api/baskets": _never,
    "POST /api/baskets/withItems": _never,
    "POST /api/payments": _too_much,
    "POST /api/depot/bots": _never,
    "PUT /api/baskets/*/addItem": _basket_ended,
    "PUT /api/baskets/*/addItems": _basket_ended,
    "PUT /api/baskets/*/checkout": _checkout,
    "DELETE /api/baskets/*": _basket_ended,
    "PUT /api/customers/*/disable": _toggled("Customer", "Disabled", "Erased"),
    "PUT /api/stores/*/participating": _toggled("Store", "ParticipationToggled"),
    "PUT /api/depot/bots/*/online": _bot_retired,
}
OF_THE_PROVIDER = {"POST /api/payments"}
