"""Guards of what is sent, taken out: sizes, numbers, texts, paths, keys, pages and log lines."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from functions.baskets import service as baskets
from functions.kernel.domain import money
from functions.kernel.projections.view_store import MemoryViews, to_item
from functions.kernel.rest import http, request, routes, texts, wire
from functions.kernel.rest.http import Api
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.views import Row
from functions.search import service as search

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@contextmanager
def any_depth() -> Iterator[None]:
    """Of a body that is too deep as much is read as one likes."""
    with patch.object(request, "read_json", lambda text: {"name": "deep", "location": "here"}):
        yield


@contextmanager
def any_number() -> Iterator[None]:
    """A price is whatever it looks like."""

    def cents(amount: object) -> int:
        return 1

    # The wire's models hold the function itself, so its code is replaced.
    before, money.cents.__code__ = money.cents.__code__, cents.__code__
    try:
        with patch.object(wire, "_refuse_constant", lambda name: 1):
            yield
    finally:
        money.cents.__code__ = before


@contextmanager
def any_text() -> Iterator[None]:
    """A text is taken as it came, half of a surrogate pair and NUL too."""
    anything = re.compile(r"(?!)")
    with patch.object(texts, "_no_line", anything), patch.object(wire, "_check", lambda value: None):
        yield


@contextmanager
def any_bytes() -> Iterator[None]:
    """What is no UTF-8 is replaced by U+FFFD, and taken."""
    body = {"name": "\ufffd", "location": "Here"}
    with patch.object(request.Request, "body", property(lambda self: body)):
        yield


@contextmanager
def any_limit() -> Iterator[None]:
    """Parameters are not validated."""

    def read(shape: Any, sent: Any) -> Any:
        return shape.model_construct(limit=50, next=None)

    with patch.object(routes, "read", read):
        yield


@contextmanager
def any_path() -> Iterator[None]:
    """What looks like an id is one, whatever is around it."""
    real = vars(request.Request)["segments"].func

    def segments(self: request.Request) -> list[str]:
        found = [UUID.search(segment) for segment in real(self)]
        return [match.group() if match else plain for match, plain in zip(found, real(self), strict=True)]

    with patch.object(request.Request, "segments", property(segments)):
        yield


@contextmanager
def any_method() -> Iterator[None]:
    """The path alone says which route it is."""
    real = routes.find
    with patch.object(http, "find", lambda known, method, segments: real(known, "GET", segments)):
        yield


@contextmanager
def bodies_alike() -> Iterator[None]:
    """A key alone says which request it is."""
    with patch.object(Cause, "is_of", lambda self, recorded: self.id == recorded.id):
        yield


@contextmanager
def keys_of_everyone() -> Iterator[None]:
    """A key is the same whoever uses it, for whatever body."""
    real = request.Request.cause

    def cause(self: request.Request, caller_id: str, *, takes_body: bool) -> Cause | None:
        made = real(self, "everyone", takes_body=takes_body)
        return made and replace(made, digest="the same for all")

    with patch.object(request.Request, "cause", cause):
        yield


@contextmanager
def long_keys() -> Iterator[None]:
    """A key may be of any length."""

    def cause(self: request.Request, caller_id: str, *, takes_body: bool) -> Cause:
        return Cause(ids.derive(caller_id, self.headers["idempotency-key"]), "none", scope=self.path)

    with patch.object(request.Request, "cause", cause):
        yield


@contextmanager
def any_page() -> Iterator[None]:
    """What a page's token says is taken without its signature."""
    with patch("functions.kernel.rest.paging.hmac.compare_digest", lambda given, right: True):
        yield


@contextmanager
def price_of_the_client() -> Iterator[None]:
    """A product costs nothing, as the client said."""
    real = baskets.product
    with patch.object(baskets, "product", lambda product_id: replace(real(product_id), price=0)):
        yield


@contextmanager
def logs_quote() -> Iterator[None]:
    """Every request is logged as it came."""
    real = Api.handle

    def handle(self: Api, event: dict[str, Any], lambda_context: object = None) -> Any:
        print(json.dumps(event))
        return real(self, event, lambda_context)

    with patch.object(Api, "handle", handle):
        yield


@contextmanager
def lines_of_the_client() -> Iterator[None]:
    """A correlation id may be any text."""
    with patch.object(ids, "is_uuid", lambda text: True):
        yield


@contextmanager
def keys_ignored() -> Iterator[None]:
    """Each request is one of its own."""
    with patch.object(request.Request, "cause", lambda self, caller_id: None):
        yield


@contextmanager
def method_of_header() -> Iterator[None]:
    """A request has the method that a header names."""
    real = request.Request.__init__

    def init(self: request.Request, event: dict[str, Any]) -> None:
        real(self, event)
        self.method = self.headers.get("x-http-method-override", self.method)

    with patch.object(request.Request, "__init__", init):
        yield


@contextmanager
def any_filter() -> Iterator[None]:
    """A filter with OR in it is true of every order."""
    real = search.orders

    def orders(filters: search.Filters, limit: int, before: str | None) -> Any:
        true = " OR " in str(filters.product_ids)
        return real(replace(filters, product_ids=()) if true else filters, limit, before)

    with patch.object(search, "orders", orders):
        yield


@contextmanager
def any_origin() -> Iterator[None]:
    """An answer names the origin that asked."""
    real = Api.handle

    def handle(self: Api, event: dict[str, Any], lambda_context: object = None) -> Any:
        answer = real(self, event, lambda_context)
        answer["headers"]["Access-Control-Allow-Origin"] = event["headers"].get("origin", "*")
        return answer

    with patch.object(Api, "handle", handle):
        yield


@contextmanager
def older_rows() -> Iterator[None]:
    """A row is written whatever the version of what is there."""

    def put(self: MemoryViews, row: Row, version: int) -> bool:
        self.items[row.partition, row.sort] = to_item(row, version)
        return True

    with patch.object(MemoryViews, "put", put):
        yield
