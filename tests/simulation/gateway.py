"""The gateway: it asks the authorizer about a token, keeps the answer for 60 seconds, and routes requests to functions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.kernel.rest.caller import CACHED
from tests.simulation.deployment import AUTHORIZER, Deployment
from tests.simulation.scheduler import SECOND, Promise
from tests.simulation.sdk import World

INTEGRATION_TIMEOUT = 30.0


@dataclass(frozen=True)
class Response:
    """A response as a client received it. `status` is None when none arrived: the outcome is unknown."""

    status: int | None
    headers: Mapping[str, str]
    body: Any


UNAVAILABLE = Response(503, {}, {"message": "Service Unavailable"})
TIMEOUT = Response(504, {}, {"message": "Gateway Timeout"})
FAILED = Response(500, {}, {"message": "Internal Server Error"})


class Gateway:
    """One HTTP API.

    A request with a token of the mall's own is authorized by the authorizer, as deployed. Most clients have none, for a
    signature is checked in as much time as a handler takes: of them the gateway is told who they are.
    """

    def __init__(self, world: World, deployed: Deployment) -> None:
        self._world, self._deployed = world, deployed
        self._known: dict[str, tuple[int, dict[str, Any]]] = {}  # by token: until when, and what the authorizer said

    def send(self, number: str, method: str, path: str, body: Any, headers: Mapping[str, str], who: str) -> Response:
        """Send a request, inside a task. number: its id. who: the caller of one without a token, or ""."""
        if self._world.faults.strikes("gateway error", f"{method} {path}"):
            return UNAVAILABLE
        path, _, query = path.partition("?")
        role, _, id = who.partition(":")
        told: dict[str, Any] | Response = {"role": role, "id": id} if role else {}
        if "authorization" in headers:
            told = self._authorize(number, method, path, headers)
        if isinstance(told, Response):
            return told
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"content-type": "application/json", **headers},
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": number,
                "authorizer": {"lambda": told} if told else {},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self._invoke(f"{self._deployed.service_of(method, path)}/api", event, number)
        if isinstance(answer, Response):
            return answer
        content = answer.get("body")
        return Response(answer["statusCode"], answer.get("headers", {}), json.loads(content) if content else None)

    def _authorize(self, number: str, method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any] | Response:
        """What the authorizer says of a token, or said less than 60 seconds ago."""
        token, history = headers["authorization"], self._world.history
        until, told = self._known.get(token, (0, {}))
        cached = history.now_us < until
        if not cached:
            event = {
                "version": "2.0",
                "type": "REQUEST",
                "identitySource": [token],
                "rawPath": path,
                "headers": dict(headers),
                "requestContext": {"http": {"method": method, "path": path}, "requestId": number},
            }
            answer = self._invoke(AUTHORIZER, event, number)
            if isinstance(answer, Response) or answer.get("isAuthorized") is not True:
                return FAILED
            told = answer["context"]
            self._known[token] = history.now_us + CACHED * SECOND, told
        history.record("authorized", id=number, told=told, cached=cached)
        return told

    def _invoke(self, name: str, event: dict[str, Any], number: str) -> dict[str, Any] | Response:
        """The answer of a function, or that of the gateway where there is none."""
        promise = Promise()
        if not self._deployed.functions[name].invoke(event, [number], lambda how, answer: promise.give((how, answer))):
            return UNAVAILABLE
        if not self._world.scheduler.wait(promise, INTEGRATION_TIMEOUT):
            return TIMEOUT
        how, answer = promise.value
        return answer if how == "ok" else FAILED
