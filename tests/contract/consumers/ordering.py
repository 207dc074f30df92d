"""What ordering reads of what it hears."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, Reads, each

ITEM = each(
    "items",
    store_id=TEXT,
    product_id=TEXT,
    store_name=TEXT,
    product_name=TEXT,
    price=NUMBER,
    quantity=NUMBER,
)

READS: Reads = {
    ("BasketCheckedOut",): {"basket_id": TEXT, "customer_id": TEXT, "payment_id": TEXT, **ITEM},
    ("ApproveOrder",): {"order_id": TEXT, "shopping_list_id": TEXT},
    ("RejectOrder",): {"order_id": TEXT, "reason": TEXT},
    ("ShoppingListCompleted",): {
        "shopping_list_id": TEXT,
        "order_id": TEXT,
        "by_staff": FLAG,
        **each("shortages", store_id=TEXT, product_id=TEXT, quantity=NUMBER),
    },
    ("ShoppingListCancelled",): {"shopping_list_id": TEXT, "order_id": TEXT, "by_staff": FLAG},
    ("InvoicePaid",): {"order_id": TEXT},
    ("OrderReadied",): {"order_id": TEXT, "paid": FLAG},
    ("OrderCompleted", "OrderCancelled"): {"order_id": TEXT, "ready": FLAG},
}
