"""Errors become problem details."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from functions.kernel.domain.errors import (
    ConcurrencyError,
    ForbiddenError,
    InvalidError,
    KeyReusedError,
    MallBotsError,
    NotFoundError,
    RefusedError,
    StaleError,
    TooLargeError,
    UnavailableError,
)
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.jar_api import Response, ask
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars")) as runtime:
        yield runtime


def failing(error: Exception) -> Response:
    broken = Api("broken")

    @broken.get("/api/broken", may=OPEN)
    def fail() -> None:
        raise error

    return ask("GET", "/api/broken", api=broken)


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "PutItem",
    )


def cancelled(*reasons: str) -> ClientError:
    """A transaction that DynamoDB cancelled, with the reason for each of its items."""
    response: Any = client_error("TransactionCanceledException").response
    return ClientError(
        {**response, "CancellationReasons": [{"Code": reason} for reason in reasons]}, "TransactWriteItems"
    )


@pytest.mark.parametrize(
    ("error", "status", "title", "code"),
    [
        (InvalidError("why"), 400, "Bad Request", "invalid"),
        (ForbiddenError("why"), 403, "Forbidden", "forbidden"),
        (NotFoundError("why"), 404, "Not Found", "not_found"),
        (RefusedError("why", "sealed"), 409, "Conflict", "refused"),
        (ConcurrencyError("why"), 409, "Conflict", "conflict"),
        (StaleError("why"), 412, "Precondition Failed", "stale"),
        (TooLargeError("why"), 413, None, "too_large"),
        (KeyReusedError("why"), 422, None, "idempotency_key_reused"),
        (UnavailableError("why"), 503, "Service Unavailable", "unavailable"),
    ],
)
def test_an_error_becomes_a_problem_document(error: MallBotsError, status: int, title: str | None, code: str) -> None:
    answer = failing(error)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body == {
        "type": "about:blank",
        "title": title or answer.body["title"],
        "status": status,
        "detail": "why",
        "instance": "/api/broken",
        "code": code,
        "message": "why",
    }


def test_the_instance_of_a_problem_is_a_proper_reference() -> None:
    assert ask("GET", '/api/<é "x">').body["instance"] == "/api/%3C%C3%A9%20%22x%22%3E"


@pytest.mark.parametrize(
    "error",
    [
        KeyError("secret"),
        client_error("ValidationException"),
        cancelled("None", "ValidationError"),
        MallBotsError("secret"),
    ],
)
def test_what_nobody_expected_is_500_and_tells_nothing(error: Exception) -> None:
    answer = failing(error)
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("DisabledException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("RequestLimitExceeded"),
        client_error("TooManyRequestsException", 429),
        client_error("InternalServerError", 500),
        cancelled("None", "ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded", "None"),
        EndpointConnectionError(endpoint_url="https://secret"),
        ConnectTimeoutError(endpoint_url="https://secret"),
        ReadTimeoutError(endpoint_url="https://secret"),
        ConnectionResetError("secret"),
        TimeoutError("secret"),
    ],
)
def test_what_passes_is_503_and_says_when_to_ask_again(error: Exception) -> None:
    answer = failing(error)
    assert (answer.status, answer.headers["Retry-After"], answer.body["code"]) == (503, "2", "unavailable")
    assert "secret" not in answer.text


def test_an_owner_that_is_down_may_say_how_long() -> None:
    assert failing(UnavailableError("stores does not answer", retry_after=30)).headers["Retry-After"] == "30"
