"""Cases of Lambda's Invoke."""

import json
from typing import Any

from tests.simulation.differential.case import Cases, code
from tests.simulation.differential.place import Event, Place, Tools

functions = Cases()


def gives_it_back(event: Event, tools: Tools) -> Any:
    """A function that answers with what it was asked."""
    tools.note(event)
    return {"asked": event}


def says_nothing(event: Event, tools: Tools) -> Any:
    """A function without an answer."""


def fails(event: Event, tools: Tools) -> Any:
    """A function that raises an error."""
    raise KeyError("no such order")


def takes_long(event: Event, tools: Tools) -> Any:
    """A function that takes longer than it may."""
    tools.note("begun")
    tools.sleep(5)
    tools.note("done")


def answers_badly(event: Event, tools: Tools) -> Any:
    """A function whose answer is no JSON."""
    return {"set": {1, 2}}


def ask(place: Place, function: str, event: Any) -> list[Any]:
    """Status, kind of error and answer of an invocation."""
    answer = place.functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    said = json.loads(answer["Payload"].read())
    answer["Payload"].close()
    return [answer["StatusCode"], answer.get("FunctionError"), said]


@functions.gives([200, None, {"asked": {"name": "Zoë", "n": [1, 2.5, None]}}])
def an_invocation_waits_for_the_answer(place: Place) -> Any:
    return ask(place, place.function(gives_it_back), {"name": "Zoë", "n": [1, 2.5, None]})


@functions.gives([200, None, None])
def a_function_without_an_answer_answers_null(place: Place) -> Any:
    return ask(place, place.function(says_nothing), {})


@functions.gives([200, "Unhandled", "KeyError", "'no such order'"])
def an_error_is_an_answer_that_says_so(place: Place) -> Any:
    status, kind, said = ask(place, place.function(fails), {})
    return [status, kind, said["errorType"], said["errorMessage"]]


@functions.gives([200, "Unhandled", True, ["begun"]])
def a_function_that_takes_too_long_is_ended(place: Place) -> Any:
    function = place.function(takes_long, timeout=1)
    status, kind, said = ask(place, function, {})
    return [status, kind, "Task timed out after 1.00 seconds" in said["errorMessage"], place.notes(function)]


@functions.gives([200, "Unhandled", "Runtime.MarshalError"])
def an_answer_that_is_no_json_is_an_error(place: Place) -> Any:
    status, kind, said = ask(place, place.function(answers_badly), {})
    return [status, kind, said["errorType"]]


@functions.gives(["ResourceNotFoundException", "InvalidRequestContentException"])
def a_function_that_is_not_there_and_a_request_that_is_no_json_are_refused(place: Place) -> Any:
    invoke = place.functions.invoke
    return [
        code(invoke, FunctionName="nowhere", Payload=b"{}"),
        code(invoke, FunctionName=place.function(gives_it_back), Payload=b"{"),
    ]


@functions.gives(["TooManyRequestsException", []])
def an_invocation_without_a_container_is_refused(place: Place) -> Any:
    function = place.function(gives_it_back)
    place.throttle(function)
    return [code(place.functions.invoke, FunctionName=function, Payload=b"{}"), place.notes(function)]
