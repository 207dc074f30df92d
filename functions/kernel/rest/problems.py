"""Errors as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from functions.kernel.domain.errors import MallBotsError, UnavailableError
from functions.kernel.rest.wire import write_json

THROTTLES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


class MethodNotAllowedError(MallBotsError):
    """A known path with another method; `allow` holds those that it knows."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, method: str, allow: list[str]) -> None:
        super().__init__(f"this path does not know {method}, only {', '.join(allow)}")
        self.allow = allow


class UnexpectedError(MallBotsError):
    """Stands for an error whose text is not for the client."""


def client_error(error: Exception) -> MallBotsError:
    """The error that a client gets: a use case's own, UnavailableError for AWS's transient ones, or UnexpectedError."""
    if isinstance(error, MallBotsError) and type(error) is not MallBotsError:
        return error
    if _is_transient(error):
        return UnavailableError("something that this needs does not answer now: ask again in a moment")
    return UnexpectedError("something went wrong here; the X-Correlation-Id says which log lines are about it")


def _is_transient(error: Exception) -> bool:
    """Whether AWS throttles, fails or does not answer: a retry may succeed."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in THROTTLES or status >= 500
    return isinstance(error, HTTPClientError | NoConnectionError | ConnectionError | TimeoutError)


def problem(error: MallBotsError, path: str) -> dict[str, Any]:
    """The response for an error of a request for `path`."""
    headers = {"Content-Type": "application/problem+json"}
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MethodNotAllowedError):
        headers["Allow"] = ", ".join(error.allow)
    details = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "instance": quote(path),
        "code": error.code,
        "message": error.message,
    }
    return {"statusCode": error.status, "headers": headers, "body": write_json(details)}
