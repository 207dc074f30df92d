"""The port to connections: post a text to one, by API Gateway's management API of the WebSocket API."""

import os
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.side_by_side import AT_ONCE
from functions.kernel.runtime.trial import accepts

SECONDS = 1  # to connect, and to answer: a post is a few milliseconds, and a client that misses one resumes


class GoneError(Exception):
    """The connection has ended."""


class Connections(Protocol):
    """The open connections of clients."""

    def post(self, connection: str, text: str) -> None:
        """Post one text. Raises GoneError where the connection has ended; any other error may pass."""


class ApiGatewayConnections:
    """Connections of a WebSocket API. client: boto3's `apigatewaymanagementapi`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def post(self, connection: str, text: str) -> None:
        """One PostToConnection; 410 is GoneError.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
        """
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=text.encode())
        except ClientError as error:
            if error.response["Error"]["Code"] == "GoneException":
                raise GoneError from error
            raise


def connect() -> Connections:
    """The connections of this stage's WebSocket API, whose https address is LIVE_ENDPOINT."""
    config = Config(
        connect_timeout=SECONDS,
        read_timeout=SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=AT_ONCE,
    )
    client = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["LIVE_ENDPOINT"], config=config)
    return ApiGatewayConnections(budget.guard(client))


connections: Port[Connections] = Port("connections", connect=connect, in_trial=accepts("post"))
