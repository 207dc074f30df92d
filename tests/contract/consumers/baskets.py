"""What baskets reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, Reads

READS: Reads = {
    ("BasketStarted",): {"basket_id": TEXT, "customer_id": TEXT},
    ("BasketCheckedOut", "BasketCancelled", "BasketAbandoned"): {"basket_id": TEXT},
    ("CustomerRegistered", "CustomerSmsChanged", "CustomerEnabled", "CustomerDisabled", "CustomerErased"): {
        "customer_id": TEXT,
    },
    ("StoreCreated", "StoreParticipationToggled", "StoreRebranded"): {
        "store_id": TEXT,
        "name": TEXT,
        "participating": FLAG,
    },
    ("ProductAdded", "ProductRebranded", "ProductPriceChanged", "ProductRemoved"): {
        "product_id": TEXT,
        "store_id": TEXT,
        "name": TEXT,
        "price": NUMBER,
        "removed": FLAG,
    },
}
