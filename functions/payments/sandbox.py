"""A payment provider that moves no money, for stages that have no real one; a refund's amount decides how it behaves.

Its books must outlive containers, so they are rows of the service's read-model table, in partitions that no read model
uses; the version of a request's row is how often the request was made. They stand for what a real provider keeps on
its own side: rebuilding the read models neither changes nor restores them.
"""

from collections.abc import Mapping

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.kernel.projections.projection import rows
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row

REFUSED = 13  # the last two digits of an amount in cents: never paid
REFUSED_AT_FIRST = 14  # paid at the second request
ANSWER_LOST = 17  # paid, but the first answer is lost
UNAVAILABLE_AT_FIRST = 19  # the first request does not arrive


class SandboxProvider:
    """Records each refund as paid, once for each request id, and moves no money."""

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Record a refund as paid. Raises as the amount decides, and InvalidError for a request id's second amount."""
        before = runtime.current().views.get(_books(payment_id), request_id)
        asked = before["asked"] + 1 if before else 1
        if before and before["amount"] != amount:
            raise InvalidError("this request id was used for another amount")
        if before and before["paid"]:
            return
        behaviour, first = amount % 100, asked == 1
        refused = behaviour == REFUSED or (behaviour == REFUSED_AT_FIRST and first)
        not_received = behaviour == UNAVAILABLE_AT_FIRST and first
        entry = {"request_id": request_id, "amount": amount, "asked": asked, "paid": not (refused or not_received)}
        if not runtime.current().views.put(Row(_books(payment_id), request_id, entry), version=asked):
            raise UnavailableError("the same request is being handled: retry")
        if refused:
            raise RefusedError("the provider does not pay this amount back")
        if not_received or (behaviour == ANSWER_LOST and first):
            raise UnavailableError("the provider does not answer")

    def statement(self, payment_id: str) -> Mapping[str, int]:
        """The refunds paid of a payment, in cents, by request id."""
        return {entry["request_id"]: entry["amount"] for entry in rows(_books(payment_id)) if entry["paid"]}


def _books(payment_id: str) -> str:
    return f"sandbox provider: {payment_id}"
