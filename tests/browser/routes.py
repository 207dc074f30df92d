"""The routes of the REST API that the browser tests need."""

from tests.browser.rest import Answer, Asked, RefusedError, Rest, Route, route
from tests.browser.samples import Data, ago, uid


def _shows(kind: str, template: str) -> None:
    route("GET", template)(lambda mall, asked, id: mall.show(asked, kind, id))


_shows("order", "/api/ordering/{id}")
_shows("list", "/api/depot/shopping/{id}")
_shows("invoice", "/api/payments/invoices/{id}")
_shows("customer", "/api/customers/{id}")
_shows("product", "/api/stores/products/{id}")
_shows("store", "/api/stores/{id}")


@route("DELETE", "/api/ordering/{id}")
def _cancel(mall: Rest, asked: Asked, id: str) -> Answer:
    if mall.find("order", id).content["status"] not in ("pending", "approved"):
        raise RefusedError(409, "the order cannot be cancelled")
    thing = mall.change(asked, "order", id)
    ended = {"status": "cancelled", "endedAt": ago(), "cancelledBy": "staff", "reason": asked.body.get("reason")}
    mall.happen("orders", id, "OrderCancelled", "ordering", **ended)
    return Answer(200, {}, thing.version)


@route("PUT", "/api/depot/shopping/{id}/complete")
def _complete(mall: Rest, asked: Asked, id: str) -> Answer:
    if mall.find("list", id).content["status"] not in ("assigned", "active"):
        raise RefusedError(409, "the shopping list is completed")
    thing = mall.change(asked, "list", id)
    mall.happen("lists", id, "ShoppingListCompleted", "depot", gone=True, status="completed")
    if ("order", id) in mall.things:  # the order's own list has its id
        mall.happen("orders", id, "OrderReadied", "ordering", ready=True, readiedAt=ago())
    return Answer(200, {}, thing.version)


@route("DELETE", "/api/depot/bots/{id}")
def _retire(mall: Rest, asked: Asked, id: str) -> Answer:
    mall.reports.pop(id, None)
    mall.happen("robots", id, "BotRetired", "depot", status="retired", listId=None, leavesAt=ago())
    return Answer(200, {})


@route("GET", "/api/fleet/robots")
def _robots(mall: Rest, asked: Asked) -> Answer:
    reports = list(mall.reports.values())
    begin, limit = int(asked.query.get("next", 0)), int(asked.query.get("limit", 20))
    end = begin + limit
    more = {"next": str(end)} if end < len(reports) else {}
    return Answer(200, {"robots": reports[begin:end], **more})


def _tells(**reported: bool) -> Route:
    def tell(mall: Rest, asked: Asked, id: str) -> Answer:
        if id not in mall.reports:
            raise RefusedError(404, f"the robot {id} was not found")
        mall.reports[id] = {**mall.reports[id], **reported}
        return Answer(200, {})

    return tell


route("PUT", "/api/fleet/robots/{id}/pause")(_tells(paused=True, driving=False))
route("PUT", "/api/fleet/robots/{id}/resume")(_tells(paused=False))


def _ends_error(mall: Rest, asked: Asked, id: str, actionId: str) -> Answer:
    report = mall.reports[id]
    if actionId not in report["retriable"]:
        raise RefusedError(409, "the action does not wait")
    about = {"key": "actionId", "value": actionId}
    left = [error for error in report["errors"] if about not in error["references"]]
    mall.reports[id] = {**report, "errors": left, "retriable": []}
    return Answer(200, {})


route("PUT", "/api/fleet/robots/{id}/actions/{actionId}/retry")(_ends_error)
route("PUT", "/api/fleet/robots/{id}/actions/{actionId}/skip")(_ends_error)


@route("PUT", "/api/payments/invoices/{id}/pay")
def _pay(mall: Rest, asked: Asked, id: str) -> Answer:
    if mall.find("invoice", id).content["status"] != "pending":
        raise RefusedError(409, "the invoice is paid")
    thing = mall.change(asked, "invoice", id)
    mall.happen("invoices", id, "InvoicePaid", "payments", gone=True, status="paid")
    mall.happen("orders", id, "OrderPaid", "ordering", paid=True)
    return Answer(200, {}, thing.version)


@route("GET", "/api/insights/orders/{id}/timeline")
def _timeline(mall: Rest, asked: Asked, id: str) -> Answer:
    if not mall.timelines.get(id):
        raise RefusedError(404, "there are no messages in this timeline")
    return Answer(200, {"messages": mall.timelines[id]})


@route("POST", "/api/customers")
def _register(mall: Rest, asked: Asked) -> Answer:
    id = uid(asked.body["name"])
    mall.put("customer", id, {"id": id, "enabled": True, "language": "en", **asked.body})
    return Answer(200, {"id": id})


def _enables(enabled: bool) -> Route:
    def change(mall: Rest, asked: Asked, id: str) -> Answer:
        return Answer(200, {}, mall.change(asked, "customer", id, enabled=enabled).version)

    return change


route("PUT", "/api/customers/{id}/enable")(_enables(True))
route("PUT", "/api/customers/{id}/disable")(_enables(False))


@route("PUT", "/api/customers/{id}/change-sms")
def _change_number(mall: Rest, asked: Asked, id: str) -> Answer:
    return Answer(200, {}, mall.change(asked, "customer", id, smsNumber=asked.body["smsNumber"]).version)


