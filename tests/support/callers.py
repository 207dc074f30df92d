"""Who sends a request in a test: the context that the authorizer gives it."""

from typing import Any

from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF, Caller

CLERK = Caller(STAFF, "clerk-1")
OPERATOR_ON_CALL = Caller(OPERATOR, "operator-1")
A_KIOSK = Caller(KIOSK, "kiosk-1")
NOBODY = Caller()


def customer(id: str, began: int | None = None) -> Caller:
    """A customer's session, which began at a Unix time."""
    return Caller(CUSTOMER, id, began)


def robot(id: str) -> Caller:
    """A robot with its credential."""
    return Caller(BOT, id)


def request_context(who: Caller) -> dict[str, Any]:
    """What a request's context holds of its caller: what the authorizer answered, or nothing for nobody."""
    began = {} if who.began is None else {"began": str(who.began)}
    return {"authorizer": {"lambda": {"role": who.role, "id": who.id, **began}}} if who.role else {}
