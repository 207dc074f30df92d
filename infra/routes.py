"""The gateway's routes: one for each route that a service's code declares."""

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
    for route in manifest.api.routes:
        gateway.HttpRoute(
            stack,
            f"{route.method} {route.path}",
            http_api=api,
            route_key=gateway.HttpRouteKey.with_(route.path, gateway.HttpMethod[route.method]),
            integration=integration,
            authorizer=None if route.open else authorizer,
        )
