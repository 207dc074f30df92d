"""The mall in memory as a WSGI application, which passes requests on as the gateway does."""

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

import requests
from schemathesis import Case
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from functions.gateway.api import api as gateway
from functions.kernel.rest.http import Api
from functions.kernel.runtime.context import Caller
from tests.support.callers import request_context
from tests.support.mall import Mall

Start = Callable[[str, list[tuple[str, str]]], Any]


_send = WSGI_TRANSPORT.send


@contextmanager
def probed_in_memory() -> Iterator[None]:
    """Within the block, requests without a token that Schemathesis adds reach a WSGI application.

    4.32.5 sends them outside of its session, and passes the application a socket's settings, which it does not know.
    """

    def send(case: Case[Any], *, session: Any = None, **settings: Any) -> Any:
        return _send(case, session=session or requests.Session(), **settings)

    with patch.object(WSGI_TRANSPORT, "send", send):
        yield


def token(who: Caller) -> str:
    """What stands for a caller's token here: no authorizer runs in memory."""
    return who.actor


class Application:
    """Answers as the deployed system does; the messages of a write are handled before its answer."""

    def __init__(self, mall: Mall) -> None:
        self._mall = mall
        self._apis = {name: registered.api for name, registered in mall.manifests.items() if registered.api}
        known = [(route.method, route.path) for api in [gateway, *self._apis.values()] for route in api.routes]
        self._default = Api("gateway", elsewhere=known)
        self._default.include(gateway)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        event = _event(environ)
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        service = next((name for name, api in self._apis.items() if api.find(method, path)), None)
        if service is None:
            answer = self._default.handle(event)
        else:
            with self._mall.at_work(service):
                answer = self._apis[service].handle(event)
            self._mall.settle()
        status = HTTPStatus(answer["statusCode"])
        start(f"{status.value} {status.phrase}", list(answer["headers"].items()))
        return [answer["body"].encode()]


def _event(environ: dict[str, Any]) -> dict[str, Any]:
    """A request as the gateway's event (HTTP API, payload 2.0): its path is decoded, except the escape of `%`."""
    method = environ["REQUEST_METHOD"]
    path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace").replace("%", "%25")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "headers": {"content-type": environ.get("CONTENT_TYPE", ""), **headers},
        "requestContext": {
            **request_context(_caller(headers.get("authorization", ""))),
            "http": {"method": method, "path": path},
            "requestId": "request-1",
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def _caller(header: str) -> Caller:
    role, separator, id = header.removeprefix("Bearer ").partition(":")
    return Caller(role, id) if separator else Caller()
