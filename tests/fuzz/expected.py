"""The answers that the fuzzer accepts, and the ids that its requests use. Any other answer is a failure."""

from functions.kernel.runtime.context import CUSTOMER

# Where ids come from: operation → place in its request → kind of thing (scene.py). Operations that end a thing, or may
# make it useless for others, have things of their own.
IDS = {
    "POST /api/stores/{storeId}/products": {"path.storeId": "selling stores"},
    "GET /api/stores/{storeId}/products": {"path.storeId": "selling stores"},
    "GET /api/stores/{id}": {"path.id": "stores"},
    "PUT /api/stores/{id}/participating": {"path.id": "stores"},
    "DELETE /api/stores/{id}/participating": {"path.id": "stores"},
    "PUT /api/stores/{id}/rebrand": {"path.id": "stores"},
    "GET /api/stores/products/{id}": {"path.id": "products"},
    "DELETE /api/stores/products/{id}": {"path.id": "old products"},
    "PUT /api/stores/products/{id}/rebrand": {"path.id": "products"},
    "PUT /api/stores/products/{id}/increasePrice": {"path.id": "products"},
    "PUT /api/stores/products/{id}/decreasePrice": {"path.id": "products"},
    "GET /api/customers/{id}": {"path.id": "customers"},
    "DELETE /api/customers/{id}": {"path.id": "leaving customers"},
    "PUT /api/customers/{id}/enable": {"path.id": "other customers"},
    "PUT /api/customers/{id}/disable": {"path.id": "other customers"},
    "PUT /api/customers/{id}/change-sms": {"path.id": "customers"},
    "PUT /api/customers/{id}/language": {"path.id": "customers"},
    "POST /api/customers/{id}/sessions": {"path.id": "customers"},
    "POST /api/baskets": {"body.customerId": "customers"},
    "GET /api/baskets/{id}": {"path.id": "baskets"},
    "DELETE /api/baskets/{id}": {"path.id": "unwanted baskets"},
    "POST /api/baskets/withItems": {"body.customerId": "customers", "body.items[*].productId": "products"},
    "PUT /api/baskets/{id}/addItem": {"path.id": "baskets", "body.productId": "products"},
    "PUT /api/baskets/{id}/addItems": {"path.id": "baskets", "body.items[*].productId": "products"},
    "PUT /api/baskets/{id}/removeItem": {"path.id": "baskets", "body.productId": "products"},
    "PUT /api/baskets/{id}/checkout": {"path.id": "full baskets", "body.paymentId": "payments"},
    "POST /api/ordering": {
        "body.customerId": "customers",
        "body.paymentId": "payments",
        "body.items[*].storeId": "selling stores",
        "body.items[*].productId": "products",
    },
    "GET /api/ordering/{id}": {"path.id": "approved orders"},
    "DELETE /api/ordering/{id}": {"path.id": "unwanted orders"},
    "GET /api/checkout/sagas/{orderId}": {"path.orderId": "approved orders"},
    "PUT /api/checkout/sagas/{orderId}/resume": {"path.orderId": "approved orders"},
    "PUT /api/operations/sagas/{orderId}/retry": {"path.orderId": "approved orders"},
    "POST /api/depot/shopping": {
        "body.items[*].storeId": "selling stores",
        "body.items[*].productId": "products",
    },
    "GET /api/depot/shopping/{id}": {"path.id": "assigned lists"},
    "POST /api/depot/shopping/{id}": {"path.id": "unwanted lists"},
    "PUT /api/depot/shopping/{id}/initiate": {"path.id": "new lists"},
    "PUT /api/depot/shopping/{id}/assign": {"path.id": "new lists", "body.botId": "robots"},
    "PUT /api/depot/shopping/{id}/start": {"path.id": "assigned lists", "body.assignment": "first assignment"},
    "PUT /api/depot/shopping/{id}/pick": {
        "path.id": "active lists",
        "body.assignment": "first assignment",
        "body.storeId": "selling stores",
        "body.productId": "products",
    },
    "PUT /api/depot/shopping/{id}/pickItems": {
        "path.id": "active lists",
        "body.assignment": "first assignment",
        "body.items[*].storeId": "selling stores",
        "body.items[*].productId": "products",
    },
    "PUT /api/depot/shopping/{id}/complete": {
        "path.id": "brought lists",
        "body.assignment": "first assignment",
        "body.shortages[*].storeId": "selling stores",
        "body.shortages[*].productId": "products",
    },
    "POST /api/depot/bots/{id}/token": {"path.id": "robots"},
    "PUT /api/depot/bots/{id}/online": {"path.id": "robots"},
    "PUT /api/depot/bots/{id}/offline": {"path.id": "robots"},
    "DELETE /api/depot/bots/{id}": {"path.id": "leaving robots"},
    "GET /api/fleet/robots/{id}": {"path.id": "robots"},
    "PUT /api/fleet/robots/{id}/pause": {"path.id": "robots"},
    "PUT /api/fleet/robots/{id}/resume": {"path.id": "robots"},
    "PUT /api/fleet/robots/{id}/actions/{actionId}/retry": {"path.id": "robots"},
    "PUT /api/fleet/robots/{id}/actions/{actionId}/skip": {"path.id": "robots"},
    "POST /api/fleet/robots/{id}/certificate": {"path.id": "robots"},
    "POST /api/payments": {"body.customerId": "customers"},
    "GET /api/payments/{id}": {"path.id": "payments"},
    "GET /api/payments/invoices/{id}": {"path.id": "approved orders"},
    "PUT /api/payments/invoices/{id}/pay": {"path.id": "approved orders"},
    "GET /api/search/orders/{id}": {"path.id": "approved orders"},
    "GET /api/insights/orders/{id}/timeline": {"path.id": "approved orders"},
    "GET /api/operations/orders/{id}/timeline": {"path.id": "approved orders"},
    "GET /api/insights/timeline/{correlationId}": {"path.correlationId": "flows"},
    "GET /api/notifications": {"query.customerId": "customers"},
}

