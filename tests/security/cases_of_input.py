"""What is sent: sizes, numbers, texts, paths, keys, headers, pages and messages that are not what they should be."""

import json

from tests.security.cases import Attack, Case, as_
from tests.security.scene import PRICE
from tests.security.world import Answer, World

SIZE = "a body may have any size"
DEPTH = "a body may be of any depth"
NUMBERS = "numbers are not exact"
TEXTS = "texts may hold anything"
PATHS = "ids in a path may hold anything"
KEYS = "an idempotency key is everyone's"
BODIES = "a body under a known key is not compared"
PAGES = "the signature of a page's token is not checked"
UNKNOWN = "a product costs what the client says"
LIMITS = "a list may be of any length"
UTF8 = "bytes that are no UTF-8 are replaced"
METHODS = "any method will do"
LONG_KEYS = "an idempotency key may be of any length"

STORE = {"name": "Bits", "location": "Here"}
PRODUCT = {"name": "Bit", "description": "", "sku": "B", "price": 1}


def raw(text: str | bytes) -> Attack:
    """Staff send a body as it is to the route that opens a store."""
    return as_("staff", "POST", "/api/stores", text)


def named(name: str) -> Attack:
    """Staff open a store of this name."""
    return as_("staff", "POST", "/api/stores", STORE | {"name": name})


def priced(number: str) -> Attack:
    """Staff add a product whose price is written so."""
    text = json.dumps(PRODUCT | {"price": "PRICE"}).replace('"PRICE"', number)
    return as_("staff", "POST", "/api/stores/{store}/products", text)


KEY = {"Idempotency-Key": "the same for all"}


def basket_under_a_key(world: World) -> None:
    """Ada starts a basket under a key."""
    answer = as_("ada", "POST", "/api/baskets", {"customerId": "{ada}"}, KEY)(world)
    world.scene.ids["basket_under_a_key"] = answer.body["id"]


def same_key_as_bob(world: World) -> Answer:
    """Bob uses Ada's key: what he is answered must be his own, and not hers."""
    answer = as_("bob", "POST", "/api/baskets", {"customerId": "{bob}"}, KEY)(world)
    return Answer(409 if answer.body.get("id") == world.scene.ids["basket_under_a_key"] else answer.status, {}, "")


def own_price(world: World) -> Answer:
    """Ada says what a product in her basket costs, and that the basket is paid: both are ignored."""
    more = {"price": 0, "productPrice": 0, "status": "checked_out", "total": 0}
    world.scene.ids["new"] = as_("ada", "POST", "/api/baskets", {"customerId": "{ada}"})(world).body["id"]
    item = {"productId": "{product}", "quantity": 1, **more}
    answer = as_("ada", "PUT", "/api/baskets/{new}/addItem", item)(world)
    basket = as_("ada", "GET", "/api/baskets/{new}")(world).body["basket"]
    right = basket["status"] == "open" and basket["total"] == PRICE
    return answer if right else Answer(409, {}, str(basket))


CASES = (
    Case("a body of 65,537 bytes", (413,), SIZE, raw(json.dumps(STORE | {"more": "x" * 65_536}))),
    Case("a body nested 10,000 levels deep", (400,), DEPTH, raw('{"name":' + "[" * 10_000 + "]" * 10_000 + "}")),
    Case("the price 1e308", (400,), NUMBERS, priced("1e308")),
    Case("the price NaN", (400,), NUMBERS, priced("NaN")),
    Case("the price Infinity", (400,), NUMBERS, priced("Infinity")),
    Case("the price 2^53+1", (400,), NUMBERS, priced("9007199254740993")),
    Case("the price -0.01", (400,), NUMBERS, priced("-0.01")),
    Case("a price with three decimals", (400,), NUMBERS, priced("0.001")),
    Case("a limit of a million", (400,), LIMITS, as_("staff", "GET", "/api/stores?limit=1000000")),
    Case("a name with NUL", (400,), TEXTS, named("a\x00b")),
    Case("a name with an escape sequence", (400,), TEXTS, named("a\x1b[31mb")),
    Case("a name that turns the direction of text", (400,), TEXTS, named("a\u202eb")),
    Case("a name with half a surrogate pair", (400,), UTF8, raw('{"name":"\\ud800","location":"Here"}')),
    Case("a name with a line break", (400,), TEXTS, named("a\r\nlevel=ERROR forged")),
    Case("a body that is not UTF-8", (400,), UTF8, raw(b'{"name":"\xff\xfe","location":"Here"}')),
    Case("a path up and down again", (404,), PATHS, as_("ada", "GET", "/api/baskets/..%2f{adas_basket}")),
    Case("a path with a double escape", (404,), PATHS, as_("ada", "GET", "/api/baskets/%252e%252e%252f{adas_basket}")),
    Case("the key of a stream as an id", (404,), PATHS, as_("ada", "GET", "/api/baskets/Basket%23{adas_basket}")),
    Case(
        "an expression as an id",
        (404,),
        PATHS,
        as_("ada", "GET", "/api/baskets/{adas_basket}%20OR%20attribute_exists(stream)"),
    ),
    Case("an unknown method on a known path", (404, 405), METHODS, as_("staff", "PATCH", "/api/stores")),
    Case(
        "an idempotency key with another body",
        (422,),
        BODIES,
        as_("ada", "POST", "/api/baskets", {"customerId": "{ada}", "x": 1}, KEY),
        prepare=basket_under_a_key,
    ),
    Case(
        "an idempotency key of another customer's",
        (200,),
        KEYS,
        same_key_as_bob,
        prepare=basket_under_a_key,
        changes=True,
    ),
    Case(
        "an idempotency key of 300 characters",
        (400,),
        LONG_KEYS,
        as_("staff", "POST", "/api/stores", STORE, headers={"Idempotency-Key": "k" * 300}),
    ),
    Case(
        "a page's token that was made up",
        (400,),
        PAGES,
        as_("staff", "GET", "/api/depot/bots?limit=1&next=eyJwYXJ0aXRpb24iOiJib3RzIn0"),
    ),
    Case("a price set from outside", (200,), UNKNOWN, own_price, changes=True),
)
