"""The gateway's routes: one for each route that a service's code declares."""

import re
from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration

from functions.kernel.composition.manifest import Manifest
from infra.function import ServiceFunction
from infra.identity import authorizer_of
from infra.names import shared
from infra.stages import Stage


def add_routes(stack: Stack, stage: Stage, function: ServiceFunction, manifest: Manifest) -> None:
    """Add each declared route of a service to the gateway: the service's API behind it, the authorizer before it."""
    assert manifest.api
    api = gateway.HttpApi.from_http_api_attributes(stack, "HttpApi", http_api_id=shared(stack, stage, "http-api"))
    # One permission for the whole API: one for each route would exceed the size limit of the function's policy (20 KB).
    integration = HttpLambdaIntegration("Integration", function.live, scope_permission_to_route=False)
    authorizer = authorizer_of(stack, stage)
    paths = gateway_paths(route.path for route in manifest.api.routes)
    for route in manifest.api.routes:
        gateway.HttpRoute(
            stack,
            f"{route.method} {route.path}",
            http_api=api,
            route_key=gateway.HttpRouteKey.with_(paths[route.path], gateway.HttpMethod[route.method]),
            integration=integration,
            authorizer=None if route.open else authorizer,
        )


def gateway_paths(paths: Iterable[str]) -> dict[str, str]:
    """Each path as the gateway is told it: the variable of one place has one name, that of the first path with it.

    The gateway refuses another name there (409, "a conflicting variable on the same hierarchical level"), which no page
    of AWS says: https://github.com/plutomi/plutomi/issues/271. So it does when a name is changed later, as a deployment
    makes the new route before it deletes the old one. Functions do not see these names: the kernel reads the path.
    """
    names: dict[str, str] = {}

    def told(path: str) -> str:
        told = ""
        for segment in path.removeprefix("/").split("/"):
            told += "/" + (names.setdefault(told, segment) if re.fullmatch(r"{\w+}", segment) else segment)
        return told

    return {path: told(path) for path in paths}