# What a request that conforms to the document may be answered besides 2xx, since state decides, too.
ANYWHERE = {
    304: "If-None-Match names the version that the thing has",
    404: "an unknown id",
    412: "If-Match names a version that the thing does not have",
    422: "an Idempotency-Key that came with another request",
}
_NO_PAGE = {400: "a `next` that no answer has given"}
_RETIRED = {409: "it is retired, perhaps by a request of the same chain"}
_REVERSED_RANGE = {400: "`from` later than `to`"}
EXPECTED: dict[str, dict[int, str]] = {
    "GET /api/stores": _NO_PAGE,
    "GET /api/stores/participating": _NO_PAGE,
    "GET /api/stores/{storeId}/products": _NO_PAGE,
    "GET /api/depot/shopping": _NO_PAGE,
    "GET /api/depot/bots": _NO_PAGE,
    "POST /api/depot/bots/{id}/token": _RETIRED,
    "PUT /api/depot/bots/{id}/online": _RETIRED,
    "PUT /api/depot/bots/{id}/offline": _RETIRED,
    "GET /api/checkout/sagas": _NO_PAGE,
    "GET /api/fleet/robots": _NO_PAGE,
    "PUT /api/fleet/robots/{id}/pause": _RETIRED,
    "PUT /api/fleet/robots/{id}/resume": _RETIRED,
    "POST /api/fleet/robots/{id}/certificate": {400: "a text that is no signing request", 409: "it is retired"},
    "GET /api/notifications": _NO_PAGE,
    "GET /api/customers/{id}/data": _NO_PAGE,
    "GET /api/payments/differences": _NO_PAGE,
    "GET /api/insights/timeline/{correlationId}": _NO_PAGE,
    "GET /api/insights/orders/{id}/timeline": _NO_PAGE,
    "POST /api/search/orders": _NO_PAGE,
    "GET /api/operations/groups": _NO_PAGE,
    "GET /api/operations/letters": _NO_PAGE,
    "GET /api/operations/letters/{id}/test": {409: "a relay gave it up"},
    "PUT /api/operations/letters/{id}/park": {400: "a reason of blanks", 409: "it is being redriven, or is done"},
    "PUT /api/operations/letters/{id}/discard": {400: "a reason of blanks", 409: "it is being redriven, or is done"},
    "PUT /api/operations/letters/{id}/reopen": {409: "it is being redriven, or is done"},
    "POST /api/operations/forecasts": {
        400: "not one of letters, a group and a filter, or another consumer or data for several",
        409: "a letter that is not open",
    },
    "GET /api/operations/forecasts/{id}/letters": _NO_PAGE,
    "GET /api/operations/estimates/replay": {400: "a service that is not there, or has no read models; no whole rate"},
    "GET /api/operations/estimates/rebuild": {400: "a service or a read model that is not there; no whole rate"},
    "POST /api/operations/replays": {400: "a service that is not there, or has no read models; a stream of none"},
    "POST /api/operations/rebuilds": {400: "a service or a read model that is not there", 409: "it is being rebuilt"},
    "PUT /api/operations/consumers/{service}/{queue}/pause": {400: "a reason of blanks"},
    "PUT /api/operations/runs/{id}/switch": {409: "it is not built, or no rebuild"},
    "PUT /api/operations/runs/{id}/abort": {409: "it is read already, or no rebuild"},
    "POST /api/operations/redrives": {
        400: "no set, or several; a letter that no consumer takes",
        409: "none of its letters is open, or the forecast is not whole",
    },
    "GET /api/operations/runs": _NO_PAGE,
    "GET /api/operations/orders/{id}/timeline": _NO_PAGE,
    "GET /api/operations/streams/{service}/{kind}/{id}": _NO_PAGE,
    "GET /api/operations/streams/{service}/{kind}/{id}/state": {400: "a version and a time"},
    "GET /api/operations/runs/{id}/letters": _NO_PAGE,
    "PUT /api/operations/runs/{id}/pause": {409: "it is over"},
    "PUT /api/operations/runs/{id}/cancel": {409: "it is over"},
    "PUT /api/operations/runs/{id}/resume": {409: "it is over"},
    "PUT /api/operations/letters/{id}/data": {
        400: "no valid data of its message, or about another thing",
        409: "it is closed, is being redriven, or holds no message",
    },
    "GET /api/insights/sales": _REVERSED_RANGE,
    "GET /api/insights/funnel": _REVERSED_RANGE,
    "GET /api/insights/waiting": _REVERSED_RANGE,
    "PUT /api/stores/{id}/participating": {400: "it participates already"},
    "DELETE /api/stores/{id}/participating": {400: "it does not participate already"},
    "DELETE /api/stores/products/{id}": {400: "it was removed already"},
    "PUT /api/stores/products/{id}/rebrand": {400: "it was removed"},
    "PUT /api/stores/products/{id}/increasePrice": {400: "it was removed, or costs more"},
    "PUT /api/stores/products/{id}/decreasePrice": {400: "it was removed, or costs less"},
    "PUT /api/customers/{id}/enable": {400: "enabled already"},
    "PUT /api/customers/{id}/disable": {400: "disabled already"},
    "POST /api/customers/{id}/sessions": {403: "the session began, or the customer registered, too long ago"},
    "POST /api/customers/codes": {429: "more than a number or a kiosk gets"},
    "POST /api/customers/sessions": {400: "not six digits", 403: "a wrong code", 429: "more than a kiosk may try"},
    "PUT /api/baskets/{id}/addItem": {400: "more than 999 of a product with what is in it", 409: "it is not open"},
    "POST /api/baskets/withItems": {400: "more than 999 of a product in all its items"},
    "PUT /api/baskets/{id}/addItems": {400: "more than 999 of a product with what is in it", 409: "it is not open"},
    "PUT /api/baskets/{id}/removeItem": {409: "it is not open"},
    "PUT /api/baskets/{id}/checkout": {400: "it is empty", 409: "it is not open"},
    "DELETE /api/baskets/{id}": {409: "it is not open"},
    "POST /api/ordering": {400: "a price that is not the catalogue's"},
    "DELETE /api/ordering/{id}": {409: "it has ended"},
    "PUT /api/checkout/sagas/{orderId}/resume": {409: "it is not parked"},
    "POST /api/depot/shopping": {400: "more than 999 of a product in all its lines"},
    "POST /api/depot/shopping/{id}": {409: "it is completed"},
    "PUT /api/depot/shopping/{id}/initiate": {409: "it is not pending, or an order's"},
    "PUT /api/depot/shopping/{id}/assign": {409: "it is not available, or the robot is not idle"},
    "PUT /api/depot/shopping/{id}/start": {409: "another assignment, or no robot has it"},
    "PUT /api/depot/shopping/{id}/pick": {400: "more than is listed", 409: "another assignment, or it was not started"},
    "PUT /api/depot/shopping/{id}/pickItems": {
        400: "more than is listed, or an item named twice",
        409: "another assignment, or it was not started",
    },
    "PUT /api/depot/shopping/{id}/complete": {
        400: "more short than is listed",
        409: "another assignment, or it has ended",
    },
    "PUT /api/payments/invoices/{id}/pay": {409: "it is paid or cancelled"},
}

