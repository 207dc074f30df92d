"""A user pool in memory, whose tokens are really signed, and the mall's own tokens as forgers would make them."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from functions.gateway.pool import User
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import KIOSK, STAFF

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool"
POOL_KID = "pool-key-1"
APPS = {STAFF: "app-of-staff", KIOSK: "app-of-kiosks"}


@cache
def rsa_key(number: int = 1) -> RSAPrivateKey:
    """A key as the pool signs with: one for each number, made once for all tests."""
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def jwk(key: RSAPrivateKey, kid: str = POOL_KID) -> dict[str, Any]:
    """The public half of a key, as a member of a JWKS."""
    public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "alg": "RS256", "use": "sig"}


class Pool:
    """The pool. users: those that there are, by name; while it is `down`, it answers nothing. fetches: of its keys."""

    issuer = ISSUER
    clients: Mapping[str, str] = APPS

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.jwks = {POOL_KID: jwk(rsa_key())}
        self.down = self.keys_down = False
        self.fetches = 0

    def has(self, name: str, *groups: str, enabled: bool = True) -> None:
        """Add a user, or change one."""
        self.users[name] = User(f"id-of-{name}", enabled, frozenset(groups))

    def keys(self) -> Mapping[str, Mapping[str, Any]]:
        self.fetches += 1
        if self.keys_down:
            raise ConnectionError("no keys")
        return dict(self.jwks)

    def user(self, username: str) -> User | None:
        if self.down:
            raise ConnectionError("no pool")
        return self.users.get(username)


def pool_claims(name: str, app: str = APPS[STAFF], **more: Any) -> dict[str, Any]:
    """What an access token of the pool says of a user; None takes a claim away."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "sub": f"id-of-{name}",
        "username": name,
        "client_id": app,
        "token_use": "access",
        "iat": now,
        "exp": now + 300,
        **more,
    }
    return {claim: value for claim, value in claims.items() if value is not None}


def pool_token(name: str, app: str = APPS[STAFF], *, kid: str = POOL_KID, **more: Any) -> str:
    """An access token of the pool."""
    return jwt.encode(pool_claims(name, app, **more), rsa_key(), algorithm="RS256", headers={"kid": kid})


def part(value: object) -> str:
    """A part of a token: JSON in base64, or the bytes given."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The header, claims and signature of a token."""
    header, claims, signature = token.split(".")
    said = [json.loads(urlsafe_b64decode(text + "==")) for text in (header, claims)]
    return said[0], said[1], signature


def ed25519(private: Mapping[str, str]) -> Ed25519PrivateKey:
    """The key of a private JWK."""
    return Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(private["d"] + "=="))


def signed(header: object, claims: object, private: Mapping[str, str]) -> str:
    """A token of these parts, whatever they are, which an Ed25519 key of ours signed."""
    told = f"{part(header)}.{part(claims)}"
    return f"{told}.{part(ed25519(private).sign(told.encode()))}"
