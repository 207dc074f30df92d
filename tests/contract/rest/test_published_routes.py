"""The routes as they were published to existing clients, whose the paths, methods and names of fields are."""

import pytest
from pydantic import BaseModel

from functions.kernel.rest.routes import Route
from tests.contract.rest.declared import ROUTES, key

ITEM = "storeId storeName productId productName price quantity"
STORE = "id name location participating"
PRODUCT = "id storeId name description sku price"
CUSTOMER = "id name smsNumber enabled"
BASKET = "id customerId status items total"
ORDER = "id customerId paymentId items status ready paid total"
LIST = "id orderId status botId assignment stops"
SAGA = "orderId status step compensating since reason"
STEP = "assignment"

# Method and path → the body's fields (those that may be left out with ?) → the answer's, and those of what is in it.
PUBLISHED = {
    "POST /api/stores": ("name location", "id", ""),
    "GET /api/stores": ("", "stores next", STORE),
    "GET /api/stores/participating": ("", "stores next", STORE),
    "GET /api/stores/{id}": ("", "store", STORE),
    "PUT /api/stores/{id}/participating": ("", "", ""),
    "DELETE /api/stores/{id}/participating": ("", "", ""),
    "PUT /api/stores/{id}/rebrand": ("name", "", ""),
    "POST /api/stores/{storeId}/products": ("name description? sku? price?", "id", ""),
    "GET /api/stores/{storeId}/products": ("", "products next", PRODUCT),
    "GET /api/stores/products/{id}": ("", "product", PRODUCT),
    "DELETE /api/stores/products/{id}": ("", "", ""),
    "PUT /api/stores/products/{id}/rebrand": ("name description?", "", ""),
    "PUT /api/stores/products/{id}/increasePrice": ("price", "", ""),
    "PUT /api/stores/products/{id}/decreasePrice": ("price", "", ""),
    "POST /api/customers": ("name smsNumber", "id", ""),
    "GET /api/customers/{id}": ("", "customer", CUSTOMER),
    "PUT /api/customers/{id}/enable": ("", "", ""),
    "PUT /api/customers/{id}/disable": ("", "", ""),
    "PUT /api/customers/{id}/change-sms": ("smsNumber", "", ""),
    "DELETE /api/customers/{id}": ("", "", ""),
    "POST /api/baskets": ("customerId", "id", ""),
    "GET /api/baskets/{id}": ("", "basket", BASKET),
    "DELETE /api/baskets/{id}": ("", "", ""),
    "PUT /api/baskets/{id}/addItem": ("productId quantity", "", ""),
    "PUT /api/baskets/{id}/removeItem": ("productId quantity", "", ""),
    "PUT /api/baskets/{id}/checkout": ("paymentId", "", ""),
    "POST /api/ordering": ("customerId paymentId items", "id", ""),
    "GET /api/ordering/{id}": ("", "order", ORDER),
    "DELETE /api/ordering/{id}": ("reason?", "", ""),
    "POST /api/depot/shopping": ("orderId items", "id", ""),
    "GET /api/depot/shopping": ("", "lists next", LIST),
    "GET /api/depot/shopping/{id}": ("", "list", LIST),
    "POST /api/depot/shopping/{id}": ("", "", ""),
    "PUT /api/depot/shopping/{id}/assign": ("botId", "", ""),
    "PUT /api/depot/shopping/{id}/complete": ("shortages? assignment?", "", ""),
    "PUT /api/depot/shopping/{id}/initiate": ("", "", ""),
    "PUT /api/depot/shopping/{id}/start": (STEP, "", ""),
    "PUT /api/depot/shopping/{id}/pick": (f"{STEP} storeId productId quantity", "", ""),
    "POST /api/depot/bots": ("name", "id token", ""),
    "GET /api/depot/bots": ("", "bots next", "id name status"),
    "PUT /api/depot/bots/{id}/online": ("", "", ""),
    "PUT /api/depot/bots/{id}/offline": ("", "", ""),
    "POST /api/payments": ("customerId amount", "id", ""),
    "GET /api/payments/{id}": ("", "payment", "id customerId orderId amount status"),
    "GET /api/payments/invoices/{id}": ("", "invoice", "id orderId paymentId amount status"),
    "PUT /api/payments/invoices/{id}/pay": ("", "", ""),
    "POST /api/search/orders": (
        "filters? next? limit?",
        "orders next",
        "orderId customerId customerName? items total status",
    ),
    "GET /api/search/orders/{id}": ("", "order", "orderId customerId customerName? items total status"),
    "GET /api/insights/sales": ("", "orders items revenue byStore byProduct byHour", ""),
    "GET /api/insights/funnel": (
        "",
        "basketsStarted checkedOut approved ready paid completed rejected cancelled abandoned",
        "",
    ),
    "GET /api/insights/timeline/{correlationId}": (
        "",
        "messages next",
        "id name time source stream correlationId causationId actor data",
    ),
    "GET /api/insights/orders/{id}/timeline": (
        "",
        "messages next",
        "id name time source stream correlationId causationId actor data",
    ),
    "GET /api/notifications": ("", "notifications next", "id orderId kind status sentAt"),
    "GET /api/checkout/sagas": ("", "sagas next", SAGA),
    "GET /api/checkout/sagas/{orderId}": ("", "saga", SAGA),
    "PUT /api/checkout/sagas/{orderId}/resume": ("", "", ""),
    "GET /health": ("", "status version", ""),
}
# What answers have since then beside that.
SINCE = {"GET /health": {"code"}}
PARTS = {
    "GET /api/baskets/{id}": ("items", ITEM.replace("price", "productPrice")),
    "GET /api/ordering/{id}": ("items", ITEM),
    "GET /api/search/orders/{id}": ("items", ITEM),
    "GET /api/depot/shopping/{id}": ("stops", "storeId storeName location items"),
    "GET /api/insights/sales": ("byStore", "storeId storeName orders items revenue"),
}


def declared(name: str) -> Route:
    return next(route for route in ROUTES if key(route) == name)


def fields(model: type[BaseModel] | None) -> set[str]:
    """A model's fields on the wire; those that may be left out with a question mark."""
    members = model.model_fields.values() if model else ()
    return {f"{info.alias}{'' if info.is_required() else '?'}" for info in members}


def inner(model: type[BaseModel], name: str = "") -> type[BaseModel]:
    """The model of the things that an answer holds, by name or as its first field."""
    infos = {str(info.alias): info.annotation for info in model.model_fields.values()}
    found = infos[name] if name else next(kind for alias, kind in infos.items() if alias != "next")
    kind = getattr(found, "__args__", [found])[0]
    assert isinstance(kind, type)
    assert issubclass(kind, BaseModel)
    return kind


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_route_takes_and_answers_what_it_did(name: str) -> None:
    body, answer, within = (set(names.split()) for names in PUBLISHED[name])
    route = declared(name)
    added = {field for field in fields(route.body) - body if field.endswith("?")}  # harmless to those who have it not
    assert fields(route.body) - added == body
    assert {field.rstrip("?") for field in fields(route.answer)} == answer | SINCE.get(name, set())
    if within:
        assert route.answer
        assert within <= fields(inner(route.answer))


@pytest.mark.parametrize("name", PARTS)
def test_the_parts_of_what_is_shown_are_as_they_were(name: str) -> None:
    part, names = PARTS[name]
    answer = declared(name).answer
    assert answer
    whole = answer if part in {str(info.alias) for info in answer.model_fields.values()} else inner(answer)
    assert fields(inner(whole, part)) == set(names.split())
