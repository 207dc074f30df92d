"""Tokens: forged, confused, expired, revoked, and made for something else."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.security.cases import Case, as_, claims_of_ada, with_token
from tests.security.world import World

SIGNATURE = "signatures are not checked"
ALGORITHM = "the algorithm is the token's own choice"
EXPIRY = "nothing expires"
FUTURE = "nothing is of the future"
ISSUER = "any issuer will do"
AUDIENCE = "any audience will do"
REQUIRED = "claims may be missing"
LIFE = "a token may live for ever"
ROLE_OF_TOKEN = "a token may name any role"
OWNER = "whether its owner still may act is not asked"
GENERATION = "a robot's older tokens are not revoked"
RETIRED = "a retired robot's tokens are not refused"
USE = "an ID token is an access token"
CLIENT = "any app's tokens will do"
GROUP = "any app is for any group"
LENGTH = "a token may be of any length"
BEARER = "a token may come without its scheme"

POOL_KEY = "nobody outside has the user pool's private key"


def forged(*, key: str = "own", header: Mapping[str, Any] | None = None, **changed: Any) -> Callable[[World], str]:
    """A session of Ada's with changed claims; values that are functions are given the time."""

    def make(world: World) -> str:
        now = world.now()
        claims = {name: value(now) if callable(value) else value for name, value in changed.items()}
        return world.sign(claims_of_ada(world, **claims), key=key, header=header)

    return make


def tampered(**changed: Any) -> Callable[[World], str]:
    """Ada's own session with other claims under the old signature."""

    def make(world: World) -> str:
        head, body, signature = world.scene.tokens["ada"].split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        claims |= {name: world.scene.ids.get(str(value), value) for name, value in changed.items()}
        text = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        return f"{head}.{text}.{signature}"

    return make


def of_pool(*, header: Mapping[str, Any] | None = None, **changed: Any) -> Callable[[World], str]:
    """An access token of the clerk's with changed claims; None leaves one out."""

    def make(world: World) -> str:
        now = world.now()
        claims = {name: value(now) if callable(value) else value for name, value in changed.items()}
        return world.sign_for_pool(claims, header=header)

    return make


STAFF_ROUTE = ("GET", "/api/notifications?customerId={bob}")


def of_ada(name: str, guard: str, make: Callable[[World], str]) -> Case:
    return Case(f"a session {name}", (401,), guard, with_token(make))


def of_staff(name: str, guard: str, make: Callable[[World], str]) -> Case:
    return Case(f"a clerk's token {name}", (401,), guard, with_token(make, *STAFF_ROUTE), memory_only=POOL_KEY)


