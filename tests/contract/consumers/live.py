"""What live reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, TIME, Reads, each, maybe, optional, words

ORDER = {
    "order_id": TEXT,
    "customer_id": TEXT,
    "payment_id": TEXT,
    **each("items", quantity=NUMBER),
    "total": NUMBER,
    "status": words("pending", "approved", "ready", "completed", "rejected", "cancelled"),
    "ready": FLAG,
    "paid": FLAG,
    "created_at": TIME,
    "approved_at": optional(maybe(TIME)),
    "readied_at": optional(maybe(TIME)),
}
LIST = {
    "shopping_list_id": TEXT,
    "order_id": TEXT,
    "status": words("pending", "available", "assigned", "active", "completed", "cancelled"),
    **each("stops[].items", quantity=NUMBER, picked=NUMBER),
    "bot_id": maybe(TEXT),
    "assignment": NUMBER,
    "by_staff": FLAG,
}

ROBOT = {
    "bot_id": TEXT,
    "name": TEXT,
    "status": words("offline", "idle", "active"),
    "list_id": maybe(TEXT),
}
READS: Reads = {
    ("OrderCreated", "OrderApproved", "OrderReadied", "OrderPaid", "OrderCompleted"): ORDER,
    ("OrderRejected",): {**ORDER, "reason": TEXT},
    ("OrderCancelled",): {**ORDER, "reason": TEXT, "by": words("customer", "staff", "system")},
    (
        "ShoppingListCreated",
        "ShoppingListAvailable",
        "ShoppingListAssigned",
        "ShoppingListStarted",
        "ShoppingListCompleted",
        "ShoppingListCancelled",
    ): LIST,
    ("ShoppingListItemPicked",): {**LIST, "started_at": optional(maybe(TIME))},
    ("BotRegistered", "BotCameOnline", "BotWentOffline", "BotAssigned", "BotFinished"): ROBOT,
    ("BotRetired",): {**ROBOT, "status": words("offline", "idle", "active", "retired")},
    ("InvoiceCreated", "InvoiceAdjusted", "InvoicePaid", "InvoiceCancelled"): {
        "invoice_id": TEXT,
        "order_id": TEXT,
        "payment_id": TEXT,
        "amount": NUMBER,
        "status": words("pending", "paid", "cancelled"),
    },
    ("PaymentConfirmed", "PaymentVoided", "PaymentRefunded"): {
        "payment_id": TEXT,
        "order_id": maybe(TEXT),
        "authorized": NUMBER,
        "captured": NUMBER,
        "released": NUMBER,
        "refunded": NUMBER,
        "status": words("authorized", "confirmed", "settled", "voided", "refunded"),
    },
    ("StoreCreated", "StoreParticipationToggled", "StoreRebranded"): {
        "store_id": TEXT,
        "name": TEXT,
        "location": TEXT,
        "participating": FLAG,
    },
}