# What a role may be answered besides, for a request that conforms to the document.
_ANOTHER_CUSTOMER = {403: "it names another customer"}
FOR_ROLE: dict[tuple[str, str], dict[int, str]] = {
    (CUSTOMER, "POST /api/baskets"): _ANOTHER_CUSTOMER,
    (CUSTOMER, "POST /api/baskets/withItems"): _ANOTHER_CUSTOMER,
    (CUSTOMER, "POST /api/payments"): _ANOTHER_CUSTOMER,
    (CUSTOMER, "POST /api/search/orders"): _ANOTHER_CUSTOMER,
}


def of(operation: str, role: str) -> dict[int, str]:
    """The statuses besides 2xx that a role's request may get which conforms to the document."""
    return {**ANYWHERE, **EXPECTED.get(operation, {}), **FOR_ROLE.get((role, operation), {})}


# What any request of a role that may not call the operation may be answered.
NOT_ALLOWED = {
    403: "the role may not",
    404: "an empty id in the path, which makes it another path",
    405: "an empty id in the path, which makes it another path",
}

# What a request that does not conform to the document may be answered.
MALFORMED = {
    400: "the regular answer",
    404: "an unknown id, found before the fault; or an empty one, which is another path",
    405: "an empty id in the path, which makes it another path",
    409: "a state that does not allow the operation, found before the fault",
    412: "a version that it does not have, found before the fault",
    413: "more than 65,536 bytes",
    422: "an Idempotency-Key that came with another request, found before the fault",
}


