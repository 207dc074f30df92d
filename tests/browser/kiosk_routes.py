"""The routes that the kiosk asks, and what its mall has in stock."""

import re
import uuid

from tests.browser.kiosk_mall import CODE, Basket, Handler, Json, Mall, ProblemError, token

LONG_NAME = "The Extraordinarily Long-Named Emporium of Small Brass Instruments and Sheet Music"


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


def _start_with(mall: Mall, headers: Json, body: Json) -> tuple[Json, str]:
    if any(item["productId"] not in mall.products for item in body["items"]):
        raise ProblemError(404, "not_found", "product was not located")
    started, _ = _start(mall, headers, body)
    mall.baskets[started["id"]].lines = {item["productId"]: item["quantity"] for item in body["items"]}
    return started, ""


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


ROUTES: dict[str, Handler] = {
    "GET /api/stores": _stores,
    "GET /api/stores/{id}/products": _products,
    "POST /api/customers": _register,
    "POST /api/customers/codes": _code,
    "POST /api/customers/sessions": _prove,
    "POST /api/customers/{id}/sessions": _session,
    "POST /api/baskets": _start,
    "POST /api/baskets/withItems": _start_with,
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
    mall = Mall(ROUTES)
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
