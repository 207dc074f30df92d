"""Requests as the gateway passes them to a service (HTTP API, payload 2.0)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.kernel.rest.http import Api
from functions.kernel.runtime.context import Caller
from tests.support.callers import CLERK, request_context


@dataclass(frozen=True)
class Response:
    """A service's response; numbers with a decimal point in `body` are Decimal."""

    status: int
    headers: Mapping[str, str]
    body: Any


def request(
    api: Api,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    caller: Caller = CLERK,
) -> Response:
    """Send a request, as a clerk if nobody else; a text `body` is sent unchanged, anything else but None as JSON."""
    path, _, query = path.partition("?")
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    answer = api.handle(
        {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": dict(headers or {}),
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": "request-1",
                **request_context(caller),
            },
            "body": text,
            "isBase64Encoded": False,
        }
    )
    content = answer["body"]
    return Response(
        answer["statusCode"], answer["headers"], json.loads(content, parse_float=Decimal) if content else None
    )
