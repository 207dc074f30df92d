"""Whose a thing is: use cases ask here before they show or change what belongs to a customer or a robot.

Roles are judged where a route is declared; whose a thing is, only its use case knows. Staff act for everyone, and so
does the system itself, whose messages have no caller. Another's thing is not there (404), so that no answer tells
which ids exist; naming another in a body is forbidden (403).
"""

from functions.kernel.domain.errors import ForbiddenError, NotFoundError
from functions.kernel.runtime import context
from functions.kernel.runtime.context import CUSTOMER


def may_see(owner_id: str | None, *, role: str = CUSTOMER) -> bool:
    """Whether the caller may see what belongs to the customer (or robot: `role`) of this id."""
    caller = context.current().caller
    return caller.role != role or caller.id == owner_id


def must_own(owner_id: str | None, missing: str, *, role: str = CUSTOMER) -> None:
    """Raises NotFoundError, in the words of a thing that is missing, when the thing is another's."""
    if not may_see(owner_id, role=role):
        raise NotFoundError(missing)


def must_be(customer_id: str) -> None:
    """Raises ForbiddenError when a customer names another customer in a request; a blank id names nobody."""
    if customer_id.strip() and not may_see(customer_id):
        raise ForbiddenError("a customer acts for itself only: this names another customer")


def own_id(*, role: str = CUSTOMER) -> str | None:
    """The caller's id if it has this role, which sees its own alone; None for whoever sees all."""
    caller = context.current().caller
    return caller.id if caller.role == role else None
