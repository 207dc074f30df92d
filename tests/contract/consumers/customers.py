"""What customers reads of what it hears. Of its own events it reads whom they are about, and no more."""

from tests.contract.kinds import TEXT, Reads

READS: Reads = {
    ("AuthorizeCustomer",): {"order_id": TEXT, "customer_id": TEXT},
    ("CustomerRegistered", "CustomerSmsChanged", "CustomerEnabled", "CustomerDisabled", "CustomerErased"): {
        "customer_id": TEXT,
    },
}
