"""Lambda's Invoke: one function waits for another."""

import io
import json
from collections.abc import Mapping
from typing import Any

from tests.simulation.containers import Function
from tests.simulation.scheduler import Promise
from tests.simulation.sdk import Wire, World, client_error


class LambdaClient:
    """One container's client."""

    def __init__(self, functions: Mapping[str, Function], world: World, wire: Wire) -> None:
        self._functions = functions
        self._world = world
        self._wire = wire

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        """Invoke a function and wait for its answer."""
        answer: dict[str, Any] = self._wire.call("Invoke", FunctionName, lambda: self._begin(FunctionName, Payload))
        return answer

    def _begin(self, name: str, payload: bytes) -> Promise:
        if name not in self._functions:
            raise client_error("ResourceNotFoundException", f"Function not found: {name}", "Invoke", status=404)
        promise = Promise()

        def done(how: str, answer: Any) -> None:
            said = answer if how in ("ok", "error") else {"errorMessage": f"the function ended: {how}"}
            response = {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(said).encode())}
            promise.give(response if how == "ok" else {**response, "FunctionError": "Unhandled"})

        if not self._functions[name].invoke(json.loads(payload), [self._world.number("invoke")], done):
            raise client_error("TooManyRequestsException", "Rate Exceeded.", "Invoke", status=429)
        return promise
