"""A small mall for the kiosk's browser tests: what it holds, and the routes that the kiosk asks.

Writes honour Idempotency-Key and If-Match as the mall does. `lose`, `refuse` and `down` make the network bad.
"""

import json
import re
import threading
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

CODE = "123456"
LONG_NAME = "The Extraordinarily Long-Named Emporium of Small Brass Instruments and Sheet Music"


@dataclass
class ProblemError(Exception):
    status: int
    code: str
    detail: str = ""


@dataclass
class Asked:
    """A request that reached the mall, whether its answer did or not."""

    route: str
    key: str
    body: Json


@dataclass
class Basket:
    id: str
    customer: str
    lines: dict[str, int] = field(default_factory=dict)
    status: str = "open"
    version: int = 1


@dataclass
class Mall:
    """What the mall holds. Amounts are as on the wire."""

    stores: list[Json] = field(default_factory=list)
    products: dict[str, Json] = field(default_factory=dict)
    customers: dict[str, Json] = field(default_factory=dict)
    baskets: dict[str, Basket] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    down: bool = False
    taking_part: bool = True
    _answers: dict[tuple[str, str, str], tuple[str, Json]] = field(default_factory=dict)
    _lost: dict[str, int] = field(default_factory=dict)
    _refused: dict[str, list[ProblemError]] = field(default_factory=dict)
    _held: dict[str, threading.Event] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def lose(self, route: str, times: int = 1) -> None:
        """The next answers to a route are lost, though the request took effect."""
        self._lost[route] = times

    def refuse(self, route: str, *problems: ProblemError) -> None:
        self._refused[route] = list(problems)

    def hold(self, route: str) -> threading.Event:
        """Answers to a route wait until the event is set."""
        self._held[route] = threading.Event()
        return self._held[route]

    def sent(self, route: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.route == route]

    def move(self, order_id: str, **change: object) -> None:
        """An order goes on."""
        with self._lock:
            order = self.orders[order_id]
            order["order"].update(change)
            order["version"] += 1

    def answer(self, method: str, path: str, headers: Json, body: Json) -> tuple[int, Json, str]:
        """Status, body and ETag ("" for none). Raises ProblemError, and ConnectionError for an answer that is lost."""
        if self.down:
            raise ConnectionError
        route, handler, ids = self._routed(method, path)
        with self._lock:
            key = headers.get("idempotency-key", "")
            self.asked.append(Asked(route, key, body))
            if self._refused.get(route):
                raise self._refused[route].pop(0)
            done = self._once(key, method, path, body, headers, lambda: handler(self, headers, body, *ids))
        if held := self._held.get(route):
            held.wait(30)
        if self._lost.get(route, 0) > 0:
            self._lost[route] -= 1
            raise ConnectionError
        data, version = done
        if method == "GET" and version and headers.get("if-none-match") == version:
            return 304, {}, version
        return 200, data, version

    def _once(self, key: str, method: str, path: str, body: Json, headers: Json, does: Any) -> tuple[Json, str]:
        if method == "GET" or not key:
            return does()  # type: ignore[no-any-return]
        place, told = (key, method, path), json.dumps(body, sort_keys=True)
        if place in self._answers:
            before, answer = self._answers[place]
            if before != told:
                raise ProblemError(422, "idempotency_key_reused")
            return answer, ""
        answer, version = does()
        self._answers[place] = (told, answer)
        return answer, version

    def _routed(self, method: str, path: str) -> tuple[str, Any, tuple[str, ...]]:
        for route, handler in ROUTES.items():
            wanted, _, template = route.partition(" ")
            pattern = "^" + re.sub(r"\{\w+\}", "([^/]+)", template) + "$"
            if wanted == method and (found := re.match(pattern, path)):
                return route, handler, found.groups()
        raise ProblemError(404, "not_found", f"no route {method} {path}")

    def total(self, lines: dict[str, int]) -> float:
        return float(round(sum(self.products[id]["price"] * count for id, count in lines.items()), 2))

    def items(self, lines: dict[str, int], price: str) -> list[Json]:
        stores = {store["id"]: store["name"] for store in self.stores}
        found = [(self.products[id], count) for id, count in lines.items()]
        return [
            {
                "storeId": product["storeId"],
                "storeName": stores[product["storeId"]],
                "productId": product["id"],
                "productName": product["name"],
                price: product["price"],
                "quantity": count,
            }
            for product, count in found
        ]


def token(kind: str, subject: str) -> str:
    claims = {"exp": 4_000_000_000, "username": subject, "cognito:groups": [kind], "sub": subject}
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.none"


def _customer(headers: Json, mall: Mall) -> str:
    for customer in mall.customers:
        if headers.get("authorization") == f"Bearer {token('customer', customer)}":
            return customer
    raise ProblemError(403, "forbidden")


