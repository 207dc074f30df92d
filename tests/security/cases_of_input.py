"""What is sent: sizes, numbers, texts, paths, keys, headers, pages and messages that are not what they should be."""

import json
from collections.abc import Callable
from typing import Any

from tests.security.cases import Attack, Case, as_
from tests.security.world import Answer, World

SIZE = "a body may have any size"
DEPTH = "a body may be of any depth"
NUMBERS = "numbers are not exact"
TEXTS = "texts may hold anything"
PATHS = "ids in a path may hold anything"
KEYS = "an idempotency key is everyone's"
BODIES = "a body under a known key is not compared"
PAGES = "the signature of a page's token is not checked"
SENDERS = "who sent a message is not checked"
UNKNOWN = "unknown fields are taken"
LINES = "a log line may hold a line break"

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


def twice(first: str, second: str, then: Any, change: Any = None) -> Attack:
    """One request as one person, then one under the same key as another person, or with another body."""

    def attack(world: World) -> Answer:
        key = {"Idempotency-Key": "the same for all"}
        path = world.scene.path("/api/baskets")
        world.send("POST", path, {"customerId": world.scene.ids[first]}, token=world.scene.tokens[first], headers=key)
        world.settle()
        return world.send("POST", path, then(world), token=world.scene.tokens[second], headers=key)

    return attack


CASES = (
    Case("a body of 65,537 bytes", (413,), SIZE, raw(json.dumps(STORE | {"more": "x" * 65_536}))),
    Case("a body nested 10,000 levels deep", (400,), DEPTH, raw('{"name":' + "[" * 10_000 + "]" * 10_000 + "}")),
    Case("the price 1e308", (400,), NUMBERS, priced("1e308")),
    Case("the price NaN", (400,), NUMBERS, priced("NaN")),
    Case("the price Infinity", (400,), NUMBERS, priced("Infinity")),
    Case("the price 2^53+1", (400,), NUMBERS, priced("9007199254740993")),
    Case("the price -0.01", (400,), NUMBERS, priced("-0.01")),
    Case("a price with three decimals", (400,), NUMBERS, priced("0.001")),
    Case("a name with NUL", (400,), TEXTS, named("a\x00b")),
    Case("a name with an escape sequence", (400,), TEXTS, named("a\x1b[31mb")),
    Case("a name that turns the direction of text", (400,), TEXTS, named("a\u202eb")),
    Case("a name with half a surrogate pair", (400,), TEXTS, raw('{"name":"\\ud800","location":"Here"}')),
    Case("a name with a line break", (400,), TEXTS, named("a\r\nlevel=ERROR forged")),
    Case("a body that is not UTF-8", (400,), TEXTS, raw(b'{"name":"\xff\xfe","location":"Here"}')),
    Case("a path out of the API", (404,), PATHS, as_("ada", "GET", "/api/baskets/..%2f..%2fetc%2fpasswd")),
    Case("a path with a double escape", (404,), PATHS, as_("ada", "GET", "/api/baskets/%252e%252e%252f{bobs_basket}")),
    Case("the key of a stream as an id", (404,), PATHS, as_("ada", "GET", "/api/baskets/Basket%23{bobs_basket}")),
    Case("an expression as an id", (404,), PATHS, as_("ada", "GET", "/api/baskets/:version%20OR%20attribute_exists(stream)")),
    Case("an idempotency key with another body", (422,), BODIES, twice("ada", "ada", lambda world: {"customerId": world.scene.ids["ada"], "x": 1})),
    Case("an idempotency key of 300 characters", (400,), KEYS, as_("staff", "POST", "/api/stores", STORE, headers={"Idempotency-Key": "k" * 300})),
    Case("a page's token that was changed", (400,), PAGES, as_("staff", "GET", "/api/depot/bots?limit=1&next=eyJwYXJ0aXRpb24iOiJib3RzIn0")),
    Case("a status set from outside", (404,), UNKNOWN, as_("ada", "GET", "/api/baskets/undefined")),
    Case("a limit of a million", (400,), NUMBERS, as_("staff", "GET", "/api/stores?limit=1000000")),
    Case("an unknown method on a known path", (405, 404), PATHS, as_("staff", "PATCH", "/api/stores")),
)

Sent = Callable[[World], Answer]
