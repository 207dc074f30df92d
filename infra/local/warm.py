"""Warm the functions after a deploy, so that the first order meets no cold starts."""

import json
from concurrent.futures import ThreadPoolExecutor

from infra.local.cloud import LocalCloud

# Two cores can start two functions at a time.
AT_ONCE = 2
NO_RECORDS: dict[str, list[object]] = {"Records": []}
GET_ROOT = {
    "version": "2.0",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/"}},
    "isBase64Encoded": False,
}


def warm(cloud: LocalCloud) -> int:
    """Invoke each function that serves requests or messages with an empty event; returns how many there are.

    Locally a cold start takes a second or more, and the saga waits only 2 s for an answer.
    """
    lambdas = cloud.client("lambda", read_timeout=60)
    functions = [
        (value, GET_ROOT if name == "ApiFunction" else NO_RECORDS)
        for outputs in cloud.outputs().values()
        for name, value in outputs.items()
        if name.endswith("Function") and name != "QueriesFunction"
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = [
            pool.submit(lambdas.invoke, FunctionName=name, Payload=json.dumps(event).encode())
            for name, event in functions
        ]
    for call in calls:
        call.result()
    return len(functions)
