"""Cases of Lambda's Invoke."""

import json
from typing import Any

from tests.simulation.differential.case import Cases, code
from tests.simulation.differential.place import Event, Place, Tools

functions = Cases()


def echoes(event: Event, tools: Tools) -> Any:
    """A function that answers with its event."""
    tools.note(event)
    return {"event": event}


def answers_nothing(event: Event, tools: Tools) -> Any:
    """A function without an answer."""


def fails(event: Event, tools: Tools) -> Any:
    """A function that raises an error."""
    raise KeyError("no such order")


def takes_long(event: Event, tools: Tools) -> Any:
    """A function that exceeds its timeout."""
    tools.note("begun")
    tools.sleep(5)
    tools.note("done")


def answers_badly(event: Event, tools: Tools) -> Any:
    """A function whose answer is no JSON."""
    return {"set": {1, 2}}


def invoke_function(place: Place, function: str, event: Any) -> list[Any]:
    """Status, kind of error and answer of an invocation."""
    answer = place.functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    content = json.loads(answer["Payload"].read())
    answer["Payload"].close()
    return [answer["StatusCode"], answer.get("FunctionError"), content]


@functions.gives([200, None, {"event": {"name": "Zoë", "n": [1, 2.5, None]}}])
def an_invocation_waits_for_the_answer(place: Place) -> Any:
    return invoke_function(place, place.function(echoes), {"name": "Zoë", "n": [1, 2.5, None]})


@functions.gives([200, None, None])
def a_function_without_an_answer_answers_null(place: Place) -> Any:
    return invoke_function(place, place.function(answers_nothing), {})


@functions.gives([200, "Unhandled", "KeyError", "'no such order'"])
def an_error_is_answered_with_its_type_and_message(place: Place) -> Any:
    status, kind, content = invoke_function(place, place.function(fails), {})
    return [status, kind, content["errorType"], content["errorMessage"]]


@functions.gives([200, "Unhandled", True, ["begun"]])
def a_function_that_takes_too_long_times_out(place: Place) -> Any:
    function = place.function(takes_long, timeout=1)
    status, kind, content = invoke_function(place, function, {})
    return [status, kind, "Task timed out after 1.00 seconds" in content["errorMessage"], place.notes(function)]


@functions.gives([200, "Unhandled", "Runtime.MarshalError"])
def an_answer_that_is_no_json_is_an_error(place: Place) -> Any:
    status, kind, content = invoke_function(place, place.function(answers_badly), {})
    return [status, kind, content["errorType"]]


@functions.gives(["ResourceNotFoundException", "InvalidRequestContentException"])
def a_function_that_is_not_there_and_a_request_that_is_no_json_are_refused(place: Place) -> Any:
    invoke = place.functions.invoke
    return [
        code(invoke, FunctionName="nowhere", Payload=b"{}"),
        code(invoke, FunctionName=place.function(echoes), Payload=b"{"),
    ]


@functions.gives(["TooManyRequestsException", []])
def an_invocation_without_a_container_is_refused(place: Place) -> Any:
    function = place.function(echoes)
    place.throttle(function)
    return [code(place.functions.invoke, FunctionName=function, Payload=b"{}"), place.notes(function)]
