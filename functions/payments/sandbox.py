"""A payment provider that moves no money, for stages that keep no data; some amounts decide how it behaves.

Its books must outlive containers, so they are rows of the service's read-model table, in partitions that no read model
uses; the version of a request's row is how often the request was made. They stand for what a real provider keeps on
its own side: rebuilding the read models neither changes nor restores them.
"""

from typing import Any, ClassVar, Literal

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.kernel.projections.projection import rows
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row
from functions.payments.domain import Statement

# The last two digits, in cents, of any refund's amount, and of other amounts between 1,000,000.00 and 1,000,000.99.
REFUSED = 13  # never done
REFUSED_AT_FIRST = 14  # done at the second request
ANSWER_LOST = 17  # done, but the first answer is lost
UNAVAILABLE_AT_FIRST = 19  # the first request does not arrive
DEMONSTRATION = 1_000_000

Kind = Literal["authorize", "capture", "void", "refund"]


class SandboxProvider:
    """Records each request as done, once for each request id, and moves no money."""

    keeps_its_books_in_rows: ClassVar[bool] = True

    def authorize(self, payment_id: str, customer_id: str, amount: int, request_id: str) -> None:
        """Hold an amount. Raises RefusedError also for a payment that was voided, or authorized by another request."""
        books = _Books(payment_id)
        books.must_not_be_void()
        if books.has("authorize") and not books.has("authorize", request_id):
            raise RefusedError("the provider has authorized this payment for another request")
        books.do("authorize", amount, request_id)

    def capture(self, payment_id: str, amount: int, request_id: str) -> int:
        """Capture an amount, once. Raises RefusedError also when less is held."""
        books = _Books(payment_id)
        books.must_not_be_void()
        captured = books.sum("capture") if books.has("capture", request_id) else None
        if captured is None:
            if amount > books.held:
                raise RefusedError("the provider does not hold so much of this payment")
            books.do("capture", amount, request_id)
        return amount if captured is None else captured

    def void(self, payment_id: str, request_id: str) -> None:
        """Undo a payment."""
        books = _Books(payment_id)
        books.do("void", books.sum("authorize"), request_id)

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay an amount back."""
        _Books(payment_id).do("refund", amount, request_id)

    def statement(self, payment_id: str) -> Statement:
        """What was done of a payment."""
        books = _Books(payment_id)
        captured = 0 if books.has("void") else books.sum("capture")
        return Statement(books.held, captured, {entry["request_id"]: entry["amount"] for entry in books.done("refund")})


class _Books:
    """The requests about one payment, read once."""

    def __init__(self, payment_id: str) -> None:
        self._partition = f"sandbox provider: {payment_id}"
        # Before it did anything but refunds, an entry had neither kind nor `done`.
        entries = rows(self._partition, consistent=True)
        self._entries = [{"kind": "refund", "done": entry.get("paid", False), **entry} for entry in entries]

    def done(self, kind: Kind) -> list[dict[str, Any]]:
        """The requests of a kind that took effect."""
        return [entry for entry in self._entries if entry["done"] and entry["kind"] == kind]

    def has(self, kind: Kind, request_id: str = "") -> bool:
        """Whether some request of a kind, or this one, took effect."""
        return any(request_id in ("", entry["request_id"]) for entry in self.done(kind))

    def sum(self, kind: Kind) -> int:
        """The amounts of a kind that took effect, in cents."""
        return sum(entry["amount"] for entry in self.done(kind))

    @property
    def held(self) -> int:
        """What is authorized, and neither captured nor released, in cents."""
        return 0 if self.has("void") or self.has("capture") else self.sum("authorize")

    def must_not_be_void(self) -> None:
        """Raises RefusedError for a payment that was voided."""
        if self.has("void"):
            raise RefusedError("the provider has released this payment")

    def do(self, kind: Kind, amount: int, request_id: str) -> None:
        """Record a request as done. Raises as the amount decides, and InvalidError for another amount than was done."""
        before = next((entry for entry in self._entries if entry["request_id"] == request_id), None)
        if before and before["done"]:
            if kind != "void" and before["amount"] != amount:
                raise InvalidError("this request id was used for another amount")
            return
        asked = before["asked"] + 1 if before else 1
        decides = kind == "refund" or amount // 100 == DEMONSTRATION
        behaviour, first = amount % 100 if decides else 0, asked == 1
        refused = behaviour == REFUSED or (behaviour == REFUSED_AT_FIRST and first)
        not_received = behaviour == UNAVAILABLE_AT_FIRST and first
        entry = {"request_id": request_id, "kind": kind, "amount": amount, "asked": asked}
        row = Row(self._partition, request_id, {**entry, "done": not (refused or not_received)})
        if not runtime.current().views.put(row, version=asked):
            raise UnavailableError("the same request is being handled: retry")
        if refused:
            raise RefusedError(REFUSALS[kind])
        if not_received or (behaviour == ANSWER_LOST and first):
            raise UnavailableError("the provider does not answer")


REFUSALS: dict[Kind, str] = {
    "authorize": "the provider declines this payment",
    "capture": "the provider does not capture this payment",
    "void": "the provider does not release this payment",
    "refund": "the provider does not pay this amount back",
}
