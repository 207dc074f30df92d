"""Initial data: creates the stores, products and robots of mall.json through the API."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from clients.mall import Json, Mall
from clients.people import People, robots_own

AT_ONCE = 4
FILE = Path(__file__).parent / "mall.json"
NAMESPACE = uuid.UUID("2b1f6c8e-6a0f-4a39-9a51-5f2f4d0f7c11")


@dataclass(frozen=True)
class Seeded:
    """The ids of what was created: the products, store by store, and the robots, which are not online yet."""

    products: list[str]
    robots: list[str]


def seed(people: People) -> Seeded:
    """Create what mall.json lists, as staff; the robots get their connections.

    Every request has a fixed idempotency key, so seeding a mall again changes nothing, and revokes no robot's token.
    """
    content = json.loads(FILE.read_text())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        products = list(pool.map(lambda store: _create_store(people.staff, store), content["stores"]))
        robots = list(pool.map(lambda name: _register_robot(people, name), content["robots"]))
    return Seeded([product for of_store in products for product in of_store], robots)


def _create_store(mall: Mall, store: Json) -> list[str]:
    body = {"name": store["name"], "location": store["location"]}
    store_id = mall.post("/api/stores", body, key=key("store", store["name"]))["id"]
    if not mall.get(f"/api/stores/{store_id}")["store"]["participating"]:
        mall.put(f"/api/stores/{store_id}/participating", key=key("participating", store["name"]))
    path = f"/api/stores/{store_id}/products"
    return [
        mall.post(path, product, key=key("product", store["name"], product["sku"]))["id"]
        for product in store["products"]
    ]


def _register_robot(people: People, name: str) -> str:
    made = people.staff.post("/api/depot/bots", {"name": name}, key=key("robot", name))
    bot_id: str = made["id"]
    people.robots[bot_id] = people.staff.acting(robots_own(people.staff, bot_id, made["token"]))
    return bot_id


def key(*parts: str) -> str:
    """The Idempotency-Key of what is named so."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))
