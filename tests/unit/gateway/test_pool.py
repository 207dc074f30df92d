"""The adapter of Amazon Cognito: what it asks, what it makes of the answers, and where it reads the keys."""

import io
import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from functions.gateway import pool as pools
from functions.gateway.pool import CognitoPool, User
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.transient import is_transient
from tests.support.aws import client
from tests.support.pool import jwk, rsa_key

POOL = "eu-central-1_pool"
WHOM = {"UserPoolId": POOL, "Username": "clerk"}
RECORD = {"Username": "clerk", "Enabled": True, "UserAttributes": [{"Name": "sub", "Value": "id-1"}]}
ISSUER = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}"


@pytest.fixture
def cognito() -> Iterator[Stubber]:
    """Cognito: each call must be one that was announced, with exactly these parameters."""
    with Stubber(client("cognito-idp")) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def pool(cognito: Stubber) -> CognitoPool:
    return CognitoPool(cognito.client, POOL, ISSUER, f"{ISSUER}/.well-known/jwks.json", {})


@pytest.mark.parametrize("enabled", [True, False])
def test_a_user_is_shown_with_the_groups_of_now(cognito: Stubber, pool: CognitoPool, enabled: bool) -> None:
    cognito.add_response("admin_get_user", {**RECORD, "Enabled": enabled}, WHOM)
    groups = [{"GroupName": "staff", "UserPoolId": POOL}, {"GroupName": "kiosk", "UserPoolId": POOL}]
    cognito.add_response("admin_list_groups_for_user", {"Groups": groups}, WHOM)
    assert pool.user("clerk") == User("id-1", enabled, frozenset({"staff", "kiosk"}))


def test_a_user_who_is_not_there_or_goes_meanwhile_is_none(cognito: Stubber, pool: CognitoPool) -> None:
    cognito.add_client_error("admin_get_user", "UserNotFoundException", expected_params=WHOM)
    assert pool.user("clerk") is None
    cognito.add_response("admin_get_user", RECORD, WHOM)
    cognito.add_client_error("admin_list_groups_for_user", "UserNotFoundException", expected_params=WHOM)
    assert pool.user("clerk") is None


def test_a_pool_that_throttles_is_not_one_without_the_user(cognito: Stubber, pool: CognitoPool) -> None:
    cognito.add_client_error("admin_get_user", "TooManyRequestsException", http_status_code=400)
    with pytest.raises(ClientError) as throttled:
        pool.user("clerk")
    assert is_transient(throttled.value)


Served = dict[str, Any]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What each address serves; `timeout`: how long the last one might have taken."""
    pages: Served = {}

    def urlopen(address: str, timeout: float) -> io.BytesIO:
        pages["timeout"] = timeout
        return io.BytesIO(pages[address])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return pages


def of(address: str) -> Callable[[], Any]:
    return CognitoPool(None, POOL, ISSUER, address, {}).keys


@pytest.mark.parametrize(
    "address", ["https://cognito.example/jwks", "http://127.0.0.1:4566/jwks", "http://localhost:4566/jwks"]
)
def test_the_keys_are_those_of_the_jwks_by_id(served: Served, address: str) -> None:
    keys = [jwk(rsa_key(1), "one"), jwk(rsa_key(2), "two")]
    served[address] = json.dumps({"keys": keys}).encode()
    assert of(address)() == {"one": keys[0], "two": keys[1]}
    assert served["timeout"] == pools.FETCH


@pytest.mark.parametrize("address", ["http://cognito.example/jwks", "file:///etc/passwd", "ftp://127.0.0.1/x", ""])
def test_keys_are_read_over_https_but_for_the_local_cloud(served: Served, address: str) -> None:
    served[address] = b'{"keys": []}'
    with pytest.raises(UnavailableError):
        of(address)()


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"keys": [{}]}', b'{"keys": [' + b" " * pools.MOST + b"]}"]
)
def test_what_is_no_jwks_or_has_no_end_is_an_error_and_not_a_set_without_keys(served: Served, content: bytes) -> None:
    served["https://cognito.example/jwks"] = content
    with pytest.raises((ValueError, TypeError, KeyError)):
        of("https://cognito.example/jwks")()


@pytest.mark.parametrize(
    ("base", "endpoint", "address"),
    [
        ("", "", f"{ISSUER}/.well-known/jwks.json"),
        ("$AWS_ENDPOINT_URL", "http://127.0.0.1:4566", f"http://127.0.0.1:4566/{POOL}/.well-known/jwks.json"),
    ],
)
def test_the_issuer_is_amazons_and_the_address_of_the_keys_is_a_setting(
    base: str, endpoint: str, address: str, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "USER_POOL": POOL,
        "AWS_REGION": "eu-central-1",
        "STAFF_CLIENT": "app-s",
        "KIOSK_CLIENT": "app-k",
        "POOL_KEYS": base,
        "AWS_ENDPOINT_URL": endpoint,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    served[address] = json.dumps({"keys": [jwk(rsa_key(), "one")]}).encode()
    pool = pools.connect()
    assert (pool.issuer, dict(pool.clients)) == (ISSUER, {"staff": "app-s", "kiosk": "app-k"})
    assert set(pool.keys()) == {"one"}
