"""The REST API as the browser tests need it: versions, If-Match, Idempotency-Key, and failures on demand."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators

from tests.browser import samples
from tests.browser.boards import Boards
from tests.browser.operations import Operations
from tests.browser.samples import Data

_DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
# 39.48 is no multiple of 0.01 to floating point; amounts have their own tests.
_Validator = validators.extend(Draft202012Validator, {"multipleOf": lambda *_: iter(())})
LAG = 1.0  # seconds after which the list of a store's products has what was written
_TITLES = {
    400: "invalid",
    403: "forbidden",
    404: "not_found",
    409: "refused",
    412: "stale",
    500: "internal_error",
    503: "unavailable",
}


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Data

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Answer:
    status: int
    body: Data
    etag: int | None = None


class RefusedError(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail)


def problem(status: int, detail: str) -> Answer:
    code = _TITLES[status]
    told = {"type": "about:blank", "title": code, "detail": detail, "message": detail, "instance": "/"}
    return Answer(status, {**told, "status": status, "code": code})


@dataclass
class Thing:
    """An aggregate as REST shows it."""

    content: Data
    version: int = 1


@dataclass
class Rest:
    """The things of the mall. Each write raises a version and changes the boards, as the services do together."""

    boards: Boards
    things: dict[tuple[str, str], Thing] = field(default_factory=dict)
    timelines: dict[str, list[Data]] = field(default_factory=dict)
    sagas: list[Data] = field(default_factory=list)
    differences: list[Data] = field(default_factory=list)
    reports: dict[str, Data] = field(default_factory=dict)  # of robots on their stream, by id
    sales: Data = field(default_factory=dict)
    operations: Operations = field(default_factory=Operations)
    asked: list[Asked] = field(default_factory=list)
    # Method and pattern of a path: what is answered in the place of what would be; a list: one each time.
    failures: dict[tuple[str, str], Answer] = field(default_factory=dict)
    # Pattern of a path: requests wait until it is set.
    held: dict[str, threading.Event] = field(default_factory=dict)
    archives: bool = True  # whether insights has a message at once
    # By product: until when their list shows what was there before, and that.
    earlier: dict[str, tuple[float, Data | None]] = field(default_factory=dict)
    _answers: dict[str, Answer] = field(default_factory=dict)
    _happened: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, asked: Asked) -> Answer:
        """Answer a request. Raises AssertionError where the answer is none that the API's document allows."""
        for pattern, event in list(self.held.items()):
            if re.fullmatch(pattern, asked.path):
                event.wait(30)
        with self._lock:
            self.asked.append(asked)
            for (method, pattern), failure in self.failures.items():
                if method == asked.method and re.fullmatch(pattern, asked.path):
                    return failure
            key = asked.headers.get("idempotency-key")
            if key and key in self._answers:
                return self._answers[key]
            try:
                template, names, route = self._route(asked)
                answer = route(self, asked, **names)
            except RefusedError as refused:
                return refused.answer
            if key:
                self._answers[key] = answer
        self._check(asked.method, template, answer)
        return answer

    def writes(self, method: str, pattern: str) -> list[Asked]:
        """The requests that came of this kind."""
        return [one for one in self.asked if one.method == method and re.fullmatch(pattern, one.path)]

    def _route(self, asked: Asked) -> tuple[str, dict[str, str], Callable[..., Answer]]:
        for (method, template), route in ROUTES.items():
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return template, found.groupdict(), route
        raise RefusedError(404, f"{asked} is nothing here")

    def _check(self, method: str, template: str, answer: Answer) -> None:
        """That the API could have answered so: otherwise the tests would hold against another API than ours."""
        operation = _DOCUMENT["paths"][template][method.lower()]
        content = operation["responses"][str(answer.status)].get("content")
        if answer.status == 200 and content:
            schema = {**content["application/json"]["schema"], "components": _DOCUMENT["components"]}
            _Validator(schema).validate(answer.body)

    # Things

    def put(self, kind: str, id: str, content: Data, version: int = 1) -> None:
        self.things[kind, id] = Thing(content, version)

    def find(self, kind: str, id: str) -> Thing:
        thing = self.things.get((kind, id))
        if thing is None:
            raise RefusedError(404, f"the {kind} {id} was not found")
        return thing

    def change(self, asked: Asked, kind: str, id: str, **changed: Any) -> Thing:
        """Change a thing if If-Match says what it is. Raises RefusedError."""
        thing = self.find(kind, id)
        wanted = asked.headers.get("if-match")
        if wanted is not None and wanted != f'"{thing.version}"':
            raise RefusedError(412, "the version is another")
        if kind == "product":
            self.follow(id)
        thing.content = {**thing.content, **changed}
        thing.version += 1
        return thing

    def follow(self, id: str) -> None:
        """Say that a product is written now, which the list follows."""
        self.earlier[id] = (time.monotonic() + LAG, self.listed(id))

    def listed(self, id: str) -> Data | None:
        """A product as the list shows it; None for one that it does not show."""
        until, earlier = self.earlier.get(id, (0.0, None))
        thing = self.things.get(("product", id))
        return earlier if time.monotonic() < until else thing and thing.content

    def show(self, asked: Asked, kind: str, id: str) -> Answer:
        thing = self.find(kind, id)
        if asked.headers.get("if-none-match") == f'"{thing.version}"':
            return Answer(304, {}, thing.version)
        return Answer(200, {kind: thing.content}, thing.version)

    # Flows

    def happen(self, topic: str, id: str, name: str, source: str, /, *, gone: bool = False, **changed: Any) -> None:
        """Change a row, with the message that did, and the thing that REST shows of it."""
        with self._lock:
            row = {**self.boards.row(topic, id), **changed}
            order_id = row.get("orderId", id)
            known = self.timelines.setdefault(order_id, [])
            cause = known[-1]["id"] if known else None
            self._happened += 1
            made = samples.message(order_id, name, source, cause, seconds=-0.001 * self._happened)
            if self.archives:
                known.append(made)
            told = {key: value for key, value in made.items() if key != "data"}
            version = self.boards.put(topic, id, row, told, gone)
            kind = {"orders": "order", "lists": "list", "invoices": "invoice", "stores": "store"}.get(topic)
            thing = self.things.get((kind or "", id))
            if thing:
                thing.content = {**thing.content, **{k: v for k, v in changed.items() if k in thing.content}}
                thing.version = version

    def place_order(self, name: str, status: str, minutes: float, lines: int = 2, **more: Any) -> str:
        """An order that is there before anybody looks."""
        row = samples.order_row(name, status, minutes, lines, **more)
        id = row["orderId"]
        version = self.boards.put("orders", id, row)
        content = {key: row[key] for key in ("customerId", "paymentId", "status", "ready", "paid", "total")}
        self.put(
            "order", id, {"id": id, "items": [samples.item(line) for line in samples.ITEMS[:lines]], **content}, version
        )
        self.timelines[id] = samples.timeline(id)
        return id

    def add_list(
        self, name: str, status: str, minutes: float, robot: str | None, picked: int = 0, lines: int = 2
    ) -> None:
        row = samples.list_row(name, status, minutes, robot, picked, lines)
        version = self.boards.put("lists", row["listId"], row)
        self.put("list", row["listId"], samples.list_content(row, lines), version)

    def add_list_by_staff(self, order: str, robot: str) -> str:
        """A list that staff made for an order: it has an id of its own."""
        id = samples.uid(f"extra {order}")
        row = {**samples.list_row(order, "assigned", 2, robot, lines=1), "listId": id, "byStaff": True}
        self.put("list", id, samples.list_content(row, 1), self.boards.put("lists", id, row))
        self.boards.put("robots", samples.uid(robot), {**self.boards.row("robots", samples.uid(robot)), "listId": id})
        return id

    def add_invoice(self, name: str, amount: float, minutes: float) -> None:
        row = samples.invoice_row(name, amount, minutes)
        version = self.boards.put("invoices", row["orderId"], row)
        shown = {key: row[key] for key in ("orderId", "paymentId", "amount", "status")}
        self.put("invoice", row["orderId"], {"id": row["orderId"], **shown}, version)
        payment = {"paymentId": row["paymentId"], "status": "confirmed", "authorized": amount}
        self.boards.put_payment(row["orderId"], {**payment, "captured": 0.0, "released": 0.0, "refunded": 0.0})
        self.add_payment(row["orderId"], row["paymentId"], "confirmed", amount)

    def add_payment(self, order_id: str, id: str, status: str, amount: float) -> None:
        owner = {"customerId": samples.uid("ada"), "orderId": order_id}
        self.put("payment", id, {"id": id, **owner, "amount": amount, "status": status, "notMade": []})

    def picked(self, id: str, picked: int) -> None:
        """A robot picks more of a list."""
        self.happen("lists", id, "ShoppingListItemPicked", "depot", picked=picked)
        thing = self.find("list", id)
        row = self.boards.row("lists", id)
        thing.content = samples.list_content(row, len(thing.content["stops"]))


Route = Callable[..., Answer]
ROUTES: dict[tuple[str, str], Route] = {}


def route(method: str, template: str) -> Callable[[Route], Route]:
    def keep(function: Route) -> Route:
        ROUTES[method, template] = function
        return function

    return keep
