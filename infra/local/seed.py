"""Initial data: creates the stores, products and robots of mall.json through the API."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from clients.mall import Json, Mall

AT_ONCE = 4
FILE = Path(__file__).parent / "mall.json"
NAMESPACE = uuid.UUID("2b1f6c8e-6a0f-4a39-9a51-5f2f4d0f7c11")


@dataclass(frozen=True)
class Seeded:
    """The ids of what was created: the products, store by store, and the robots, which are not online yet."""

    products: list[str]
    robots: list[str]


def seed(mall: Mall) -> Seeded:
    """Create what mall.json lists.

    Every request has a fixed idempotency key, so seeding a mall again changes nothing.
    """
    content = json.loads(FILE.read_text())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        products = list(pool.map(lambda store: _create_store(mall, store), content["stores"]))
        robots = list(pool.map(lambda robot: _register_robot(mall, robot), content["robots"]))
    return Seeded([product for of_store in products for product in of_store], robots)


def _create_store(mall: Mall, store: Json) -> list[str]:
    body = {"name": store["name"], "location": store["location"]}
    store_id = mall.post("/api/stores", body, key=_key("store", store["name"]))["id"]
    if not mall.get(f"/api/stores/{store_id}")["store"]["participating"]:
        mall.put(f"/api/stores/{store_id}/participating", key=_key("participating", store["name"]))
    path = f"/api/stores/{store_id}/products"
    return [
        mall.post(path, product, key=_key("product", store["name"], product["sku"]))["id"]
        for product in store["products"]
    ]


def _register_robot(mall: Mall, robot: str) -> str:
    bot_id: str = mall.post("/api/depot/bots", {"name": robot}, key=_key("robot", robot))["id"]
    return bot_id


def _key(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))
