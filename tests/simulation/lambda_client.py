"""Lambda's Invoke: one function calls another and waits for it, or has it run by itself.

What is invoked asynchronously is queued by Lambda, which tries again what was throttled, and now and then runs it
twice: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import io
import json
from collections.abc import Mapping
from typing import Any

from tests.simulation.containers import Function
from tests.simulation.scheduler import SECOND, Promise
from tests.simulation.sdk import Wire, World, client_error
from tests.simulation.templates import deployed

RUNNER_KILLED, BEGINS = "runner killed", b'{"begin":'  # the request by which a rebuild begins
OLDEST = 21_600  # seconds for which Lambda tries to run what was invoked asynchronously, where nothing else is set


class LambdaClient:
    """One container's client."""

    def __init__(self, functions: Mapping[str, Function], world: World, wire: Wire) -> None:
        self._functions = functions
        self._world = world
        self._wire = wire

    def invoke(self, *, FunctionName: str, Payload: bytes, InvocationType: str = "RequestResponse") -> dict[str, Any]:
        """Invoke a function and wait for its answer; with `Event`, only for Lambda's word that it will run."""
        if InvocationType == "Event":
            function, event = self._functions[FunctionName], json.loads(Payload)
            self._wire.call("Invoke", FunctionName, lambda: run_by_itself(function, event, "start"))
            return {"StatusCode": 202}
        answer: dict[str, Any] = self._wire.call("Invoke", FunctionName, lambda: self._begin(FunctionName, Payload))
        if BEGINS in Payload:
            self._wire.may_be_killed(RUNNER_KILLED, "Invoke", FunctionName)
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


def run_by_itself(function: Function, event: dict[str, Any], cause: str) -> None:
    """Have a function run soon, after an asynchronous invocation, unless it is throttled for a minute."""
    world = function.world
    facts = deployed().functions.get(function.name)
    until_us = world.scheduler.now_us + ((facts and facts.oldest) or OLDEST) * SECOND
    number = world.number(cause)

    def begin() -> None:
        if not function.invoke(event, [number], lambda how, answer: None) and world.scheduler.now_us < until_us:
            world.scheduler.call_in(world.choices.seconds(1.0, 20.0, "throttled"), begin)

    for _ in range(2 if world.faults.strikes("schedule twice", function.name) else 1):
        world.scheduler.call_in(world.choices.seconds(0.01, 0.3, "asynchronous"), begin)
