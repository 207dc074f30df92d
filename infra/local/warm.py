"""Cold starts taken before anybody waits for them, as a mall in operation has long had them."""

import json
from concurrent.futures import ThreadPoolExecutor

from infra.local.cloud import LocalCloud

# Two cores start two functions at a time.
AT_ONCE = 2
NOTHING: dict[str, list[object]] = {"Records": []}
LOOK = {
    "version": "2.0",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/"}},
    "isBase64Encoded": False,
}


def warm(cloud: LocalCloud) -> int:
    """Call each function that requests and messages pass with nothing to do, and return how many there are.

    On this machine a first call takes a second or more, and the saga waits two for an answer.
    """
    lambdas = cloud.client("lambda", read_timeout=60)
    functions = [
        (value, LOOK if name == "ApiFunction" else NOTHING)
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
