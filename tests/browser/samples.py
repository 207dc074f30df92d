"""What the mall of the browser tests has: a few orders in each state, with long names among the short."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Data = dict[str, Any]

LONG = "The Extraordinarily Long-Named Emporium of Small Brass Instruments and Their Accessories"


def uid(name: str) -> str:
    """The id of a thing in the tests, the same each time."""
    return str(uuid5(NAMESPACE_URL, name))


def short(id: str) -> str:
    """As the pages show an id, and text messages name an order."""
    return id[:8]


def ago(**units: float) -> str:
    return (datetime.now(UTC) - timedelta(**units)).isoformat(timespec="microseconds").replace("+00:00", "Z")


STORES = {
    uid("books"): ("Paper Lantern Books", "Hall A", True),
    uid("nuts"): ("Nut & Bolt", "Hall B", True),
    uid("brass"): (LONG, "North Wing, second floor, between the fountain and the lifts", False),
}
ITEMS = [
    (uid("books"), "Paper Lantern Books", uid("atlas"), "Pocket atlas", 12.5, 1),
    (uid("nuts"), "Nut & Bolt", uid("screws"), "Wood screws, 100", 4.49, 2),
    (uid("brass"), LONG, uid("horn"), f"Horn polish by {LONG}", 18.0, 1),
]
CUSTOMERS = {
    uid("ada"): ("Ada Lovelace", "+15550100"),
    uid("long"): ("María de los Ángeles Fernández de Córdoba y Figueroa-Montmorency", "+34600000000"),
}
ROBOTS = {
    uid("r2"): ("Rusty", "active"),
    uid("c3"): ("Cargo", "idle"),
    uid("bb"): ("Bumble", "offline"),
    uid("d0"): ("Dolly", "active"),
    uid("fe"): ("Ferry", "idle"),
}


def item(line: tuple[str, str, str, str, float, int]) -> Data:
    store, store_name, product, name, price, quantity = line
    return {
        "storeId": store,
        "storeName": store_name,
        "productId": product,
        "productName": name,
        "price": price,
        "quantity": quantity,
    }


def order_row(name: str, status: str, minutes: float, lines: int = 2, **more: Any) -> Data:
    ended = status in ("completed", "cancelled", "rejected")
    items = ITEMS[:lines]
    return {
        "orderId": uid(name),
        "customerId": uid("ada"),
        "paymentId": uid(f"payment {name}"),
        "status": status,
        "ready": status == "completed",
        "paid": status == "completed",
        "total": round(sum(price * quantity for *_, price, quantity in items), 2),
        "lines": lines,
        "quantity": sum(line[-1] for line in items),
        "createdAt": ago(minutes=minutes),
        "approvedAt": None if status in ("pending", "rejected") else ago(minutes=minutes - 0.05),
        "readiedAt": None,
        "endedAt": ago(minutes=1) if ended else None,
        "reason": None,
        "cancelledBy": None,
        "leavesAt": None,
        **more,
    }


def report(id: str, name: str, node: str, **more: Any) -> Data:
    """What a robot reports on its stream. Dolly reports nothing: it speaks over REST."""
    return {
        "id": id,
        "name": name,
        "connection": "online",
        "lastReportedAt": ago(seconds=4),
        "node": node,
        "x": None,
        "y": None,
        "driving": False,
        "paused": False,
        "operatingMode": "AUTOMATIC",
        "battery": 80.0,
        "order": None,
        "retriable": [],
        "errors": [],
        **more,
    }


def error(type: str, level: str, hint: str, **references: str) -> Data:
    told = [{"key": key, "value": value} for key, value in references.items()]
    return {"type": type, "level": level, "description": "", "hint": hint, "references": told}


def reports() -> dict[str, Data]:
    """What the robots of a usual afternoon report."""
    short_pick = error("STORE_CLOSED", "WARNING", "Ask the store to open its hatch.", nodeId="centre-1")
    jammed = error(
        "GRIPPER_JAMMED",
        "CRITICAL",
        "Free the gripper, then have the robot try the action again.",
        orderId=f"{uid('brass band')}.1",
        actionId="collect-2",
    )
    jammed["description"] = "The gripper did not close."
    made = [
        report(uid("r2"), "Rusty", "north-2", x=18.4, y=22.2, driving=True, battery=64.2, errors=[]),
        report(uid("c3"), "Cargo", "centre-1", paused=True, battery=15.0, errors=[short_pick]),
        report(uid("bb"), "Bumble", "parking-2", connection="offline", lastReportedAt=ago(hours=3)),
        report(uid("fe"), "Ferry", "east-2", battery=91.0, errors=[jammed], retriable=["collect-2"]),
    ]
    made[0]["order"] = {"listId": uid("brass band"), "assignment": 1}
    return {one["id"]: one for one in made}


def list_row(name: str, status: str, minutes: float, robot: str | None, picked: int = 0, lines: int = 2) -> Data:
    return {
        "listId": uid(name),
        "orderId": uid(name),
        "status": status,
        "botId": uid(robot) if robot else None,
        "assignment": 1 if robot else 0,
        "byStaff": False,
        "stops": lines,
        "quantity": sum(line[-1] for line in ITEMS[:lines]),
        "picked": picked,
        "since": ago(minutes=minutes),
        "leavesAt": None,
    }


def invoice_row(name: str, amount: float, minutes: float) -> Data:
    return {
        "orderId": uid(name),
        "paymentId": uid(f"payment {name}"),
        "amount": amount,
        "status": "pending",
        "since": ago(minutes=minutes),
        "leavesAt": None,
    }


def list_content(row: Data, lines: int = 2) -> Data:
    """A list as REST shows it; what is picked is all of the first item."""
    left = row["picked"]
    stops = []
    for store, store_name, product, name, _, quantity in ITEMS[:lines]:
        picked = min(left, quantity)
        left -= picked
        goods = [{"productId": product, "name": name, "quantity": quantity, "picked": picked}]
        stops.append({"storeId": store, "storeName": store_name, "location": "Hall A", "items": goods})
    return {
        "id": row["listId"],
        "orderId": row["orderId"],
        "status": row["status"],
        "botId": row["botId"],
        "assignment": row["assignment"],
        "stops": stops,
    }


CHAIN = [
    ("OrderCreated", "ordering", None),
    ("AuthorizeCustomer", "checkout", 0),
    ("CustomerAuthorized", "customers", 1),
    ("CreateShoppingList", "checkout", 2),
    ("ShoppingListAccepted", "depot", 3),
    ("ShoppingListCreated", "depot", 3),
    ("ConfirmPayment", "checkout", 4),
    ("PaymentAccepted", "payments", 6),
    ("ApproveOrder", "checkout", 7),
    ("OrderApproved", "ordering", 8),
    ("InvoiceCreated", "payments", 9),
    ("NotificationSent", "notifications", 9),
]


STREAMS = {
    "baskets": "Basket",
    "checkout": "CreateOrderSaga",
    "customers": "Customer",
    "depot": "ShoppingList",
    "notifications": "Notification",
    "ordering": "Order",
    "payments": "Payment",
    "stores": "Store",
}


def timeline(order_id: str) -> list[Data]:
    """The messages of an order until its approval."""
    made: list[Data] = []
    for at, (name, source, cause) in enumerate(CHAIN):
        made.append(message(order_id, name, source, made[cause]["id"] if cause is not None else None, 60 - at * 0.2))
    return made


def message(order_id: str, name: str, source: str, cause: str | None, seconds: float = 0) -> Data:
    return {
        "id": uid(f"{order_id} {name} {seconds}"),
        "name": name,
        "time": ago(seconds=seconds),
        "source": f"mallbots.{source}",
        "stream": f"{STREAMS[source]}#{order_id}",
        "correlationId": order_id,
        "causationId": cause,
        "actor": "customer" if cause is None else "system",
        "data": {},
    }