def malformed(operation: str, role: str) -> dict[int, str]:
    """The statuses of a role's request that does not conform."""
    return {**MALFORMED, **FOR_ROLE.get((role, operation), {})}


# What is not checked, and why.
UNCHECKED_FOR = {
    "GET /api/baskets/{id}": {"use_after_free": "DELETE cancels a basket, which can still be read"},
    "GET /api/ordering/{id}": {"use_after_free": "DELETE cancels an order, which can still be read"},
    "POST /api/customers/codes": {
        "allow_header_conformance": "GET exists at this path, too: it reads the customer whose id is `codes`",
    },
    "POST /api/customers/numbers": {
        "allow_header_conformance": "GET exists at this path, too: it reads the customer whose id is `numbers`",
    },
    "POST /api/customers/sessions": {
        "allow_header_conformance": "GET exists at this path, too: it reads the customer whose id is `sessions`",
    },
    "POST /api/payments/reconciliation": {
        "allow_header_conformance": "GET exists at this path, too: it reads the payment whose id is `reconciliation`",
    },
}

# What is never answered with 200, and why.
NEVER_OK = {
    "PUT /api/fleet/robots/{id}/actions/{actionId}/retry": "an action waits only where a robot on the stream says so",
    "PUT /api/fleet/robots/{id}/actions/{actionId}/skip": "an action waits only where a robot on the stream says so",
    "PUT /api/fleet/robots/{id}/pause": "the robots of the scene have never been on the stream",
    "PUT /api/fleet/robots/{id}/resume": "the robots of the scene have never been on the stream",
    "POST /api/fleet/robots/{id}/certificate": "the fuzzer makes no signing requests",
    "POST /api/customers/sessions": "the code comes to a phone, which the fuzzer does not have",
    "PUT /api/checkout/sagas/{orderId}/resume": "a saga is parked only after a compensation has failed repeatedly",
    "PUT /api/depot/shopping/{id}/assign": "the depot itself assigns every available list to an idle robot, at once",
    **dict.fromkeys(
        (f"GET /api/operations/streams/{{service}}/{{kind}}/{{id}}{part}" for part in ("", "/state", "/difference")),
        "the fuzzer draws a service, a kind and an id that do not belong together",
    ),
    "GET /api/payments/differences/{orderId}": "no client can cause a difference of money",
    "PUT /api/payments/differences/{orderId}/recheck": "no client can cause a difference of money",
}
