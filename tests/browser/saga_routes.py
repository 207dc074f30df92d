"""Sagas of the browser tests: samples, their streams, and the routes of checkout and operations that concern them."""

from tests.browser.operation_routes import ROOT
from tests.browser.rest import Answer, Asked, RefusedError, Rest, route
from tests.browser.samples import Data, ago, uid
from tests.browser.stream_routes import Change

SAGAS = "/api/checkout/sagas"
STUCK, SLOW, UNDONE = (uid(name) for name in ("stuck", "slow", "undone"))


def saga(order: str, status: str, since: str, *awaited: Data, **more: object) -> Data:
    common = {"orderId": order, "status": status, "step": 3, "compensating": False, "since": since, "reason": ""}
    return {**common, "awaited": list(awaited), **more}


def samples() -> list[Data]:
    """One that is parked, one that runs long, and one that is undone."""
    void = {"command": "VoidPayment", "attempt": 35, "due": "2026-01-01T08:00:00Z"}
    why = "VoidPayment: payment_voided twice, and was refused with a reason that is long"
    confirm = {"command": "ConfirmPayment", "attempt": 2, "due": ago(minutes=-2)}
    create = {"command": "CreateShoppingList", "attempt": 2, "due": ago(minutes=-2)}
    return [
        saga(STUCK, "parked", "2026-01-01T08:00:00Z", void, compensating=True, reason=why),
        saga(SLOW, "running", ago(minutes=9), create, confirm, step=2),
        saga(UNDONE, "compensated", ago(hours=2), reason="the store is closed", step=0),
    ]


def streams() -> dict[str, list[Change]]:
    """What the parked saga did, by `service/stream`."""
    at = "2026-01-01T07:{}:00.000Z"
    began = Change(at.format("10"), "StepSent", {}, {"step": 3, "attempt": 1, "due": ""}, ["ConfirmPayment"])
    watched = Change(at.format("11"), "WatchSet", {}, {"until": ""}, ["SagaWatchEnds"])
    turned = Change(at.format("12"), "TurnedRound", {}, {"reason": "the card was refused"}, [])
    undo = Change(at.format("13"), "UndoSent", {}, {"step": 3, "attempt": 2, "due": ""}, ["VoidPayment"])
    return {f"checkout/CreateOrderSaga#{STUCK}": [began, watched, turned, undo]}


def _saga(mall: Rest, order: str) -> Data:
    for one in mall.sagas:
        if one["orderId"] == order:
            return one
    raise RefusedError(404, f"there is no saga {order}")


@route("GET", SAGAS)
def _list(mall: Rest, asked: Asked) -> Answer:
    wanted = asked.query.get("status")
    shown = [one for one in mall.sagas if wanted in (None, one["status"])]
    return Answer(200, {"sagas": [{name: one[name] for name in one if name != "awaited"} for one in shown]})


@route("GET", f"{SAGAS}/{{orderId}}")
def _show(mall: Rest, asked: Asked, orderId: str) -> Answer:
    return Answer(200, {"saga": _saga(mall, orderId)})


@route("PUT", f"{SAGAS}/{{orderId}}/resume")
def _resume(mall: Rest, asked: Asked, orderId: str) -> Answer:
    found = _saga(mall, orderId)
    if found["status"] != "parked":
        raise RefusedError(409, f"the saga is {found['status']}, not parked")
    tries = [{**one, "attempt": one["attempt"] + 1, "due": ago(minutes=-1)} for one in found["awaited"]]
    found.update(status="running", since=ago(), awaited=tries)
    return Answer(200, {})


@route("PUT", f"{ROOT}/sagas/{{orderId}}/retry")
def _retry(mall: Rest, asked: Asked, orderId: str) -> Answer:
    _saga(mall, orderId)
    return Answer(200, {"sent": [uid(f"{orderId} {command}") for command in asked.body["commands"]]})
