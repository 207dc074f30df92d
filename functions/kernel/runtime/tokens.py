"""The mall's own tokens: a customer's session and a robot's credential, as signed JSON Web Tokens (RFC 7519).

Staff and kiosks have tokens of the user pool instead. A token here names a role and the one customer or robot that it
is for; the key that signed it by `kid`. The algorithm is fixed: a token cannot choose how it is checked. The library
is imported when it is first needed, since few functions sign, and it takes as long as half of the others.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, runtime, token_keys
from functions.kernel.runtime.context import BOT, CUSTOMER
from functions.kernel.runtime.token_keys import LEEWAY, LONGEST_LIFE

ALGORITHM = "EdDSA"
AUDIENCE = "mallbots"
TYPE = "at+jwt"  # RFC 9068, 2.1: a token of another kind, signed with the same key, would be none of these
LONGEST = 4_096  # characters of a token; the pool's have about 1,000, ours under 500
NO_JWT = "the token is not a JSON Web Token"
SESSION = 900  # seconds
CREDENTIAL = LONGEST_LIFE  # seconds
LIVES = {CUSTOMER: SESSION, BOT: CREDENTIAL}

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")  # RFC 7515, 3.1; alg none signs nothing


class InvalidTokenError(Exception):
    """A token proves nothing; the text says why, for the one who sent it."""


@dataclass(frozen=True)
class Issued:
    """A token, and when it expires (RFC 3339)."""

    token: str
    expires_at: str


@dataclass(frozen=True)
class Claims:
    """What a token says. role, id: whom it is for. more: what the issuer added, such as a robot's generation."""

    role: str
    id: str
    issued: int
    more: Mapping[str, Any]


def issuer() -> str:
    """Who issues the tokens of this stage: those of another stage are foreign."""
    return f"mallbots-{runtime.current().setting('STAGE')}"


def issue(role: str, id: str, **more: int | str) -> Issued:
    """A token for one customer or robot, for the time that its role has. Raises UnavailableError without a key."""
    import jwt

    now = int(clock.now().timestamp())
    key = token_keys.signer(token_keys.read(runtime.current().token_keys()), now)
    if key is None:
        raise UnavailableError("there is no key yet that signs tokens: ask again in a minute", retry_after=60)
    expires = now + LIVES[role]
    claims = {"iss": issuer(), "aud": AUDIENCE, "sub": id, "role": role, "iat": now, "exp": expires, "more": more}
    private = jwt.PyJWK(key.private, algorithm=ALGORITHM).key
    token = jwt.encode(claims, private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})
    return Issued(token, clock.stamp(datetime.fromtimestamp(expires, UTC)))


def kid_of(token: str) -> str:
    """The id of the key that a token says it was signed with, not checked yet. Raises InvalidTokenError."""
    said = header(token)
    kid = said.get("kid")
    if said.get("alg") != ALGORITHM or not isinstance(kid, str):
        raise InvalidTokenError("the token is not signed as the mall signs its own")
    return kid


def header(token: str) -> dict[str, Any]:
    """The header of a token, not checked yet: it says which key to look up, and nothing else of it is used.

    Raises InvalidTokenError. An address of keys (jku, x5u) or a key (jwk, x5c) in it is never followed; what it calls
    critical is not understood (RFC 7515, 4.1.11).
    """
    import jwt

    if len(token) > LONGEST:
        raise InvalidTokenError("the token is too long")
    if not _COMPACT.fullmatch(token):
        raise InvalidTokenError(NO_JWT)
    try:
        said: dict[str, Any] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidTokenError(NO_JWT) from error
    if "crit" in said or "b64" in said:
        raise InvalidTokenError("the token calls something critical that is not understood here")
    return said


def read(token: str, public: Mapping[str, Any]) -> Claims:
    """What a token says, if the key (a JWK) signed it and it is valid now. Raises InvalidTokenError."""
    if header(token).get("typ") != TYPE:
        raise InvalidTokenError("the token is not one that the mall issues")
    claims = verified(token, public, ALGORITHM, issuer(), AUDIENCE)
    role, id, more = claims.get("role"), claims["sub"], claims.get("more", {})
    if not isinstance(role, str) or role not in LIVES or not id or not isinstance(more, dict):
        raise InvalidTokenError("the token names nobody")
    if claims["exp"] - claims["iat"] > LIVES[role]:
        raise InvalidTokenError("the token is valid for longer than any that the mall issues")
    return Claims(role, id, claims["iat"], more)


def verified(
    token: str, public: Mapping[str, Any], algorithm: str, issuer: str, audience: str | None = None
) -> dict[str, Any]:
    """The claims of a token, if the key (a JWK) signed it by this algorithm, for this audience, and it is valid now.

    Raises InvalidTokenError, whose text is ours: the library's may quote the key or the token.
    """
    import jwt

    options: Any = {
        "require": ["iss", "sub", "iat", "exp", *(["aud"] if audience else [])],
        "strict_aud": True,
        "verify_aud": audience is not None,
        "verify_exp": False,  # times are judged by our own clock, below
        "verify_iat": False,
        "verify_nbf": False,
    }
    try:
        key = jwt.PyJWK(dict(public), algorithm=algorithm).key
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], audience=audience, issuer=issuer, options=options
        )
    except jwt.MissingRequiredClaimError as error:
        raise InvalidTokenError(f"the token has no {error.claim}") from error
    except (jwt.InvalidIssuerError, jwt.InvalidAudienceError) as error:
        raise InvalidTokenError("the token is from or for somebody else") from error
    except jwt.InvalidSignatureError as error:
        raise InvalidTokenError("the token's signature does not fit") from error
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidTokenError(NO_JWT) from error
    check_times(claims)
    return claims


def check_times(claims: Mapping[str, Any]) -> None:
    """Raises InvalidTokenError for a token that has expired, or is of the future; clocks may differ by a minute."""
    now = clock.now().timestamp()
    times = {name: claims.get(name, 0) for name in ("exp", "iat", "nbf")}
    if not all(isinstance(time, int) and not isinstance(time, bool) for time in times.values()):
        raise InvalidTokenError("the token's times are not whole seconds")
    if now >= times["exp"]:
        raise InvalidTokenError("the token has expired")
    if max(times["iat"], times["nbf"]) > now + LEEWAY:
        raise InvalidTokenError("the token is not valid yet")
    if times["exp"] - times["iat"] > LONGEST_LIFE:
        raise InvalidTokenError("the token is valid for too long")


def public_keys(text: str) -> dict[str, dict[str, Any]]:
    """The keys of a JWKS by their ids; none for what is not one."""
    try:
        found: Any = json.loads(text)
        return {key["kid"]: key for key in found["keys"]}
    except (ValueError, TypeError, KeyError):
        return {}
