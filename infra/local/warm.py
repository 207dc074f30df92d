"""Warm the functions after a deploy, so that the first order meets no cold starts."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from functions.kernel.composition.manifest import manifest
from infra.local.cloud import LocalCloud

# Two cores can start two functions at a time.
AT_ONCE = 2
# What operators use, and what a schedule runs: no order waits for them. `up` runs Keys itself.
UNHURRIED = ("Forecast", "Keys", "Replay", "Collector", "Redriver", "Runner", "Synthetic")
# Services that only follow orders. The first look at one of these takes a second longer.
FOLLOWERS = ("insights", "notifications", "operations", "search")
NOBODY = "00000000-0000-4000-8000-000000000000"
NO_RECORDS: dict[str, Any] = {"Records": []}
GET_ROOT: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/"}},
    "isBase64Encoded": False,
}


def warm(cloud: LocalCloud) -> int:
    """Invoke each function that an order may wait for with an event that leaves all as it is; returns how many.

    Locally a cold start takes a second or more, and a saga waits 2 s for an answer; a try at asking an owner waits 3 s.
    """
    lambdas = cloud.client("lambda", read_timeout=60)
    functions = [
        (value, harmless(service, name))
        for stack, outputs in cloud.outputs().items()
        if (service := stack.rpartition("-")[2]) not in FOLLOWERS
        for name, value in outputs.items()
        if name.endswith("Function") and name.removesuffix("Function") not in UNHURRIED
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = [
            pool.submit(lambdas.invoke, FunctionName=name, Payload=json.dumps(event).encode())
            for name, event in functions
        ]
    for call in calls:
        call.result()
    return len(functions)


def harmless(service: str, function: str) -> dict[str, Any]:
    """An event of which a function of a service makes nothing: no records, an unknown path, a thing not known."""
    match function:
        case "AuthorizerFunction":
            return {"headers": {}}
        case "ApiFunction" | "GatewayFunction":
            return GET_ROOT
        case "QueriesFunction":
            found = manifest(service).queries
            assert found
            name, (query, _) = next(iter(found.handlers.items()))
            needed = {field: known for field, known in query.model_fields.items() if known.is_required()}
            return {"query": name, "data": {field: _nothing(known.annotation) for field, known in needed.items()}}
    return NO_RECORDS


def _nothing(kind: Any) -> Any:
    """A value of a question's field that asks for nothing that there is: an id of nobody, no ids, or one thing."""
    return NOBODY if kind is str else 1 if kind is int else []
