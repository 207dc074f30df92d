"""The routes of streams that the browser tests need: commits of aggregates, and what each was at a version."""

from dataclasses import dataclass, field
from typing import Any

from tests.browser.operation_routes import ROOT
from tests.browser.rest import Answer, Asked, RefusedError, Rest, route
from tests.browser.samples import STREAMS, Data, uid

STREAM = f"{ROOT}/streams/{{service}}/{{kind}}/{{id}}"


@dataclass
class Change:
    """One commit: when, which event, the state that it left, the event's data, and the names of what it sent."""

    time: str
    event: str
    state: Data
    data: Data = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)


# Second, name, sender, and the place of the cause. What checkout and notifications sent is of no stream that is known.
FLOW = [
    (0, "PaymentAuthorized", "payments", None),
    (1, "OrderCreated", "ordering", None),
    (2, "CreateShoppingList", "checkout", 1),
    (2, "ConfirmPayment", "checkout", 1),
    (4, "ShoppingListAccepted", "depot", 2),
    (6, "PaymentAccepted", "payments", 3),
    (7, "ApproveOrder", "checkout", 5),
    (9, "OrderApproved", "ordering", 6),
    (10, "ShoppingListAssigned", "depot", 2),
    (11, "NotificationSent", "notifications", 7),
]
OWNERS = {
    "Authorized": ["payments"],
    "Confirmed": ["payments"],
    "Approved": ["ordering"],
    "Created": ["ordering", "depot"],
}


def _time(second: int) -> str:
    return f"2030-01-14T14:02:{second:02}.000Z"


def _id(stream: str, name: str) -> str:
    return uid(f"{stream} sent {name}")


def flow(order: str) -> list[Data]:
    """The messages of that past."""
    made: list[Data] = []
    for second, name, source, cause in FLOW:
        stream = f"{STREAMS[source]}#{order}"
        told: Data = {"id": _id(stream, name), "name": name, "time": _time(second), "source": f"mallbots.{source}"}
        told |= {"stream": stream, "correlationId": order, "actor": "system"}
        told["data"] = {"bot_id": uid("r2")} if name == "ShoppingListAssigned" else {}
        made.append({**told, "causationId": None if cause is None else made[cause]["id"]})
    return made


def past(order: str) -> dict[str, list[Change]]:
    """A short past of an order, by `service/stream`."""

    def change(second: int, event: str, **state: Any) -> Change:
        sent = [name for at, name, source, _ in FLOW if at == second and source in OWNERS.get(event, ())]
        return Change(_time(second), event, state, sent=sent)

    items = [{"product_id": uid("atlas"), "quantity": 2}]
    return {
        f"ordering/Order#{order}": [
            change(1, "Created", status="pending", items=items, total=2148),
            change(9, "Approved", status="approved", items=items, total=2148),
        ],
        f"payments/Payment#{order}": [
            change(0, "Authorized", status="authorized", amount=2148),
            change(6, "Confirmed", status="confirmed", amount=2148),
        ],
        f"depot/ShoppingList#{order}": [change(4, "Created", status="created", bot_id=None)],
    }


def _changes(mall: Rest, service: str, kind: str, id: str) -> list[Change]:
    found = mall.operations.streams.get(f"{service}/{kind}#{id}")
    if found is None:
        raise RefusedError(404, f"{service} has no stream {kind}#{id}")
    return found


@route("GET", f"{ROOT}/orders/{{id}}/timeline")
def _timeline(mall: Rest, asked: Asked, id: str) -> Answer:
    known = f"ordering/Order#{id}" in mall.operations.streams
    return Answer(200, {"messages": flow(id) if known else [], "gaps": mall.operations.silent})


@route("GET", STREAM)
def _commits(mall: Rest, asked: Asked, service: str, kind: str, id: str) -> Answer:
    common = {"actor": "system", "cause": None, "correlation": id}
    commits = [
        {
            "version": at,
            "last": at,
            "time": one.time,
            "events": [{"name": one.event, "version": 1, "data": one.data}],
            "messages": [{"name": name, "id": _id(f"{kind}#{id}", name)} for name in one.sent],
            **common,
        }
        for at, one in enumerate(_changes(mall, service, kind, id), 1)
    ]
    return Answer(200, {"commits": commits})


@route("GET", f"{STREAM}/state")
def _state(mall: Rest, asked: Asked, service: str, kind: str, id: str) -> Answer:
    version = int(asked.query["version"])
    return Answer(200, {"version": version, "state": _changes(mall, service, kind, id)[version - 1].state})