OWN = (
    of_ada("with the algorithm none", SIGNATURE, forged(key="none")),
    of_ada("with the algorithm HS256 and the public key as its secret", ALGORITHM, forged(key="public")),
    of_ada("signed with another key under the mall's key id", SIGNATURE, forged(key="other")),
    of_ada("with a path in its key id", SIGNATURE, forged(key="other", header={"kid": "../../dev/null"})),
    of_ada("with SQL in its key id", SIGNATURE, forged(key="other", header={"kid": "x' OR '1'='1"})),
    of_ada(
        "that brings its own key (jwk)",
        SIGNATURE,
        forged(key="other", header={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}),
    ),
    of_ada(
        "that says where its key is (jku)", SIGNATURE, forged(key="other", header={"jku": "https://example.org/keys"})
    ),
    of_ada(
        "that says where its certificate is (x5u)",
        SIGNATURE,
        forged(key="other", header={"x5u": "https://example.org/x5"}),
    ),
    of_ada("that has expired", EXPIRY, forged(iat=lambda now: now - 1_000, exp=lambda now: now - 100)),
    of_ada("that never expires", REQUIRED, forged(exp=None)),
    of_ada("that lives for a year", LIFE, forged(exp=lambda now: now + 365 * 86_400)),
    of_ada("that is not valid yet", FUTURE, forged(nbf=lambda now: now + 3_600)),
    of_ada("that was issued in the future", FUTURE, forged(iat=lambda now: now + 700, exp=lambda now: now + 800)),
    of_ada("for another audience", AUDIENCE, forged(aud="another")),
    of_ada("of another stage", ISSUER, forged(iss="mallbots-another")),
    of_ada("with other claims under the old signature", SIGNATURE, tampered(sub="bob")),
    of_ada("that says it is of staff", ROLE_OF_TOKEN, forged(role="staff")),
    of_ada("that names nobody", REQUIRED, forged(sub=None)),
    Case(
        "a robot's token read as a customer's",
        (403,),
        "roles are not judged",
        as_("bot", "GET", "/api/baskets/{adas_basket}"),
    ),
    Case(
        "a session without the scheme Bearer",
        (401,),
        BEARER,
        lambda world: world.send(
            "GET", world.scene.path("/api/baskets/{adas_basket}"), headers={"authorization": world.scene.tokens["ada"]}
        ),
    ),
    Case(
        "a session in the query string",
        (401,),
        "nobody is somebody",
        lambda world: world.send(
            "GET", world.scene.path("/api/baskets/{adas_basket}?access_token=") + world.scene.tokens["ada"]
        ),
    ),
    Case(
        "a session as Basic credentials",
        (401,),
        BEARER,
        lambda world: world.send(
            "GET",
            world.scene.path("/api/baskets/{adas_basket}"),
            headers={"authorization": "Basic " + world.scene.tokens["ada"]},
        ),
    ),
    Case(
        "a token that is made up, and behind it a session",
        (401,),
        BEARER,
        lambda world: world.send(
            "GET",
            world.scene.path("/api/baskets/{adas_basket}"),
            headers={"authorization": "Bearer made.up.token, Bearer " + world.scene.tokens["ada"]},
        ),
    ),
    Case(
        "a session of 20,000 characters",
        (400, 401, 431),
        LENGTH,
        with_token(lambda world: world.scene.tokens["ada"] + "A" * 20_000),
    ),
    Case(
        "the session of a customer who was erased",
        (401,),
        OWNER,
        with_token(lambda world: world.scene.tokens["erased"], "GET", "/api/stores"),
    ),
    Case(
        "the session of a customer who was disabled",
        (401,),
        OWNER,
        with_token(lambda world: world.scene.tokens["disabled"], "GET", "/api/stores"),
    ),
    Case(
        "a robot's token that staff replaced",
        (401,),
        GENERATION,
        with_token(lambda world: world.scene.tokens["replaced"], "PUT", "/api/depot/bots/{replaced}/online"),
    ),
    Case(
        "the token of a robot that was retired",
        (401,),
        RETIRED,
        with_token(lambda world: world.scene.tokens["retired"], "GET", "/api/depot/shopping"),
    ),
    Case(
        "a session of a customer who never was",
        (401,),
        OWNER,
        with_token(forged(sub="00000000-0000-4000-8000-000000000000"), "GET", "/api/stores"),
    ),
)

POOL = (
    Case(
        "the ID token of a clerk", (401,), USE, with_token(lambda world: world.scene.tokens["staff id"], *STAFF_ROUTE)
    ),
    Case(
        "the token of a clerk who was disabled",
        (401,),
        OWNER,
        with_token(lambda world: world.scene.tokens["disabled staff"], *STAFF_ROUTE),
    ),
    of_staff("that has expired", EXPIRY, of_pool(iat=lambda now: now - 1_000, exp=lambda now: now - 100)),
    of_staff("without an expiry", REQUIRED, of_pool(exp=None)),
    of_staff("of another pool", ISSUER, of_pool(iss="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Another")),
    of_staff("of another app", CLIENT, of_pool(client_id="another-app")),
    of_staff(
        "that names a group which the clerk is not in any more",
        GROUP,
        of_pool(header=None, **{"username": "dismissed", "sub": "id-of-dismissed", "cognito:groups": ["staff"]}),
    ),
    of_staff("that was got at a kiosk", GROUP, of_pool(client_id="app-of-kiosks")),
    of_staff("that is not valid yet", FUTURE, of_pool(nbf=lambda now: now + 3_600)),
    of_staff(
        "signed with another key under the pool's key id", SIGNATURE, lambda world: world.sign_for_pool({}, key="other")
    ),
)

CASES = (*OWN, *POOL)
