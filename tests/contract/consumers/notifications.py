"""What notifications reads of what it hears. For what it lacks it calls back."""

from tests.contract.kinds import NUMBER, TEXT, TIME, Reads, words

KIND = words("received", "approved", "ready_for_pickup", "cancelled", "rejected", "completed")

READS: Reads = {
    ("OrderCreated", "OrderApproved", "OrderReadied", "OrderCancelled", "OrderRejected", "OrderCompleted"): {
        "order_id": TEXT,
        "customer_id": TEXT,
    },
    ("OneTimeCodeRequested",): {"phone_id": TEXT, "request": NUMBER, "expires_at": TIME},
    ("NotificationSent",): {
        "notification_id": TEXT,
        "order_id": TEXT,
        "customer_id": TEXT,
        "kind": KIND,
        "status": TEXT,
        "sent_at": TIME,
    },
}
