"""Requests: one that is refused for what is stored has its reason there. People here ask for nothing malformed.

Without this a system that refuses everything violates nothing, for then nothing happens.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.simulation.check.commands import route_of
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Request
from tests.simulation.check.refusals import Past
from tests.simulation.check.violation import Violation

REASON_STORED = "a request is refused only for a reason in the stored history"
STATUS = "a refusal has the status of its kind"
USED_BEFORE = "a key is refused as used before only when its caller used it for another request"

STATUSES = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "refused": 409,
    "conflict": 409,
    "stale": 412,
    "too_large": 413,
    "idempotency_key_reused": 422,
    "too_many": 429,
    "internal_error": 500,
    "unavailable": 503,
}
INVALID, REFUSED = (400, "invalid"), (409, "refused")  # status and code; conflicts of writers and others are none
ENDS_A_BASKET = {"Cancelled", "CheckedOut", "Abandoned"}
TOO_MUCH = 2**53  # cents
PROVIDER = "provider"  # the faults of the payment provider

Reason = Callable[[Request, str, Past], bool]


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Refusals of a wrong kind, and those of the routes below that nothing stored until then gives a reason for."""
    yield from _kinds(history)
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


def _kinds(history: ParsedHistory) -> Iterator[Violation]:
    """Whether the status of each refusal is that of its code, and whether a key that is said to be used was used."""
    used: dict[tuple[str, str | None], list[tuple[int, str]]] = defaultdict(list)
    for request in history.requests.values():
        used[request.who, request.key].append((request.at, _asked(request)))
    for request in history.requests.values():
        code = request.answer.get("code") if isinstance(request.answer, dict) else None
        about = {"request": request.id}
        if code in STATUSES and request.status != STATUSES[code]:
            yield Violation(STATUS, f"{request.where} was answered {request.status} with the code {code}", about)
        if code == "idempotency_key_reused" and not any(
            at <= (request.answered_at or 0) and asked != _asked(request)
            for at, asked in used[request.who, request.key]
        ):
            yield Violation(USED_BEFORE, f"{request.where} was refused for a key that it alone has", about)


def _asked(request: Request) -> str:
    """What a request asks for, whoever sent it."""
    return json.dumps([request.method, request.path, request.body], sort_keys=True, default=str)


def _never(request: Request, id: str, past: Past) -> bool:
    return False


def _not_payable(request: Request, id: str, past: Past) -> bool:
    """Whether the amount in a body has too many cents for a number of JSON, or is not above zero.

    A customer whose removal was answered, and whose additions were not, computes a negative amount.
    """
    body = request.body if isinstance(request.body, dict) else {}
    return request.status == INVALID[0] and "amount" in body and not 0 < body["amount"] * 100 < TOO_MUCH


def _released(request: Request, id: str, past: Past) -> bool:
    """Whether an amount cannot be paid, or the payment was voided: another request under its key was faster."""
    made = past.made_by(request, "Payment")
    return _not_payable(request, id, past) or any("Voided" in past.names("Payment", one) for one in made)


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


REASONS: dict[str, Reason] = {
    "POST /api/stores": _never,
    "POST /api/stores/*/products": _never,
    "POST /api/customers": _never,
    "POST /api/baskets": _never,
    "POST /api/baskets/withItems": _never,
    "POST /api/payments": _released,
    "POST /api/depot/bots": _never,
    "PUT /api/baskets/*/addItem": _basket_ended,
    "PUT /api/baskets/*/addItems": _basket_ended,
    "PUT /api/baskets/*/checkout": _checkout,
    "DELETE /api/baskets/*": _basket_ended,
    "PUT /api/depot/bots/*/online": _bot_retired,
}
OF_THE_PROVIDER = {"POST /api/payments"}
