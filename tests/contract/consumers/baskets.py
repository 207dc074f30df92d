"""What baskets reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, Reads
from tests.contract.known_customers import KNOWN_CUSTOMERS

READS: Reads = {
    ("BasketStarted",): {"basket_id": TEXT, "customer_id": TEXT},
    ("BasketCheckedOut", "BasketCancelled", "BasketAbandoned"): {"basket_id": TEXT},
    **KNOWN_CUSTOMERS,
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
