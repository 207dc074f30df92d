"""The routes of streams that the browser tests need: commits of aggregates, and what each was at a version."""

from dataclasses import dataclass
from typing import Any

from tests.browser.operation_routes import ROOT
from tests.browser.rest import Answer, Asked, RefusedError, Rest, route
from tests.browser.samples import Data, uid

STREAM = f"{ROOT}/streams/{{service}}/{{kind}}/{{id}}"


@dataclass
class Change:
    """One commit: when, which event, and the state that it left."""

    time: str
    event: str
    state: Data


def past(order: str) -> dict[str, list[Change]]:
    """A short past of an order, by `service/stream`."""

    def change(second: int, event: str, **state: Any) -> Change:
        return Change(f"2030-01-14T14:02:{second:02}.000Z", event, state)

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
    return Answer(200, {"messages": mall.timelines.get(id, []), "gaps": mall.operations.silent})


@route("GET", STREAM)
def _commits(mall: Rest, asked: Asked, service: str, kind: str, id: str) -> Answer:
    common = {"actor": "system", "cause": None, "correlation": id, "messages": []}
    commits = [
        {
            "version": at,
            "last": at,
            "time": one.time,
            "events": [{"name": one.event, "version": 1, "data": {}}],
            **common,
        }
        for at, one in enumerate(_changes(mall, service, kind, id), 1)
    ]
    return Answer(200, {"commits": commits})


@route("GET", f"{STREAM}/state")
def _state(mall: Rest, asked: Asked, service: str, kind: str, id: str) -> Answer:
    version = int(asked.query["version"])
    return Answer(200, {"version": version, "state": _changes(mall, service, kind, id)[version - 1].state})
