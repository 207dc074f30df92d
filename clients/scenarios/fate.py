"""How an order must end: its own status, those of its payment and invoice, its texts, and its money to the cent."""

from dataclasses import dataclass, replace

from clients.mall import Mall, MallError
from clients.order import Order


@dataclass(frozen=True)
class Fate:
    """The final statuses; `notified`: whether the customer gets a text about the end."""

    order: str
    payment: str
    invoice: str
    notified: bool = True

    @property
    def without_text(self) -> "Fate":
        """The same, without a text to the customer."""
        return replace(self, notified=False)

    def unmet(self, order: Order) -> str | None:
        """What is not (yet) as expected, or None, as staff see it: the customer's session may have ended."""
        order = order.by_staff
        try:
            status, total = (found := order.order())["status"], found["total"]
            invoice, payment = order.invoice(), order.payment()
        except MallError as error:
            if error.status != 404:
                raise
            return f"not there yet: {error.message}"
        owed = total if self.order == "completed" else 0
        found_and_expected = {
            "the order": (status, self.order),
            "its payment": (payment["status"], self.payment),
            "its invoice": (invoice["status"], self.invoice),
            "what is owed": (invoice["amount"], owed),
        }
        for what, (actual, expected) in found_and_expected.items():
            if actual != expected:
                return f"{what} is {actual}, not {expected}"
        if self.notified and self.order not in order.texts():
            return f"the customer got no text: {self.order}"
        return None


COMPLETED = Fate("completed", payment="settled", invoice="paid")
REJECTED = Fate("rejected", payment="voided", invoice="cancelled")
CANCELLED = Fate("cancelled", payment="voided", invoice="cancelled")
REFUNDED = Fate("cancelled", payment="refunded", invoice="paid")


def money_difference(mall: Mall, order_id: str) -> int:
    """|captured - refunded - owed| of an order in cents, from its timeline and the order itself. mall: as staff.

    The invoice is not read: a completed order owes its total, any other order nothing.
    """
    order = mall.get(f"/api/ordering/{order_id}")["order"]
    owed = round(order["total"] * 100) if order["status"] == "completed" else 0
    captured = refunded = 0
    for message in mall.pages(f"/api/insights/orders/{order_id}/timeline", "messages"):
        if message["name"] == "InvoicePaid":
            captured = max(captured, message["data"]["amount"])
        if message["name"] == "PaymentRefunded":  # it has the payment's whole state: the newest has the highest sum
            refunded = max(refunded, message["data"]["refunded"])
    return abs(captured - refunded - owed)
