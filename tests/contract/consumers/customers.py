"""What customers reads of what it hears."""

from tests.contract.kinds import TEXT, Reads

READS: Reads = {
    ("AuthorizeCustomer",): {"order_id": TEXT, "customer_id": TEXT},
}
