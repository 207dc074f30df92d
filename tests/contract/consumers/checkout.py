"""What checkout reads of what it hears."""

from tests.contract.kinds import NUMBER, TEXT, Reads, each, words

ORDER_STATUS = words("pending", "approved", "ready", "completed", "rejected", "cancelled")
ITEM = each(
    "items",
    store_id=TEXT,
    product_id=TEXT,
    store_name=TEXT,
    product_name=TEXT,
    price=NUMBER,
    quantity=NUMBER,
)

READS: Reads = {
    ("OrderCreated",): {"order_id": TEXT, "customer_id": TEXT, "payment_id": TEXT, **ITEM, "total": NUMBER},
    ("OrderCancelled",): {"order_id": TEXT},
    (
        "CustomerAuthorized",
        "ShoppingListAccepted",
        "PaymentAccepted",
        "ShoppingInitiated",
        "OrderApprovalAccepted",
        "OrderRejectionAccepted",
        "ShoppingListCancellationAccepted",
        "PaymentVoidAccepted",
    ): {"order_id": TEXT},
    ("CustomerRefused", "ShoppingListRefused", "PaymentRefused", "ShoppingRefused"): {
        "order_id": TEXT,
        "reason": TEXT,
    },
    ("OrderApprovalRefused", "OrderRejectionRefused"): {"order_id": TEXT, "status": ORDER_STATUS},
}
