"""A payment provider that moves no money, for stages that have no real one; a refund's amount says how it behaves.

Its books must outlive the containers that ask it, so they are rows of the service's read-model table, in partitions
that no read model uses: the row of a request has how often it was made as its version. A rebuilt read model leaves
them alone, and nothing could rebuild them: they stand for what a real provider would keep on its own side.
"""

from collections.abc import Mapping

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.kernel.projections.projection import rows
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row

REFUSED = 13  # the last two digits of an amount in cents: it is never paid
REFUSED_AT_FIRST = 14  # paid when it is asked for again
ANSWER_LOST = 17  # paid, but the first answer gets lost
UNAVAILABLE_AT_FIRST = 19  # the first request does not even arrive


class SandboxProvider:
    """Pays each request once, on paper."""

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Note a refund as paid. Raises what the amount says, and InvalidError for a request id's second amount."""
        before = runtime.current().views.get(_books(payment_id), request_id)
        asked = before["asked"] + 1 if before else 1
        if before and before["amount"] != amount:
            raise InvalidError("this request id was used for another amount")
        if before and before["paid"]:
            return
        behaviour, first = amount % 100, asked == 1
        refused = behaviour == REFUSED or (behaviour == REFUSED_AT_FIRST and first)
        unheard = behaviour == UNAVAILABLE_AT_FIRST and first
        entry = {"request_id": request_id, "amount": amount, "asked": asked, "paid": not (refused or unheard)}
        if not runtime.current().views.put(Row(_books(payment_id), request_id, entry), version=asked):
            raise UnavailableError("the same request is being worked on: ask again")
        if refused:
            raise RefusedError("the provider does not pay this amount back")
        if unheard or (behaviour == ANSWER_LOST and first):
            raise UnavailableError("the provider does not answer")

    def statement(self, payment_id: str) -> Mapping[str, int]:
        """What was paid back of a payment, in cents, by request id."""
        return {entry["request_id"]: entry["amount"] for entry in rows(_books(payment_id)) if entry["paid"]}


def _books(payment_id: str) -> str:
    return f"sandbox provider: {payment_id}"
