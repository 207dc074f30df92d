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
METHOD_OF_HEADER = "a header may name another method"
FILTERS = "a filter is an expression"
ORIGINS = "a page of any origin may read answers"
IGNORED = "an idempotency key is ignored"
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


BASKET = ("baskets Basket", "baskets rows", "insights rows", "published BasketStarted")  # of a new basket
KEY = {"Idempotency-Key": "the same for all"}


def basket_under_a_key(world: World) -> None:
    """Ada starts a basket under a key."""
    answer = as_("ada", "POST", "/api/baskets", {"customerId": "{ada}"}, KEY)(world)
    world.scene.ids["basket_under_a_key"] = answer.body["id"]


def same_key_as_bob(world: World) -> Answer:
    """Bob uses a key after Ada: what he is answered must be his own, and not hers."""
    basket_under_a_key(world)
    answer = as_("bob", "POST", "/api/baskets", {"customerId": "{bob}"}, KEY)(world)
    return Answer(409 if answer.body.get("id") == world.scene.ids["basket_under_a_key"] else answer.status, {}, "")


def same_key_at_once(world: World) -> Answer:
    """Ada sends one request twice at once under one key: 200 if one basket came of it."""
    start = as_("ada", "POST", "/api/baskets", {"customerId": "{ada}"}, {"Idempotency-Key": "at once"})
    answers = world.at_once([lambda: start(world)] * 2)
    made = {answer.body["id"] for answer in answers if answer.status == 200}
    right = len(made) == 1 and {answer.status for answer in answers} <= {200, 409}
    return Answer(200 if right else 422, {}, str([answer.status for answer in answers]))


def expression_as_filter(world: World) -> Answer:
    """Staff look for the orders with a product that is an expression: 200 if none is found."""
    filters = {"productIds": ["x) OR attribute_exists(stream) OR (x"]}
    answer = as_("staff", "POST", "/api/search/orders", {"filters": filters})(world)
    return answer if answer.status != 200 or not answer.body["orders"] else Answer(409, {}, answer.text)


def from_elsewhere(world: World) -> Answer:
    """A page of another origin sends a request under Ada's token: 200 if its browser keeps the answer from it."""
    answer = as_("ada", "GET", "/api/baskets/{adas_basket}", headers={"Origin": "https://elsewhere.example"})(world)
    readable = [name for name in answer.headers if name.lower().startswith("access-control-")]
    return Answer(409, {}, str(readable)) if readable else answer


def new_basket(world: World) -> None:
    """Ada starts another basket."""
    world.scene.ids["new"] = as_("ada", "POST", "/api/baskets", {"customerId": "{ada}"})(world).body["id"]


def forged_page(world: World) -> None:
    """Staff are given the token of the next page of robots, and another signature is put before what it says."""
    token = as_("staff", "GET", "/api/depot/bots?limit=1")(world).body["next"]
    world.scene.ids |= {"page_of_bots": token, "forged_page": ("B" if token[0] == "A" else "A") + token[1:]}


def own_price(world: World) -> Answer:
    """Ada says what a product in her basket costs, and that the basket is paid: both are ignored."""
    more = {"price": 0, "productPrice": 0, "status": "checked_out", "total": 0}
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
    Case(
        "a payment of -0.0",
        (400,),
        NUMBERS,
        lambda w: as_("ada", "POST", "/api/payments", w.scene.path('{"customerId": "{ada}", "amount": -0.0}'))(w),
    ),
    Case("a limit of a million", (400,), LIMITS, as_("staff", "GET", "/api/stores?limit=1000000")),
    Case("a name with NUL", (400,), TEXTS, named("a\x00b")),
    Case("a name with an escape sequence", (400,), TEXTS, named("a\x1b[31mb")),
    Case("a name that turns the direction of text", (400,), TEXTS, named("a\u202eb")),
    Case("a name with half a surrogate pair", (400,), UTF8, raw('{"name":"\\ud800","location":"Here"}')),
    Case("a name with a line break", (400,), TEXTS, named("a\r\nlevel=ERROR forged")),
    Case("a body that is not UTF-8", (400,), UTF8, raw(b'{"name":"\xff\xfe","location":"Here"}')),
    Case("a path up and down again", (404,), PATHS, as_("ada", "GET", "/api/baskets/..%2f{adas_basket}")),
    Case("a path with a double escape", (404,), PATHS, as_("ada", "GET", "/api/baskets/%252e%252e%252f{adas_basket}")),
    Case("a path with escaped dots", (404,), PATHS, as_("ada", "GET", "/api/baskets/%2e%2f{adas_basket}")),
    Case("the key of a stream as an id", (404,), PATHS, as_("ada", "GET", "/api/baskets/Basket%23{adas_basket}")),
    Case(
        "an expression as an id",
        (404,),
        PATHS,
        as_("ada", "GET", "/api/baskets/{adas_basket}%20OR%20attribute_exists(stream)"),
    ),
    Case("an expression as a value", (200,), FILTERS, expression_as_filter),
    Case(
        "a header that contradicts the method",
        (200,),
        METHOD_OF_HEADER,
        as_("ada", "GET", "/api/baskets/{adas_basket}", headers={"X-HTTP-Method-Override": "DELETE"}),
    ),
    Case("a page of a foreign origin", (200,), ORIGINS, from_elsewhere),
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
        changes=BASKET,
    ),
    Case("an idempotency key used twice at once", (200,), IGNORED, same_key_at_once, changes=BASKET),
    Case(
        "an idempotency key of 300 characters",
        (400,),
        LONG_KEYS,
        as_("staff", "POST", "/api/stores", STORE, headers={"Idempotency-Key": "k" * 300}),
    ),
    Case(
        "a page's token under another signature",
        (400,),
        PAGES,
        as_("staff", "GET", "/api/depot/bots?limit=1&next={forged_page}"),
        prepare=forged_page,
    ),
    Case(
        "a page's token of another list",
        (400,),
        PAGES,
        as_("staff", "GET", "/api/depot/shopping?limit=1&next={page_of_bots}"),
        prepare=forged_page,
    ),
    Case(
        "a price set from outside",
        (200,),
        UNKNOWN,
        own_price,
        prepare=new_basket,
        changes=("baskets Basket", "baskets rows"),
    ),
)
