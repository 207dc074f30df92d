"""A mall to start with: the stores, products and robots of mall.json, made through the API."""

import json
import uuid
from pathlib import Path

from clients.mall import Mall

FILE = Path(__file__).parent / "mall.json"
NAMESPACE = uuid.UUID("2b1f6c8e-6a0f-4a39-9a51-5f2f4d0f7c11")


def seed(mall: Mall) -> list[str]:
    """Make what mall.json lists, and return the ids of its products. Every request has a key of its own, so to seed a
    mall twice changes nothing."""
    content = json.loads(FILE.read_text())
    products: list[str] = []
    for store in content["stores"]:
        place = {"name": store["name"], "location": store["location"]}
        store_id = mall.post("/api/stores", place, key=_key("store", store["name"]))["id"]
        if not mall.get(f"/api/stores/{store_id}")["store"]["participating"]:
            mall.put(f"/api/stores/{store_id}/participating", key=_key("participating", store["name"]))
        for product in store["products"]:
            key = _key("product", store["name"], product["sku"])
            products.append(mall.post(f"/api/stores/{store_id}/products", product, key=key)["id"])
    for robot in content["robots"]:
        bot_id = mall.post("/api/depot/bots", {"name": robot}, key=_key("robot", robot))["id"]
        mall.put(f"/api/depot/bots/{bot_id}/online")
    return products


def _key(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))
