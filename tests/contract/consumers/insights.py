"""What insights reads of what it consumes: stages, what begins a flow of an order, and all of what is about none."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, TIME, WHOLE, Reads, each, maybe, optional

READS: Reads = {
    (
        *("BotCameOnline", "BotRegistered", "BotRetired", "BotWentOffline", "RobotConnected", "RobotDisconnected"),
        *("CustomerDisabled", "CustomerEnabled", "CustomerErased", "CustomerLanguageChanged", "CustomerRegistered"),
        *("CustomerSmsChanged", "OneTimeCodeRequested", "PaymentAuthorized", "PaymentVoided"),
        *("ProductAdded", "ProductPriceChanged", "ProductRebranded", "ProductRemoved"),
        *("StoreCreated", "StoreParticipationToggled", "StoreRebranded"),
    ): WHOLE,
    ("BasketStarted", "BasketCheckedOut", "BasketCancelled", "BasketAbandoned"): {"basket_id": TEXT},
    ("ShoppingListStarted", "ShoppingListItemPicked", "ShoppingListCompleted", "ShoppingListCancelled"): {
        "order_id": TEXT,
        "shopping_list_id": TEXT,
        "by_staff": FLAG,
    },
    (
        "InvoicePaid",
        "OrderApproved",
        "OrderRejected",
        "OrderReadied",
        "OrderPaid",
        "OrderCancelled",
        "OrderCompleted",
    ): {"order_id": TEXT},
    (  # is it the synthetic customer, who is counted in no figure?
        *("BasketStarted", "BasketCheckedOut", "BasketAbandoned", "OrderApproved", "OrderRejected", "OrderReadied"),
        *("OrderPaid", "OrderCancelled", "OrderCompleted"),
    ): {"customer_id": TEXT},
    ("PaymentAuthorized", "PaymentVoided"): {"order_id": maybe(TEXT)},
    ("OrderApproved",): {"created_at": TIME},
    ("OrderRejected", "OrderCancelled"): {"created_at": TIME, "approved_at": optional(maybe(TIME))},
    ("OrderReadied", "OrderPaid"): {"approved_at": optional(maybe(TIME))},
    ("OrderCompleted",): {
        "readied_at": optional(maybe(TIME)),
        **each("items", store_id=TEXT, product_id=TEXT, price=NUMBER, quantity=NUMBER),
        "total": NUMBER,
    },
    ("StoreCreated", "StoreParticipationToggled", "StoreRebranded"): {"store_id": TEXT, "name": TEXT},
    ("ProductAdded", "ProductRebranded", "ProductPriceChanged", "ProductRemoved"): {"product_id": TEXT, "name": TEXT},
}