def _stores(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    stores = [{**store, "participating": store["participating"] and mall.taking_part} for store in mall.stores]
    return {"stores": stores}, ""


def _products(mall: Mall, headers: Json, body: Json, store: str) -> tuple[Json, str]:
    return {"products": [product for product in mall.products.values() if product["storeId"] == store]}, ""


def _register(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    if not body["name"] or not re.fullmatch(r"\+?\d{7,15}", body["smsNumber"]):
        raise ProblemError(400, "invalid", "the number is no number")
    customer = str(uuid.uuid4())
    mall.customers[customer] = body
    return {"id": customer}, ""


def _session(mall: Mall, headers: Json, body: Json, customer: str) -> tuple[Json, str]:
    if customer not in mall.customers:
        raise ProblemError(404, "not_found")
    return {"token": token("customer", customer), "expiresAt": "2100-01-01T00:00:00Z"}, ""


def _code(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    return {}, ""


def _prove(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    found = [id for id, customer in mall.customers.items() if customer["smsNumber"] == body["smsNumber"]]
    if body["code"] != CODE or not found:
        raise ProblemError(403, "forbidden", "this code is wrong or not valid any more: request another one")
    return {"customerId": found[0], **_session(mall, headers, {}, found[0])[0]}, ""


def _start(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    customer = _customer(headers, mall)
    if body["customerId"] != customer:
        raise ProblemError(403, "forbidden")
    basket = Basket(str(uuid.uuid4()), customer)
    mall.baskets[basket.id] = basket
    return {"id": basket.id}, ""


def _own(mall: Mall, headers: Json, basket: str) -> Basket:
    found = mall.baskets.get(basket)
    if found is None or found.customer != _customer(headers, mall):
        raise ProblemError(404, "not_found")
    return found


def _basket(mall: Mall, headers: Json, body: Json, id: str) -> tuple[Json, str]:
    basket = _own(mall, headers, id)
    content = {
        "id": id,
        "customerId": basket.customer,
        "status": basket.status,
        "items": mall.items(basket.lines, "productPrice"),
        "total": mall.total(basket.lines),
    }
    return {"basket": content}, f'"{basket.version}"'


def _alter(mall: Mall, headers: Json, body: Json, id: str, by: int) -> tuple[Json, str]:
    basket = _own(mall, headers, id)
    product = body["productId"]
    if basket.status != "open":
        raise ProblemError(409, "refused", "the basket is not open")
    if product not in mall.products:
        raise ProblemError(404, "not_found", "product was not located")
    count = basket.lines.get(product, 0) + by * body["quantity"]
    basket.lines = {id: held for id, held in {**basket.lines, product: count}.items() if held > 0}
    basket.version += 1
    return {}, f'"{basket.version}"'


def _add(mall: Mall, headers: Json, body: Json, id: str) -> tuple[Json, str]:
    return _alter(mall, headers, body, id, 1)


def _remove(mall: Mall, headers: Json, body: Json, id: str) -> tuple[Json, str]:
    return _alter(mall, headers, body, id, -1)


def _pay(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    if body["amount"] <= 0 or body["customerId"] != _customer(headers, mall):
        raise ProblemError(400, "invalid")
    payment = str(uuid.uuid4())
    mall.payments[payment] = {**body, "status": "authorized"}
    return {"id": payment}, ""


def _check_out(mall: Mall, headers: Json, body: Json, id: str) -> tuple[Json, str]:
    basket = _own(mall, headers, id)
    if headers.get("if-match") not in (None, f'"{basket.version}"'):
        raise ProblemError(412, "stale")
    if basket.status != "open" or not basket.lines:
        raise ProblemError(409, "refused", "the basket is not open")
    basket.status = "checked_out"
    basket.version += 1
    order = {
        "id": id,
        "customerId": basket.customer,
        "paymentId": body["paymentId"],
        "items": mall.items(basket.lines, "price"),
        "status": "pending",
        "ready": False,
        "paid": False,
        "total": mall.total(basket.lines),
    }
    mall.orders[id] = {"order": order, "version": 1}
    return {}, f'"{basket.version}"'


def _order(mall: Mall, headers: Json, body: Json, id: str) -> tuple[Json, str]:
    found = mall.orders.get(id)
    if found is None or found["order"]["customerId"] != _customer(headers, mall):
        raise ProblemError(404, "not_found")
    return {"order": found["order"]}, f'"{found["version"]}"'


def _charge(mall: Mall, headers: Json, body: Json, id: str) -> tuple[Json, str]:
    order = mall.orders[id]["order"]
    if order["status"] == "pending":
        raise ProblemError(404, "not_found")
    mall.move(id, paid=True)
    return {}, ""


ROUTES = {
    "GET /api/stores": _stores,
    "GET /api/stores/{id}/products": _products,
    "POST /api/customers": _register,
    "POST /api/customers/codes": _code,
    "POST /api/customers/sessions": _prove,
    "POST /api/customers/{id}/sessions": _session,
    "POST /api/baskets": _start,
    "GET /api/baskets/{id}": _basket,
    "PUT /api/baskets/{id}/addItem": _add,
    "PUT /api/baskets/{id}/removeItem": _remove,
    "PUT /api/baskets/{id}/checkout": _check_out,
    "POST /api/payments": _pay,
    "GET /api/ordering/{id}": _order,
    "PUT /api/payments/invoices/{id}/pay": _charge,
}


def stocked() -> Mall:
    """A mall with four stores, one of which does not take part."""
    mall = Mall()
    for name, location, part, goods in (
        ("Nut & Bolt", "Level 0, by the fountain", True, {"Hex key": 4.5, "Spirit level": 18.0}),
        ("Paper Lantern Books", "Level 2", True, {"A Short History of Tea": 18.9, "Atlas of Small Islands": 32.0}),
        (LONG_NAME, "Level 3, behind the east lifts", True, {"Valve oil": 7.25}),
        ("Corner Bakery", "Level 0", False, {"Rye loaf": 5.0}),
    ):
        store = str(uuid.uuid4())
        mall.stores.append({"id": store, "name": name, "location": location, "participating": part})
        for product, price in goods.items():
            told = {"name": product, "description": f"From {name}", "sku": "", "price": price}
            id = str(uuid.uuid4())
            mall.products[id] = {"id": id, "storeId": store, **told}
    return mall
