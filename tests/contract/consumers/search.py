"""What search reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, TIME, Reads, each, maybe, words

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
    (
        "OrderCreated",
        "OrderApproved",
        "OrderRejected",
        "OrderReadied",
        "OrderPaid",
        "OrderCancelled",
        "OrderCompleted",
    ): {
        "order_id": TEXT,
        "customer_id": TEXT,
        "payment_id": TEXT,
        **ITEM,
        "total": NUMBER,
        "status": words("pending", "approved", "ready", "completed", "rejected", "cancelled"),
        "ready": FLAG,
        "paid": FLAG,
        "shopping_list_id": maybe(TEXT),
        "created_at": TIME,
    },
    ("StoreCreated", "StoreParticipationToggled", "StoreRebranded"): {"store_id": TEXT, "name": TEXT},
    ("ProductAdded", "ProductRebranded", "ProductPriceChanged"): {"product_id": TEXT, "name": TEXT},
}
