"""What a service answers in any test is judged by its document: a status that its route does not list is an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from functions.kernel.rest.http import Api, Response


@contextmanager
def only_documented_statuses() -> Iterator[None]:
    """Within the block, an answer of a service's route has a status that the route lists, or none of an error."""
    handle = Api.handle

    def judged(api: Api, event: dict[str, Any], lambda_context: object = None) -> Response:
        answer = handle(api, event, lambda_context)
        asked = event["requestContext"]["http"]["method"], event["rawPath"]
        route = api.find(*asked)
        if route and route.function.__module__.startswith("functions."):
            status = answer["statusCode"]
            assert status < 400 or status in route.errors, f"{asked} answers {status}: list it in errors= of its route"
        return answer

    with patch.object(Api, "handle", judged):
        yield
