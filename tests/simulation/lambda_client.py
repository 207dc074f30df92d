"""Lambda's Invoke: one function calls another and waits for it."""

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
        try:
            event = json.loads(payload)
        except ValueError:
            message = "Could not parse request body into json"
            raise client_error("InvalidRequestContentException", message, "Invoke") from None
        promise, timeout = Promise(), self._functions[name].timeout
        began = self._world.history.now_us

        def done(how: str, answer: Any) -> None:
            content = answer
            if how == "timeout":
                content = {
                    "errorType": "Sandbox.Timedout",
                    "errorMessage": f"Error: Task timed out after {timeout:.2f} seconds",
                }
            elif how == "killed":
                content = {"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited"}
            try:
                text = json.dumps(content)
            except TypeError as error:
                how, text = "error", json.dumps({"errorType": "Runtime.MarshalError", "errorMessage": str(error)})
            self._world.history.record("told", function=name, began=began, how=how, answer=text)
            response = {"StatusCode": 200, "Payload": io.BytesIO(text.encode())}
            promise.give(response if how == "ok" else {**response, "FunctionError": "Unhandled"})

        if not self._functions[name].invoke(event, [self._world.number("invoke")], done):
            raise client_error("TooManyRequestsException", "Rate Exceeded.", "Invoke", status=429)
        return promise
