"""What the depot reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, Reads, each, maybe, optional, words

READS: Reads = {
    ("CreateShoppingList",): {
        "order_id": TEXT,
        **each("items", store_id=TEXT, product_id=TEXT, store_name=TEXT, product_name=TEXT, quantity=NUMBER),
    },
    ("InitiateShopping", "CancelShoppingList", "OrderCancelled", "OrderRejected"): {"order_id": TEXT},
    (
        "ShoppingListCreated",
        "ShoppingListAvailable",
        "ShoppingListAssigned",
        "ShoppingListCompleted",
        "ShoppingListCancelled",
    ): {
        "shopping_list_id": TEXT,
        "order_id": TEXT,
        "status": words("pending", "available", "assigned", "active", "completed", "cancelled"),
        **each("stops", store_id=TEXT, store_name=TEXT, location=TEXT),
        **each("stops[].items", product_id=TEXT, name=TEXT, quantity=NUMBER, picked=NUMBER),
        "bot_id": maybe(TEXT),
        "assignment": NUMBER,
        "by_staff": FLAG,
    },
    ("BotRegistered", "BotCameOnline", "BotWentOffline", "BotAssigned", "BotFinished"): {
        "bot_id": TEXT,
        "name": TEXT,
        "status": words("offline", "idle", "active"),
        "list_id": maybe(TEXT),
        "assignment": optional(NUMBER),
    },
    ("BotRetired", "RobotConnected"): {"bot_id": TEXT},
    ("RobotDisconnected",): {"bot_id": TEXT, "last_order": optional(maybe(TEXT))},
    ("ReportCollection",): {
        "bot_id": TEXT,
        "list_id": TEXT,
        "assignment": NUMBER,
        **each("picked", store_id=TEXT, product_id=TEXT, quantity=NUMBER),
        "done": FLAG,
    },
    ("StoreCreated", "StoreParticipationToggled", "StoreRebranded"): {
        "store_id": TEXT,
        "name": TEXT,
        "location": TEXT,
    },
    ("ProductAdded", "ProductRebranded", "ProductPriceChanged", "ProductRemoved"): {
        "product_id": TEXT,
        "store_id": TEXT,
        "name": TEXT,
        "removed": FLAG,
    },
}
