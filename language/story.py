"""The story of the samples: Ada orders bread and a notebook, and the robot finds no notebook.

A sample is generated once, when a message is new, and is golden from then on: messages like it must stay readable.
A field that the story does not name gets a value from its schema; add a better one here.
"""

from typing import Any

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.registry import Kind, Message

Data = dict[str, Any]

# What sends a service's commands and timers, where it is not the aggregate that they are about.
_SENDERS = {"checkout": "Saga", "depot": "Dispatcher"}


def sample(message: type[Message]) -> Data:
    """A complete `detail` of this message, the same each time."""
    schema = message.model_json_schema()
    known = _FIELDS | _NAMES.get(message.about.key, {}) | _MESSAGES.get(message.about.name, {})
    data = _object(schema, schema, known)
    subject = str(data[message.about.key])
    asked_by = message.about.answers.about.source if message.about.answers else None
    metadata = Metadata(
        id="message-2",
        name=message.about.name,
        version=message.about.version,
        time="2026-03-14T09:26:53.589793Z",
        source=SOURCE_PREFIX + message.about.source,
        stream=_stream(message, subject, data),
        stream_version=1,
        correlation_id="flow-1",
        causation_id="message-1",
        actor="system",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        reply_to=message.about.source if message.about.kind is Kind.COMMAND else None,
        saga=_asker(subject, data) if message.about.kind is Kind.COMMAND or asked_by else None,
    )
    return Envelope(metadata=metadata, data=message.model_validate(data).model_dump(mode="json")).detail()


def _asker(subject: str, data: Data) -> str:
    """The id of the aggregate that a command is from, and the reply for: the saga, or the robot that reports."""
    return str(data.get("bot_id") or subject)


def _stream(message: type[Message], subject: str, data: Data) -> str:
    if message.about.key == "time":
        return f"Schedule#{message.about.name}"
    if message.about.answers:
        return f"{message.about.answers.about.name}#message-1"
    if message.about.source == "fleet":
        return f"Robot#{data['bot_id']}"
    if message.about.kind is not Kind.EVENT and message.about.source in _SENDERS:
        return f"{_SENDERS[message.about.source]}#{subject}"
    return f"{message.about.key.removesuffix('_id').title().replace('_', '')}#{subject}"


def _object(schema: Data, root: Data, known: Data) -> Data:
    return {
        field: known[field] if field in known else _value(field, part, root, known)
        for field, part in schema.get("properties", {}).items()
    }


def _value(field: str, schema: Data, root: Data, known: Data) -> Any:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return _value(field, schema["anyOf"][0], root, known)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return _object(schema, root, known)
        case "array":
            return [_value(field, schema["items"], root, known)]
        case "string":
            return field.removesuffix("_id").replace("_", "-") + ("-1" if field.endswith("_id") else "")
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return None


def _line(store: str, product: str, quantity: int) -> Data:
    bakery, paper = ("Corner Bakery", "Rye bread", 450), ("Paper & Ink", "Notebook", 799)
    store_name, product_name, price = bakery if store == "store-bakery" else paper
    return {
        "store_id": store,
        "product_id": product,
        "store_name": store_name,
        "product_name": product_name,
        "price": price,
        "quantity": quantity,
    }


def _stops(bread_picked: int) -> list[Data]:
    bread = {"product_id": "product-bread", "name": "Rye bread", "quantity": 2, "picked": bread_picked}
    notebook = {"product_id": "product-notebook", "name": "Notebook", "quantity": 1, "picked": 0}
    return [
        {"store_id": "store-bakery", "store_name": "Corner Bakery", "location": "Floor 0, 12", "items": [bread]},
        {"store_id": "store-paper", "store_name": "Paper & Ink", "location": "Floor 1, 3", "items": [notebook]},
    ]


_BREAD = _line("store-bakery", "product-bread", 2)
_NOTEBOOK = _line("store-paper", "product-notebook", 1)
_ASKED = {"items": [_BREAD, _NOTEBOOK], "total": 1699}
_FOUND = {"items": [_BREAD], "total": 900}
_SHORT = [{"store_id": "store-paper", "product_id": "product-notebook", "quantity": 1}]
_PICKED = [{"store_id": "store-bakery", "product_id": "product-bread", "quantity": 2}]
_COLLECTED = {"bot_id": "bot-1", "list_id": "order-1", "assignment": 1}
_LISTED = {"shopping_list_id": "order-1"}
_NOT_PAID_BACK = {"difference_id": "order-1", "reasons": [{"kind": "payment_balance", "expected": 900, "found": 1699}]}

_FIELDS: Data = {
    **_ASKED,
    "store_id": "store-bakery",
    "product_id": "product-bread",
    "customer_id": "customer-ada",
    "basket_id": "order-1",
    "invoice_id": "order-1",
    "location": "Floor 0, 12",
    "participating": True,
    "description": "Baked this morning, 750 g",
    "sku": "RYE-750",
    "price": 450,
    "language": "en",
    "enabled": True,
    "shopping_list_id": "order-1",
    "created_at": "2026-03-14T09:20:00.000000Z",
    "approved_at": None,
    "readied_at": None,
    "phone_id": "5c7e1f0a9b3d4c2e8f6a1b0d9e7c5a3f",
    "request": 1,
    "expires_at": "2026-03-14T09:31:53.000000Z",
    "sent_at": "2026-03-14T09:27:00.000000Z",
    "stops": _stops(bread_picked=0),
    "bot_id": None,
    "list_id": None,
    "assignment": 0,
    "authorized": 2000,
    "amount": 1699,
    "attempt": 1,
    "number": 1,
    "step": 3,
    "bucket": "2026-03-14T09:26:50Z",
    "time": "2026-03-14T09:26:00Z",
}

