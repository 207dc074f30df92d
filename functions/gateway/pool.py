"""The user pool (Amazon Cognito), whose users are staff and kiosks: its tokens, and what it says of a user now."""

import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, tokens
from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from functions.kernel.runtime.tokens import InvalidTokenError

ALGORITHM = "RS256"  # of every token of a pool
FETCH = 2  # seconds that the keys may take to come
MOST = 65_536  # bytes of them: a pool has two keys
GROUPS = (OPERATOR, STAFF, KIOSK)  # the first of these that a user is in is the user's role


@dataclass(frozen=True)
class User:
    """A user of the pool, as it is now. id: stays when the name changes. groups: those that the user is in."""

    id: str
    enabled: bool
    groups: frozenset[str]


@dataclass(frozen=True)
class PoolToken:
    """What an access token of the pool says. id: the user's. client: the app's."""

    id: str
    username: str
    client: str


class UserPool(Protocol):
    """The pool, as the authorizer needs it. issuer: of its tokens. clients: each app's id, by the roles it is for."""

    issuer: str
    clients: Mapping[str, str]

    def keys(self) -> Mapping[str, Mapping[str, Any]]:
        """The public keys of the pool, by their ids. Raises whatever the network does."""

    def user(self, username: str) -> User | None:
        """A user; None if there is none of that name."""


class CognitoPool:
    """Amazon Cognito. The keys are read from an address that is the issuer's own, but for the local cloud."""

    def __init__(self, client: Any, pool: str, issuer: str, keys_address: str, clients: Mapping[str, str]) -> None:
        self._client, self._pool, self._keys_address = client, pool, keys_address
        self.issuer, self.clients = issuer, clients

    def keys(self) -> Mapping[str, Mapping[str, Any]]:
        """GET the pool's JWKS."""
        if not self._keys_address.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise UnavailableError(f"keys are read over HTTPS, not from {self._keys_address}")
        with urllib.request.urlopen(self._keys_address, timeout=FETCH) as answer:  # nosec B310  # checked above
            return {key["kid"]: key for key in json.loads(answer.read(MOST))["keys"]}

    def user(self, username: str) -> User | None:
        """Two calls: a user's record does not name the groups."""
        whom = {"UserPoolId": self._pool, "Username": username}
        try:
            record = self._client.admin_get_user(**whom)
            groups = self._client.admin_list_groups_for_user(**whom)
        except self._client.exceptions.UserNotFoundException:
            return None
        attributes = {attribute["Name"]: attribute["Value"] for attribute in record["UserAttributes"]}
        return User(attributes["sub"], record["Enabled"], frozenset(group["GroupName"] for group in groups["Groups"]))


def connect() -> UserPool:
    """The stage's pool. USER_POOL names it, STAFF_CLIENT and KIOSK_CLIENT its apps, POOL_KEYS the keys' address."""
    env = os.environ
    pool, region = env["USER_POOL"], env["AWS_REGION"]
    issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool}"
    base = env.get("POOL_KEYS", "").replace("$AWS_ENDPOINT_URL", env.get("AWS_ENDPOINT_URL", ""))
    address = f"{base}/{pool}/.well-known/jwks.json" if base else f"{issuer}/.well-known/jwks.json"
    client = budget.guard(boto3.client("cognito-idp", config=budget.config()))
    return CognitoPool(client, pool, issuer, address, {STAFF: env["STAFF_CLIENT"], KIOSK: env["KIOSK_CLIENT"]})


def read(token: str, key: Mapping[str, Any], pool: UserPool) -> PoolToken:
    """What an access token of the pool says, if the key (a JWK) signed it and it is valid now.

    Raises InvalidTokenError. Access tokens name no audience, but the app that they were issued to
    (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).
    """
    claims = tokens.verified(token, key, ALGORITHM, pool.issuer)
    if claims.get("token_use") != "access":
        raise InvalidTokenError("the token is not an access token")
    if claims.get("client_id") not in pool.clients.values():
        raise InvalidTokenError("the token was issued to another app")
    if not all(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "username")):
        raise InvalidTokenError("the token names nobody")
    return PoolToken(claims["sub"], claims["username"], claims["client_id"])


def kid_of(token: str) -> str | None:
    """The id of the key that a token says it was signed with; None for one that is not signed as the pool signs.

    Raises InvalidTokenError for what is no token.
    """
    header = tokens.header(token)
    kid = header.get("kid")
    return kid if header.get("alg") == ALGORITHM and isinstance(kid, str) else None


def role(user: User, client: str, pool: UserPool) -> str | None:
    """The role of a user who signed in by an app; None where the app is not for the user's group.

    A kiosk signs in by the kiosk's app, people by the staff's: a password typed at a kiosk makes nobody staff.
    """
    name = next((group for group in GROUPS if group in user.groups), None)
    if name is None:
        return None
    return name if pool.clients[KIOSK if name == KIOSK else STAFF] == client else None
