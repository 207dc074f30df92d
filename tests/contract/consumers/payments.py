"""What payments reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, TIME, Reads, each, words
from tests.contract.known_customers import KNOWN_CUSTOMERS

READS: Reads = {
    ("ConfirmPayment",): {"payment_id": TEXT, "order_id": TEXT, "customer_id": TEXT, "amount": NUMBER},
    ("VoidPayment",): {"payment_id": TEXT, "order_id": TEXT, "customer_id": TEXT},
    ("OrderApproved", "OrderReadied"): {"order_id": TEXT, "customer_id": TEXT, "payment_id": TEXT, "total": NUMBER},
    ("OrderCreated", "OrderRejected", "OrderCancelled", "OrderCompleted"): {
        "order_id": TEXT,
        "customer_id": TEXT,
        "payment_id": TEXT,
        "total": NUMBER,
        "status": words("pending", "approved", "ready", "completed", "rejected", "cancelled"),
        "paid": FLAG,
        "created_at": TIME,
    },
    **KNOWN_CUSTOMERS,
    ("DifferenceFound", "DifferenceCleared"): {
        "difference_id": TEXT,
        "payment_id": TEXT,
        **each("reasons", kind=TEXT, expected=NUMBER, found=NUMBER),
        "status": words("open", "cleared"),
        "since": TIME,
    },
}
