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


def robot(id: str, generation: int = 1) -> Caller:
    """A robot with its credential, which staff have not replaced."""
    return Caller(BOT, id, generation=generation)


def request_context(who: Caller) -> dict[str, Any]:
    """What a request's context holds of its caller: what the authorizer answered, or nothing for nobody."""
    more = {"began": who.began, "generation": who.generation}
    told = {"role": who.role, "id": who.id, **{name: str(said) for name, said in more.items() if said is not None}}
    return {"authorizer": {"lambda": told}} if who.role else {}