# The value of `name`, by the message's key.
_NAMES: dict[str, Data] = {
    "store_id": {"name": "Corner Bakery"},
    "product_id": {"name": "Rye bread"},
    "bot_id": {"bot_id": "bot-1", "name": "Dusty"},
}

_MESSAGES: dict[str, Data] = {
    "StoreRebranded": {"name": "Corner Bakery & Café"},
    "ProductRebranded": {"name": "Dark rye bread"},
    "ProductPriceChanged": {"price": 475, "previous_price": 450},
    "ProductRemoved": {"removed": True},
    "CustomerDisabled": {"enabled": False},
    "CustomerLanguageChanged": {"language": "es"},
    "CustomerRefused": {"reason": "the customer is disabled"},
    "BasketStarted": {"items": [], "total": 0},
    "BasketCancelled": {"status": "cancelled"},
    "BasketAbandoned": {"status": "abandoned"},
    "BasketCheckedOut": {"status": "checked_out"},
    "OrderCreated": {"shopping_list_id": None},
    "OrderApproved": {"status": "approved", **_LISTED},
    "OrderRejected": {
        "status": "rejected",
        "shopping_list_id": None,
        "reason": "the payment does not cover the order",
    },
    "OrderReadied": {"status": "ready", "ready": True, "shortages": _SHORT, **_FOUND},
    "OrderPaid": {"status": "ready", "ready": True, "paid": True, **_FOUND},
    "OrderCancelled": {"status": "cancelled", "reason": "changed my mind", "by": "customer"},
    "OrderCompleted": {"status": "completed", "ready": True, "paid": True, **_FOUND},
    "OrderApprovalRefused": {"status": "cancelled"},
    "OrderRejectionRefused": {"status": "approved"},
    "RejectOrder": {"reason": "the payment does not cover the order"},
    "SagaWatchEnds": {"until": "2026-03-14T09:27:53.589793Z"},
    "SagaMoved": {
        "status": "parked",
        "compensating": True,
        "since": "2026-03-14T09:26:53.589793Z",
        "reason": "VoidPayment has no answer after 8 tries",
    },
    "ShoppingListAvailable": {"status": "available"},
    "ShoppingListAssigned": {"status": "assigned", "bot_id": "bot-1", "assignment": 1},
    "ShoppingListStarted": {"status": "active", "bot_id": "bot-1", "assignment": 1},
    "ShoppingListItemPicked": {
        "status": "active",
        "stops": _stops(bread_picked=2),
        "bot_id": "bot-1",
        "assignment": 1,
        "quantity": 2,
    },
    "ShoppingListCompleted": {
        "status": "completed",
        "stops": _stops(bread_picked=2),
        "bot_id": "bot-1",
        "assignment": 1,
        "shortages": _SHORT,
    },
    "ShoppingListCancelled": {"status": "cancelled"},
    "ShoppingListRefused": {"reason": "the shopping list was cancelled"},
    "ShoppingRefused": {"reason": "the shopping list was cancelled"},
    "BotCameOnline": {"status": "idle"},
    "BotAssigned": {"status": "active", "list_id": "order-1", "assignment": 1},
    "BotFinished": {"status": "idle"},
    "BotRetired": {"status": "retired"},
    "RobotConnected": {"connected": True},
    "ReportCollection": {**_COLLECTED, "picked": _PICKED, "done": True},
    "CollectionAccepted": _COLLECTED,
    "CollectionRefused": {
        **_COLLECTED,
        "reason": "this is not assignment 1 of the shopping list any more",
        "has_list": False,
    },
    "PaymentAuthorized": {"order_id": None},
    "PaymentConfirmed": {"status": "confirmed"},
    "PaymentVoided": {"status": "voided", "released": 2000},
    "PaymentRefunded": {"status": "settled", "captured": 1699, "released": 301, "refunded": 799, "refund": 799},
    "InvoiceAdjusted": {"amount": 900, "reason": "short_pick"},
    "InvoicePaid": {"status": "paid", "amount": 900},
    "InvoiceCancelled": {"status": "cancelled", "amount": 0},
    "DifferenceFound": {"status": "open", "since": "2026-03-15T02:00:01.000000Z", **_NOT_PAID_BACK},
    "DifferenceCleared": {"status": "cleared", "since": "2026-03-16T02:00:01.000000Z", **_NOT_PAID_BACK},
    "ReconciliationDue": {"time": "2026-03-15T02:00:00Z"},
    "ReconciliationPageDue": {"orders": "ended", "day": "2026-03-14", "after": None, "time": "2026-03-15T02:00:00Z"},
    "OrderReconciliationDue": {"time": "2026-03-15T02:00:00Z"},
    "PaymentRefused": {"reason": "the payment does not cover the order"},
    "NotificationSent": {"status": "sent"},
}
