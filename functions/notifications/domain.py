"""Notifications: one text of each kind about an order, sent to its customer; and one for each one-time code."""

from dataclasses import dataclass

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies


@dataclass(frozen=True)
class Sent(DomainEvent):
    """`at` is RFC 3339."""

    order_id: str
    customer_id: str
    kind: str
    at: str


@dataclass(frozen=True)
class Skipped(DomainEvent):
    order_id: str
    customer_id: str
    kind: str
    reason: str


@dataclass
class Notification(Aggregate):
    """new → sent or skipped, which are final. The id, derived from order and kind, is the request id of the text."""

    status: str = ""
    order_id: str = ""
    customer_id: str = ""
    kind: str = ""
    sent_at: str | None = None

    def mark_sent(self, order_id: str, customer_id: str, kind: str, at: str) -> None:
        """Record that the text was sent; a notification that is sent or skipped already does not change."""
        if self.is_new:
            self.record(Sent(order_id, customer_id, kind, at))

    def skip(self, order_id: str, customer_id: str, kind: str, reason: str) -> None:
        """Record that no text can be sent, and why; a notification that is sent or skipped already does not change."""
        if self.is_new:
            self.record(Skipped(order_id, customer_id, kind, reason))

    @applies(Sent)
    def _sent(self, event: Sent) -> None:
        self._settle("sent", event)
        self.sent_at = event.at

    @applies(Skipped)
    def _skipped(self, event: Skipped) -> None:
        self._settle("skipped", event)

    def _settle(self, status: str, event: Sent | Skipped) -> None:
        self.status = status
        self.order_id = event.order_id
        self.customer_id = event.customer_id
        self.kind = event.kind


@dataclass(frozen=True)
class CodeSent(DomainEvent):
    """`at` is RFC 3339."""

    at: str


@dataclass
class CodeText(Aggregate):
    """The text with a one-time code: that it was sent, so that it is not sent again. It holds neither code nor number.

    The id, derived from the phone and the number of the request, is the request id of the text.
    """

    sent_at: str | None = None

    def mark_sent(self, at: str) -> None:
        """Record that it was sent; a second time changes nothing."""
        if self.is_new:
            self.record(CodeSent(at))

    @applies(CodeSent)
    def _sent(self, event: CodeSent) -> None:
        self.sent_at = event.at
