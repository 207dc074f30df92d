"""A user pool in memory, whose tokens are signed as Cognito signs its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from functions.gateway.pool import User
from functions.kernel.runtime.context import KIOSK, STAFF

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Tests"
APPS = {STAFF: "staff-app", KIOSK: "kiosk-app"}


@cache
def private_key(name: str = "pool") -> RSAPrivateKey:
    """A key of that name, the same in one process: to make one takes long."""
    return generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass
class MemoryPool:
    """The pool as the authorizer's port. users: by name. down: whether it answers nothing. fetched: how often keys were."""

    users: dict[str, User] = field(default_factory=dict)
    issuer: str = ISSUER
    clients: Mapping[str, str] = field(default_factory=lambda: dict(APPS))
    down: bool = False
    fetched: int = 0

    def keys(self) -> Mapping[str, Mapping[str, Any]]:
        """The public key, by its id."""
        self.fetched += 1
        self._check()
        public: Any = jwt.algorithms.RSAAlgorithm.to_jwk(private_key().public_key(), as_dict=True)
        return {"pool-key": {**public, "kid": "pool-key", "alg": "RS256", "use": "sig"}}

    def user(self, username: str) -> User | None:
        """Who has the name now."""
        self._check()
        return self.users.get(username)

    def _check(self) -> None:
        if self.down:
            raise ConnectionError("the user pool does not answer")


def access_token(
    username: str, now: int, *, app: str = APPS[STAFF], header: Mapping[str, Any] | None = None, **changed: Any
) -> str:
    """An access token of a user, with changed claims; None leaves one out. now: a Unix time."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": f"{username}-sub",
        "username": username,
        "client_id": app,
        "token_use": "access",
        "scope": "openid",
        "iat": now,
        "exp": now + 300,
    } | changed
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, private_key(), algorithm="RS256", headers={"kid": "pool-key", **(header or {})})
