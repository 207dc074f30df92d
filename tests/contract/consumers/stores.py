"""What stores reads of what it hears: its own events, for its lists."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, Reads

READS: Reads = {
    ("StoreCreated", "StoreParticipationToggled", "StoreRebranded"): {
        "store_id": TEXT,
        "name": TEXT,
        "location": TEXT,
        "participating": FLAG,
    },
    ("ProductAdded", "ProductRebranded", "ProductPriceChanged", "ProductRemoved"): {
        "product_id": TEXT,
        "store_id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "sku": TEXT,
        "price": NUMBER,
        "removed": FLAG,
    },
}
