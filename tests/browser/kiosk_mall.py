"""A small mall for the kiosk's browser tests: what it holds, and how it answers (kiosk_routes.py has the routes).

Writes honour Idempotency-Key and If-Match as the mall does. `lose`, `refuse` and `down` make the network bad.
"""

import json
import re
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

CODE = "123456"

# The mall, headers and body, and the ids of the path → the answer and its ETag ("" for none).
Handler = Callable[..., tuple[Json, str]]


@dataclass
class ProblemError(Exception):
    status: int
    code: str
    detail: str = ""


@dataclass
class Asked:
    """A request that reached the mall, whether its answer did or not."""

    route: str
    key: str
    body: Json


@dataclass
class Basket:
    id: str
    customer: str
    lines: dict[str, int] = field(default_factory=dict)
    status: str = "open"
    version: int = 1


@dataclass
class Mall:
    """What the mall holds, and its routes. Amounts are as on the wire."""

    routes: dict[str, Handler]
    stores: list[Json] = field(default_factory=list)
    products: dict[str, Json] = field(default_factory=dict)
    customers: dict[str, Json] = field(default_factory=dict)
    baskets: dict[str, Basket] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    down: bool = False
    taking_part: bool = True
    _answers: dict[tuple[str, str, str], tuple[str, Json]] = field(default_factory=dict)
    _lost: dict[str, int] = field(default_factory=dict)
    _refused: dict[str, list[ProblemError]] = field(default_factory=dict)
    _held: dict[str, threading.Event] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def lose(self, route: str, times: int = 1) -> None:
        """The next answers to a route are lost, though the request took effect."""
        self._lost[route] = times

    def refuse(self, route: str, *problems: ProblemError) -> None:
        self._refused[route] = list(problems)

    def hold(self, route: str) -> threading.Event:
        """Answers to a route wait until the event is set."""
        self._held[route] = threading.Event()
        return self._held[route]

    def sent(self, route: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.route == route]

    def move(self, order_id: str, **change: object) -> None:
        """An order goes on."""
        with self._lock:
            order = self.orders[order_id]
            order["order"].update(change)
            order["version"] += 1

    def answer(self, method: str, path: str, headers: Json, body: Json) -> tuple[int, Json, str]:
        """Status, body and ETag ("" for none). Raises ProblemError, and ConnectionError for an answer that is lost."""
        if self.down:
            raise ConnectionError
        route, handler, ids = self._routed(method, path)
        with self._lock:
            key = headers.get("idempotency-key", "")
            self.asked.append(Asked(route, key, body))
            if self._refused.get(route):
                raise self._refused[route].pop(0)
            done = self._once(key, method, path, body, headers, lambda: handler(self, headers, body, *ids))
        if held := self._held.get(route):
            held.wait(30)
        if self._lost.get(route, 0) > 0:
            self._lost[route] -= 1
            raise ConnectionError
        data, version = done
        if method == "GET" and version and headers.get("if-none-match") == version:
            return 304, {}, version
        return 200, data, version

    def _once(self, key: str, method: str, path: str, body: Json, headers: Json, does: Any) -> tuple[Json, str]:
        if method == "GET" or not key:
            return does()  # type: ignore[no-any-return]
        place, told = (key, method, path), json.dumps(body, sort_keys=True)
        if place in self._answers:
            before, answer = self._answers[place]
            if before != told:
                raise ProblemError(422, "idempotency_key_reused")
            return answer, ""
        answer, version = does()
        self._answers[place] = (told, answer)
        return answer, version

    def _routed(self, method: str, path: str) -> tuple[str, Handler, tuple[str, ...]]:
        for route, handler in self.routes.items():
            wanted, _, template = route.partition(" ")
            pattern = "^" + re.sub(r"\{\w+\}", "([^/]+)", template) + "$"
            if wanted == method and (found := re.match(pattern, path)):
                return route, handler, found.groups()
        raise ProblemError(404, "not_found", f"no route {method} {path}")

    def total(self, lines: dict[str, int]) -> float:
        return float(round(sum(self.products[id]["price"] * count for id, count in lines.items()), 2))

    def items(self, lines: dict[str, int], price: str) -> list[Json]:
        stores = {store["id"]: store["name"] for store in self.stores}
        found = [(self.products[id], count) for id, count in lines.items()]
        return [
            {
                "storeId": product["storeId"],
                "storeName": stores[product["storeId"]],
                "productId": product["id"],
                "productName": product["name"],
                price: product["price"],
                "quantity": count,
            }
            for product, count in found
        ]


def token(kind: str, subject: str) -> str:
    claims = {"exp": 4_000_000_000, "username": subject, "cognito:groups": [kind], "sub": subject}
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.none"
