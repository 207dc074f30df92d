"""Roles and ownership: what is another's, and what is for staff."""

from tests.security.cases import Attack, Case, as_

ANOTHERS = "whose a thing is is not asked"
NAMED = "who is named in a body is not asked"
ROLES = "roles are not judged"
NOBODY = "nobody is somebody"

ORDER = {
    "customerId": "{bob}",
    "paymentId": "{bobs_payment}",
    "items": [{"storeId": "{store}", "productId": "{product}", "quantity": 1}],
}

OWNERSHIP = (
    Case("a customer reads another's basket", (404,), ANOTHERS, as_("ada", "GET", "/api/baskets/{bobs_basket}")),
    Case(
        "a customer adds to another's basket",
        (404,),
        ANOTHERS,
        as_("ada", "PUT", "/api/baskets/{bobs_basket}/addItem", {"productId": "{product}", "quantity": 1}),
    ),
    Case(
        "a customer removes from another's basket",
        (404,),
        ANOTHERS,
        as_("ada", "PUT", "/api/baskets/{bobs_basket}/removeItem", {"productId": "{product}", "quantity": 1}),
    ),
    Case(
        "a customer checks out another's basket",
        (404,),
        ANOTHERS,
        as_("ada", "PUT", "/api/baskets/{bobs_basket}/checkout", {"paymentId": "{bobs_payment}"}),
    ),
    Case("a customer cancels another's basket", (404,), ANOTHERS, as_("ada", "DELETE", "/api/baskets/{bobs_basket}")),
    Case("a customer reads another's order", (404,), ANOTHERS, as_("ada", "GET", "/api/ordering/{bobs_order}")),
    Case(
        "a customer cancels another's order",
        (404,),
        ANOTHERS,
        as_("ada", "DELETE", "/api/ordering/{bobs_order}", {"reason": "mine now"}),
    ),
    Case("a customer reads another's payment", (404,), ANOTHERS, as_("ada", "GET", "/api/payments/{bobs_payment}")),
    Case(
        "a customer reads another's invoice", (404,), ANOTHERS, as_("ada", "GET", "/api/payments/invoices/{bobs_order}")
    ),
    Case(
        "a customer pays another's invoice",
        (404,),
        ANOTHERS,
        as_("ada", "PUT", "/api/payments/invoices/{bobs_order}/pay"),
    ),
    Case("a customer reads another's profile", (404,), ANOTHERS, as_("ada", "GET", "/api/customers/{bob}")),
    Case(
        "a customer changes another's number",
        (404,),
        ANOTHERS,
        as_("ada", "PUT", "/api/customers/{bob}/change-sms", {"smsNumber": "+15550199"}),
    ),
    Case(
        "a customer changes another's language",
        (404,),
        ANOTHERS,
        as_("ada", "PUT", "/api/customers/{bob}/language", {"language": "es"}),
    ),
    Case("a customer erases another", (404,), ANOTHERS, as_("ada", "DELETE", "/api/customers/{bob}")),
    Case("a customer renews another's session", (404,), ANOTHERS, as_("ada", "POST", "/api/customers/{bob}/sessions")),
    Case(
        "a customer finds another's order in search by its id",
        (404,),
        ANOTHERS,
        as_("ada", "GET", "/api/search/orders/{bobs_order}"),
    ),
    Case(
        "a customer asks with If-None-Match whether another's basket exists",
        (404,),
        ANOTHERS,
        as_("ada", "GET", "/api/baskets/{bobs_basket}", headers={"If-None-Match": "*"}),
    ),
    Case(
        "a customer asks with If-Match whether another's basket exists",
        (404,),
        ANOTHERS,
        as_("ada", "DELETE", "/api/baskets/{bobs_basket}", headers={"If-Match": '"99"'}),
    ),
    Case(
        "a robot shows another robot's list",
        (404,),
        ANOTHERS,
        as_("bot", "GET", "/api/depot/shopping/{list_of_other_bot}"),
    ),
    Case(
        "a robot starts another robot's list",
        (404,),
        ANOTHERS,
        as_("bot", "PUT", "/api/depot/shopping/{list_of_other_bot}/start", {"assignment": 1}),
    ),
    Case(
        "a robot completes another robot's list",
        (404,),
        ANOTHERS,
        as_("bot", "PUT", "/api/depot/shopping/{list_of_other_bot}/complete", {"assignment": 1}),
    ),
    Case(
        "a robot takes another robot offline",
        (404,),
        ANOTHERS,
        as_("bot", "PUT", "/api/depot/bots/{other_bot}/offline"),
    ),
    Case(
        "a robot takes another robot's token", (404,), ANOTHERS, as_("bot", "POST", "/api/depot/bots/{other_bot}/token")
    ),
    Case(
        "a customer starts a basket for another",
        (403,),
        NAMED,
        as_("ada", "POST", "/api/baskets", {"customerId": "{bob}"}),
    ),
    Case(
        "a customer authorizes a payment for another",
        (403,),
        NAMED,
        as_("ada", "POST", "/api/payments", {"customerId": "{bob}", "amount": 10}),
    ),
    Case(
        "a customer filters search for another's orders",
        (403,),
        NAMED,
        as_("ada", "POST", "/api/search/orders", {"filters": {"customerId": "{bob}"}}),
    ),
)