@route("DELETE", "/api/customers/{id}")
def _erase(mall: Rest, asked: Asked, id: str) -> Answer:
    thing = mall.change(asked, "customer", id)
    del mall.things["customer", id]
    return Answer(200, {}, thing.version)


@route("POST", "/api/stores")
def _create_store(mall: Rest, asked: Asked) -> Answer:
    id = uid(asked.body["name"])
    content = {"name": asked.body["name"], "location": asked.body["location"], "participating": False}
    mall.put("store", id, {"id": id, **content}, mall.boards.put("stores", id, {"storeId": id, **content}))
    return Answer(200, {"id": id})


@route("PUT", "/api/stores/{id}/rebrand")
def _rename(mall: Rest, asked: Asked, id: str) -> Answer:
    mall.change(asked, "store", id)
    mall.happen("stores", id, "StoreRebranded", "stores", name=asked.body["name"])
    return Answer(200, {}, mall.find("store", id).version)


def _takes_part(participating: bool) -> Route:
    def change(mall: Rest, asked: Asked, id: str) -> Answer:
        mall.change(asked, "store", id)
        mall.happen("stores", id, "StoreParticipationToggled", "stores", participating=participating)
        return Answer(200, {}, mall.find("store", id).version)

    return change


route("PUT", "/api/stores/{id}/participating")(_takes_part(True))
route("DELETE", "/api/stores/{id}/participating")(_takes_part(False))


@route("GET", "/api/stores/{storeId}/products")
def _products(mall: Rest, asked: Asked, storeId: str) -> Answer:
    ids = dict.fromkeys([*(id for kind, id in mall.things if kind == "product"), *mall.earlier])
    found = [one for one in map(mall.listed, ids) if one]
    return Answer(200, {"products": [one for one in found if one["storeId"] == storeId]})


@route("POST", "/api/stores/{storeId}/products")
def _add_product(mall: Rest, asked: Asked, storeId: str) -> Answer:
    id = uid(asked.body["name"])
    mall.follow(id)
    mall.put("product", id, {"id": id, "storeId": storeId, "description": "", "sku": "", "price": 0, **asked.body})
    return Answer(200, {"id": id})


def _price(mall: Rest, asked: Asked, id: str) -> Answer:
    return Answer(200, {}, mall.change(asked, "product", id, price=asked.body["price"]).version)


route("PUT", "/api/stores/products/{id}/increasePrice")(_price)
route("PUT", "/api/stores/products/{id}/decreasePrice")(_price)


@route("PUT", "/api/stores/products/{id}/rebrand")
def _relabel(mall: Rest, asked: Asked, id: str) -> Answer:
    return Answer(200, {}, mall.change(asked, "product", id, **asked.body).version)


@route("DELETE", "/api/stores/products/{id}")
def _remove(mall: Rest, asked: Asked, id: str) -> Answer:
    thing = mall.change(asked, "product", id)
    del mall.things["product", id]
    return Answer(200, {}, thing.version)


def _found(mall: Rest, content: Data) -> Data:
    shown = {**content, "orderId": content["id"], "createdAt": mall.boards.row("orders", content["id"])["createdAt"]}
    del shown["id"]
    customer = mall.things.get(("customer", content["customerId"]))
    return {**shown, **({"customerName": customer.content["name"]} if customer else {})}


@route("POST", "/api/search/orders")
def _search(mall: Rest, asked: Asked) -> Answer:
    filters = asked.body.get("filters", {})
    orders = [_found(mall, thing.content) for (kind, _), thing in mall.things.items() if kind == "order"]
    orders = [one for one in orders if one["orderId"].startswith(filters.get("number", ""))]
    orders = [one for one in orders if filters.get("customerId", one["customerId"]) == one["customerId"]]
    orders = [one for one in orders if filters.get("status", one["status"]) == one["status"]]
    return Answer(200, {"orders": sorted(orders, key=lambda one: one["createdAt"], reverse=True)})


@route("GET", "/api/search/orders/{id}")
def _search_one(mall: Rest, asked: Asked, id: str) -> Answer:
    return Answer(200, {"order": _found(mall, mall.find("order", id).content)})


@route("GET", "/api/payments/differences")
def _differences(mall: Rest, asked: Asked) -> Answer:
    return Answer(200, {"differences": mall.differences})


_shows("payment", "/api/payments/{id}")  # after the paths that it would match


@route("GET", "/api/insights/sales")
def _sales(mall: Rest, asked: Asked) -> Answer:
    return Answer(200, mall.sales)


@route("GET", "/api/insights/funnel")
def _funnel(mall: Rest, asked: Asked) -> Answer:
    names = ["basketsStarted", "checkedOut", "approved", "ready", "paid", "completed"]
    lost = {"rejected": 1, "cancelled": 4, "abandoned": 12}
    return Answer(200, {**{name: 90 - 9 * at for at, name in enumerate(names)}, **lost})


@route("GET", "/api/insights/waiting")
def _waiting(mall: Rest, asked: Asked) -> Answer:
    times = {"approval": 3, "collection": 540, "payment": 1260, "completion": 2}
    stages = [
        {"stage": stage, "orders": 50, "averageSeconds": seconds, "longestSeconds": seconds * 4}
        for stage, seconds in times.items()
    ]
    return Answer(200, {"stages": stages})
