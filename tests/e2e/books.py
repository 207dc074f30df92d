"""What is recorded of an order: by the sandbox provider, in streams of payments, to its customer; and what twice."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from clients.mall import Json
from clients.order import Order
from functions.kernel.projections.projection import rows
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime
from infra.local.cloud import LocalCloud
from infra.local.synthesis import STAGE
from tests.e2e.held import items

PUBLISHED_ONCE = ("InvoiceCreated", "InvoicePaid", "PaymentConfirmed", "OrderCompleted")


@dataclass(frozen=True)
class Books:
    """Read by the administrator of a local cloud, since no route shows what a provider or a stream holds."""

    cloud: LocalCloud

    def entries(self, payment_id: str) -> list[dict[str, Any]]:
        """The requests about a payment, as the provider keeps them (functions/payments/sandbox.py)."""
        nothing = cast(Any, None)
        running = Runtime(
            service="payments",
            views=DynamoViews(self.cloud.client("dynamodb"), self._output("ViewsTable")),
            store=nothing,
            vault=nothing,
            bus=nothing,
            queue=nothing,
            dead_letters=nothing,
        )
        with runtime.active(running):
            return list(rows(f"sandbox provider: {payment_id}", consistent=True))

    def done(self, payment_id: str) -> Counter[str]:
        """How many requests of each kind took effect."""
        return Counter(entry["kind"] for entry in self.entries(payment_id) if entry["done"])

    def commits(self, *ids: str) -> int:
        """How many items the table of payments' streams has about these."""
        found = (str(item) for item in items(self.cloud, self._output("EventsTable")))
        return sum(any(id in item for id in ids) for item in found)

    def twice(self, order: Order) -> int:
        """How many effects of an order there are beyond the first: at the provider, in events, and in texts."""
        staff = order.people.staff
        timeline = staff.pages(f"/api/insights/orders/{order.id}/timeline", "messages")
        published = Counter(message["name"] for message in timeline)
        path = f"/api/notifications?customerId={order.customer_id}"
        texts = Counter(text["kind"] for text in staff.pages(path, "notifications") if text["orderId"] == order.id)
        counts = [*self.done(order.payment_id).values(), *texts.values()]
        return sum(count - 1 for count in [*counts, *(published[name] for name in PUBLISHED_ONCE if published[name])])

    def state(self, order: Order) -> Json:
        """All that there is about an order and its payment, the list of published messages aside."""
        seen = order.by_staff
        staff = order.people.staff
        return {
            "order": seen.order(),
            "payment": seen.payment(),
            "invoice": seen.invoice(),
            "saga": staff.get(f"/api/checkout/sagas/{order.id}")["saga"],
            "list": seen.shopping_list(),
            "texts": staff.pages(f"/api/notifications?customerId={order.customer_id}", "notifications"),
            "provider": self.entries(order.payment_id),
            "commits": self.commits(order.id, order.payment_id),
        }

    def _output(self, name: str) -> str:
        return self.cloud.outputs()[f"mallbots-{STAGE}-payments"][name]