STAFF_ONLY = (
    ("POST", "/api/stores", {"name": "Mine", "location": "Here"}),
    ("PUT", "/api/stores/{store}/rebrand", {"name": "Mine"}),
    ("PUT", "/api/stores/{store}/participating", None),
    ("POST", "/api/stores/{store}/products", {"name": "Mine", "description": "", "sku": "M", "price": 0}),
    ("PUT", "/api/stores/products/{product}/decreasePrice", {"price": 0}),
    ("DELETE", "/api/stores/products/{product}", None),
    ("POST", "/api/ordering", ORDER),
    ("PUT", "/api/customers/{bob}/disable", None),
    ("GET", "/api/customers/{bob}/data", None),
    ("POST", "/api/customers/numbers", {"smsNumber": "+15550100"}),
    ("GET", "/api/depot/shopping/{list_of_other_bot}", None),
    ("POST", "/api/depot/shopping/{list_of_other_bot}", None),
    ("POST", "/api/depot/bots", {"name": "Mine"}),
    ("DELETE", "/api/depot/bots/{other_bot}", None),
    ("GET", "/api/checkout/sagas", None),
    ("PUT", "/api/checkout/sagas/{bobs_order}/resume", None),
    ("GET", "/api/insights/sales", None),
    ("GET", "/api/insights/orders/{bobs_order}/timeline", None),
    ("GET", "/api/notifications?customerId={bob}", None),
)

FOR_STAFF = tuple(
    Case(f"a customer uses a staff route: {method} {path}", (403,), ROLES, as_("ada", method, path, body))
    for method, path, body in STAFF_ONLY
)

OTHER_ROLES = (
    Case("a kiosk reads a customer's profile", (403,), ROLES, as_("kiosk", "GET", "/api/customers/{ada}")),
    Case(
        "a kiosk reads all that is held of a customer", (403,), ROLES, as_("kiosk", "GET", "/api/customers/{ada}/data")
    ),
    Case("a robot reads all that is held of a customer", (403,), ROLES, as_("bot", "GET", "/api/customers/{bob}/data")),
    Case(
        "a customer reads all that is held of it, which staff give out",
        (403,),
        ROLES,
        as_("ada", "GET", "/api/customers/{ada}/data"),
    ),
    Case("a kiosk cancels an order", (403,), ROLES, as_("kiosk", "DELETE", "/api/ordering/{bobs_order}")),
    Case("a kiosk starts a basket", (403,), ROLES, as_("kiosk", "POST", "/api/baskets", {"customerId": "{ada}"})),
    Case("a robot reads an order", (403,), ROLES, as_("bot", "GET", "/api/ordering/{bobs_order}")),
    Case(
        "a robot assigns a list to itself",
        (403,),
        ROLES,
        as_("bot", "PUT", "/api/depot/shopping/{list_of_other_bot}/assign", {"botId": "{bot}"}),
    ),
    Case("a robot registers another", (403,), ROLES, as_("bot", "POST", "/api/depot/bots", {"name": "Twin"})),
    Case("a robot retires another", (403,), ROLES, as_("bot", "DELETE", "/api/depot/bots/{other_bot}")),
    Case("a kiosk retires a robot", (403,), ROLES, as_("kiosk", "DELETE", "/api/depot/bots/{bot}")),
    Case("a customer brings a robot online", (403,), ROLES, as_("ada", "PUT", "/api/depot/bots/{bot}/online")),
    Case("staff open a customer's session", (403,), ROLES, as_("staff", "POST", "/api/customers/{ada}/sessions")),
)


def as_nobody(method: str, path: str, body: object = None) -> Attack:
    """A request without a token."""
    return lambda world: world.send(method, world.scene.path(path), body)


WITHOUT_A_TOKEN = tuple(
    Case(f"nobody at all asks: {method} {path}", (401,), NOBODY, as_nobody(method, path, body))
    for method, path, body in (
        ("GET", "/api/stores", None),
        ("GET", "/api/baskets/{adas_basket}", None),
        ("POST", "/api/customers", {"name": "Eve", "smsNumber": "+15550123"}),
        ("DELETE", "/api/customers/{bob}", None),
        ("GET", "/api/customers/{bob}/data", None),
        ("PUT", "/api/payments/invoices/{bobs_order}/pay", None),
    )
)

CASES = (*OWNERSHIP, *FOR_STAFF, *OTHER_ROLES, *WITHOUT_A_TOKEN)
