"""An API for jars of coins, and requests as the gateway passes them on."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from functions.kernel.rest import paging
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, Moment, Money, Name, Params, Quantity, Wire
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.context import CUSTOMER, STAFF, Caller
from tests.support.callers import CLERK, request_context
from tests.support.jars import jars

api = Api("jars", elsewhere=[("GET", "/api/shelves"), ("PUT", "/api/shelves/{id}")])


class Fill(Body):
    coins: Quantity
    first_note: Name = ""


class Created(Answer):
    id: str


class JarAnswer(Answer):
    jar_id: str
    coins: int
    seen_by: str | None


class Price(Wire):
    amount: Money


class Prices(Body):
    prices: Annotated[list[Price], Field(max_length=3)]


class Total(Answer):
    total: Money


class Filter(Paged):
    status: Literal["open", "sealed"] | None = None
    since: Moment | None = None


class JarPage(PagedAnswer):
    jars: list[JarAnswer]


class Since(Params):
    since: Moment


@api.post("/api/jars", may=[STAFF])
def create_jar(body: Fill) -> Created:
    """Put the first coins into a jar.

    What follows the first line is not its summary.
    """
    jar_id = context.current().new_id()
    jars.create(jar_id, lambda jar: jar.fill(body.coins, body.first_note))
    return Created(id=jar_id)


@api.get("/api/jars", may=[STAFF])
def list_jars(params: Filter) -> JarPage:
    purpose = f"jars {params.status}"
    page = runtime.current().views.query(
        "jars", limit=params.limit, after=paging.read(params.next, purpose), first=params.status
    )
    return JarPage(
        jars=[JarAnswer(**row, seen_by=None) for row in page.rows],
        next=paging.sign(page.after, purpose),
    )


@api.get("/api/jars/{jarId}", may=[STAFF, CUSTOMER])
def get_jar(jar_id: str) -> JarAnswer:
    jar = jars.get(jar_id)
    return JarAnswer(jar_id=jar_id, coins=jar.coins, seen_by=context.current().actor)


@api.get("/api/jars/largest", may=OPEN)
def largest() -> Created:
    return Created(id="the largest")


@api.put("/api/jars/{jarId}/coins", may=[STAFF])
def fill_jar(jar_id: str, body: Fill) -> None:
    jars.change(jar_id, lambda jar: jar.fill(body.coins))


@api.put("/api/jars/{jarId}/level", may=[STAFF])
def top_up_jar(jar_id: str, body: Fill) -> None:
    jars.change(jar_id, lambda jar: jar.fill_up_to(body.coins))


@api.delete("/api/jars/{jarId}", may=[STAFF])
def seal_jar(jar_id: str) -> None:
    jars.change(jar_id, lambda jar: jar.seal())


@api.get("/api/jars/{jarId}/lids/{lidId}", may=OPEN)
def get_lid(lid_id: str, jar_id: str) -> Created:
    return Created(id=f"{lid_id} on {jar_id}")


@api.put("/api/total", may=OPEN, versioned=False)
def total(body: Prices) -> Total:
    return Total(total=sum(price.amount for price in body.prices))


@dataclass(frozen=True)
class Response:
    """A response; numbers with a decimal point are read as Decimal."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text, parse_float=Decimal)


def gateway_event(
    method: str,
    path: str,
    body: str | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    caller: Caller = CLERK,
) -> dict[str, Any]:
    """A request as an HTTP API passes it on (payload 2.0): text bodies unchanged, bytes in base64."""
    path, _, query = path.partition("?")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers or {}),
        "requestContext": {
            **request_context(caller),
            "http": {"method": method, "path": path},
            "requestId": "r-1",
            "stage": "$default",
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def ask(
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    api: Api = api,
    caller: Caller = CLERK,
) -> Response:
    """Send a request, as a clerk if nobody else. A body that is neither text nor bytes is sent as JSON."""
    sent = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
    answer = api.handle(gateway_event(method, path, sent, headers, caller))
    return Response(answer["statusCode"], answer["headers"], answer["body"])
