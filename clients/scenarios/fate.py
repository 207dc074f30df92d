"""How an order must end: it, its payment, its invoice, its customer's texts, and its money to the cent."""

from dataclasses import dataclass, replace

from clients.mall import Mall, MallError
from clients.order import Order


@dataclass(frozen=True)
class Fate:
    """Statuses in the end; `told`: whether the customer gets a text about the end."""

    order: str
    payment: str
    invoice: str
    told: bool = True

    @property
    def untold(self) -> "Fate":
        """The same, but there is nobody to tell."""
        return replace(self, told=False)

    def lacks(self, order: Order) -> str | None:
        """What is not as it must be (it may be on its way), or None."""
        try:
            status, total = (found := order.order())["status"], found["total"]
            invoice, payment = order.invoice(), order.payment()
        except MallError as error:
            if error.status != 404:
                raise
            return f"something is not there yet: {error.message}"
        owed = total if self.order == "completed" else 0
        found_and_wanted = {
            "the order": (status, self.order),
            "its payment": (payment["status"], self.payment),
            "its invoice": (invoice["status"], self.invoice),
            "what is owed": (invoice["amount"], owed),
        }
        for what, (is_so, must_be) in found_and_wanted.items():
            if is_so != must_be:
                return f"{what} is {is_so}, not {must_be}"
        if self.told and self.order not in order.texts():
            return f"the customer was not told: {self.order}"
        return None


COMPLETED = Fate("completed", payment="settled", invoice="paid")
REJECTED = Fate("rejected", payment="voided", invoice="cancelled")
CANCELLED = Fate("cancelled", payment="voided", invoice="cancelled")
REFUNDED = Fate("cancelled", payment="refunded", invoice="paid")


def money_difference(mall: Mall, order_id: str) -> int:
    """|captured - refunded - owed| of an order in cents, as its timeline and the order itself say.

    The invoice is not asked: what is owed is the total of an order that was completed, and nothing for any other.
    """
    order = mall.get(f"/api/ordering/{order_id}")["order"]
    owed = round(order["total"] * 100) if order["status"] == "completed" else 0
    captured = refunded = 0
    for message in mall.pages(f"/api/insights/orders/{order_id}/timeline", "messages"):
        if message["name"] == "InvoicePaid":
            captured = max(captured, message["data"]["amount"])
        if message["name"] == "PaymentRefunded":  # with its whole state: the newest has refunded most
            refunded = max(refunded, message["data"]["refunded"])
    return abs(captured - refunded - owed)
