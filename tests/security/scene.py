"""The scene of the attacks: two customers with their things, robots, a kiosk and staff, made through the API."""

from typing import Any

from tests.security.world import World

PRICE = 10


def furnish(world: World) -> None:
    """Make it. Ada attacks, Bob has what she wants; an order of Bob's is approved, and a robot has its list."""
    scene = world.scene
    scene.ids["store"] = _made(world, "staff", "/api/stores", {"name": "Volt & Wire", "location": "Level 2"})
    product = {"name": "Cable", "description": "", "sku": "C", "price": PRICE}
    scene.ids["product"] = _made(world, "staff", f"/api/stores/{scene.ids['store']}/products", product)
    for number, name in enumerate(("ada", "bob", "erased", "disabled"), 1):
        _register(world, name, f"+1555010{number}")
    for name in ("bot", "other_bot", "replaced", "retired"):
        made = _asked(world, "staff", "POST", "/api/depot/bots", {"name": name})
        scene.ids[name], scene.tokens[name] = made["id"], made["token"]
    world.settle()
    _asked(world, "staff", "DELETE", f"/api/customers/{scene.ids['erased']}")
    _asked(world, "staff", "PUT", f"/api/customers/{scene.ids['disabled']}/disable")
    _asked(world, "staff", "POST", f"/api/depot/bots/{scene.ids['replaced']}/token")
    _asked(world, "staff", "DELETE", f"/api/depot/bots/{scene.ids['retired']}")
    heartbeat(world)
    scene.ids["adas_basket"] = _basket(world, "ada")
    scene.ids["bobs_order"] = _basket(world, "bob")
    body = {"customerId": scene.ids["bob"], "amount": PRICE}
    paid_with = _made(world, "bob", "/api/payments", body)
    _asked(world, "bob", "PUT", f"/api/baskets/{scene.ids['bobs_order']}/checkout", {"paymentId": paid_with})
    world.settle()
    scene.ids["bobs_basket"] = _basket(world, "bob")
    scene.ids["bobs_payment"] = _made(world, "bob", "/api/payments", body)
    scene.ids["list_of_other_bot"] = scene.ids["bobs_order"]
    world.settle()


def heartbeat(world: World) -> None:
    """The robot that has Bob's list goes on, which would lose it after a minute of silence."""
    _asked(world, "other_bot", "PUT", f"/api/depot/bots/{world.scene.ids['other_bot']}/online")


def _register(world: World, name: str, number: str) -> None:
    scene = world.scene
    scene.ids[name] = _made(world, "kiosk", "/api/customers", {"name": name.title(), "smsNumber": number})
    scene.tokens[name] = _asked(world, "kiosk", "POST", f"/api/customers/{scene.ids[name]}/sessions")["token"]


def _basket(world: World, who: str) -> str:
    basket = _made(world, who, "/api/baskets", {"customerId": world.scene.ids[who]})
    _asked(
        world, who, "PUT", f"/api/baskets/{basket}/addItem", {"productId": world.scene.ids["product"], "quantity": 1}
    )
    return basket


def _made(world: World, who: str, path: str, body: dict[str, Any]) -> str:
    id: str = _asked(world, who, "POST", path, body)["id"]
    return id


def _asked(world: World, who: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = world.send(method, path, body, token=world.scene.tokens[who])
    assert answer.status == 200, f"{method} {path} as {who}: {answer.status} {answer.text}"
    return answer.body
