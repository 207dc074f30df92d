"""Notifications: the one text of each kind that a customer gets about an order."""

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
    """sent, or skipped: either is final. Its id, made of order and kind, is also its request id at the port."""

    status: str = ""
    order_id: str = ""
    customer_id: str = ""
    kind: str = ""
    sent_at: str | None = None

    def note_sent(self, order_id: str, customer_id: str, kind: str, at: str) -> None:
        """The text went out; what is settled already stays so."""
        if self.is_new:
            self.record(Sent(order_id, customer_id, kind, at))

    def skip(self, order_id: str, customer_id: str, kind: str, reason: str) -> None:
        """There is nobody to send the text to, and there will be nobody; what is settled already stays so."""
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
