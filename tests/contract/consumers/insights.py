"""What insights reads of what it hears. Its timeline shows everything, as it is, by the order that it is about."""

from events.registry import Kind, language
from tests.contract.kinds import NUMBER, TEXT, TIME, WHOLE, Reads, each, maybe, optional

EVERYTHING = {name: message for name, message in language().items() if message.about.kind is not Kind.TIMER}
OF_AN_ORDER = tuple(name for name, message in EVERYTHING.items() if "order_id" in message.model_fields)

READS: Reads = {
    tuple(EVERYTHING): WHOLE,
    OF_AN_ORDER: {"order_id": maybe(TEXT)},
    ("BasketStarted", "BasketCheckedOut", "BasketCancelled", "BasketAbandoned"): {"basket_id": TEXT},
    ("BotRegistered", "BotCameOnline", "BotWentOffline", "BotAssigned", "BotFinished", "BotRetired"): {
        "list_id": maybe(TEXT)
    },
    ("ReportCollection", "CollectionAccepted", "CollectionRefused"): {"list_id": TEXT},
    ("DifferenceFound", "DifferenceCleared"): {"difference_id": TEXT},
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
