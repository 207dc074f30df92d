"""Errors as problem details (RFC 9457). The HTTP status of each error is in kernel/domain/errors.py."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from functions.kernel.domain.errors import MallBotsError, TooManyError, UnauthenticatedError, UnavailableError
from functions.kernel.rest.wire import write_json
from functions.kernel.runtime.transient import is_transient

# HTTP status → the code of gRPC that says the same: https://grpc.io/docs/guides/status-codes/
GRPC_CODES = {
    400: 3,  # INVALID_ARGUMENT
    401: 16,  # UNAUTHENTICATED
    403: 7,  # PERMISSION_DENIED
    404: 5,  # NOT_FOUND
    405: 12,  # UNIMPLEMENTED
    409: 9,  # FAILED_PRECONDITION
    412: 9,  # FAILED_PRECONDITION
    413: 8,  # RESOURCE_EXHAUSTED
    422: 3,  # INVALID_ARGUMENT
    429: 8,  # RESOURCE_EXHAUSTED
    500: 13,  # INTERNAL
    503: 14,  # UNAVAILABLE
}


class MethodNotAllowedError(MallBotsError):
    """A known path with another method; `allow` holds those that it knows."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, method: str, allow: list[str]) -> None:
        super().__init__(f"{method} is not allowed here, only {', '.join(allow)}")
        self.allow = allow


class UnexpectedError(MallBotsError):
    """Stands for an error whose text is not for the client."""


def client_error(error: Exception) -> MallBotsError:
    """The error that a client gets: a use case's own, UnavailableError for AWS's transient ones, or UnexpectedError."""
    if isinstance(error, MallBotsError) and type(error) is not MallBotsError:
        return error
    if is_transient(error):
        return UnavailableError("something that this needs does not answer now: ask again in a moment")
    return UnexpectedError("something went wrong here; the X-Correlation-Id says which log lines are about it")


def problem(error: MallBotsError, path: str, accept: str = "") -> dict[str, Any]:
    """The response for an error of a request for `path`, in the form that its Accept header asks for.

    Published clients name application/json and not application/problem+json: they get the same members as
    application/json, with `code` the gRPC number and `details` empty.
    """
    plain = _names_json_alone(accept)
    headers = {"Content-Type": "application/json" if plain else "application/problem+json", "Vary": "Accept"}
    if isinstance(error, UnavailableError | TooManyError):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'  # RFC 6750, 3
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
    if plain:
        details |= {"code": GRPC_CODES[error.status], "details": []}
    return {"statusCode": error.status, "headers": headers, "body": write_json(details)}


def _names_json_alone(accept: str) -> bool:
    """Whether an Accept header names application/json and not application/problem+json; ranges name neither."""
    named = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return "application/json" in named and "application/problem+json" not in named
