"""Guards taken out, one at a time: under each, the cases that name it must fail, else they show nothing.

A mutant is a name and a context within which the guard is gone. They patch the mall in memory; a deployment's code is
not changed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import jwt

from functions.depot import service as depot
from functions.fleet import service as fleet
from functions.fleet import signing_requests
from functions.gateway import authorizer, pool
from functions.kernel.domain.errors import ForbiddenError, UnauthenticatedError
from functions.kernel.eventstore import repository
from functions.kernel.messaging import inbox
from functions.kernel.rest import caller, http, request
from functions.kernel.runtime import clock, ownership, tokens
from functions.kernel.runtime.context import STAFF, Caller
from tests.security import cases_of_input as inputs
from tests.security import cases_of_messages as messages
from tests.security import cases_of_robots as robots
from tests.security import cases_of_roles as roles
from tests.security import cases_of_tokens as of_tokens
from tests.security import mutants_of_codes, mutants_of_personal_data
from tests.security import mutants_of_input as of_input
from tests.security.in_memory import InMemory
from tests.support.pool import APPS

Mutant = Callable[[], AbstractContextManager[Any]]


def replaced(where: Any, name: str, by: Any) -> Mutant:
    """A mutant in which a function is another."""
    return lambda: patch.object(where, name, by)


def _admit_all(event: Any, who: Caller, may: Any) -> None:
    if may != caller.OPEN and who.role is None:
        raise UnauthenticatedError(caller.NO_TOKEN)


def _admit_nobody_known(event: Any, who: Caller, may: Any) -> None:
    if who.role is not None and may != caller.OPEN and not who.has(*may):
        raise ForbiddenError("not for you")


def _decoding(**changed: Any) -> Mutant:
    """jwt.decode with other options, and whatever they ask for no longer."""

    @contextmanager
    def mutated() -> Iterator[None]:
        real = jwt.decode

        def decode(token: str, key: Any = "", **given: Any) -> Any:
            given |= {name: value for name, value in changed.items() if name != "options"}
            given["options"] = {**given.get("options", {}), **changed.get("options", {})}
            if given["options"].get("verify_iss") is False:
                given.pop("issuer", None)
            if given["options"].get("verify_aud") is False:
                given.pop("audience", None)
            return real(token, key, **given)

        with patch.object(jwt, "decode", decode):
            yield

    return mutated


@contextmanager
def _any_algorithm() -> Iterator[None]:
    """The token says how it is checked: HS256 with the public key as its secret."""
    real = jwt.decode

    def decode(token: str, key: Any = "", **given: Any) -> Any:
        algorithm = jwt.get_unverified_header(token).get("alg")
        if algorithm == "HS256":
            key = key.public_bytes_raw()
        return real(token, key, **given | {"algorithms": [algorithm]})

    def kid_of(token: str) -> str:
        return str(jwt.get_unverified_header(token).get("kid"))

    with patch.object(jwt, "decode", decode), patch.object(tokens, "kid_of", kid_of):
        yield


@contextmanager
def _unsigned() -> Iterator[None]:
    """Signatures are not looked at, nor is whether the key is known."""

    def kid_of(token: str) -> str:
        return "key-1"

    with patch.object(tokens, "kid_of", kid_of), _decoding(options={"verify_signature": False})():
        yield


@contextmanager
def _lives_for_ever() -> Iterator[None]:
    with patch.dict(tokens.LIVES, {"customer": 10**9, "bot": 10**9}), patch.object(tokens, "LONGEST_LIFE", 10**9):
        yield


@contextmanager
def _any_role() -> Iterator[None]:
    """A token's role is taken as it is, and nobody is asked about roles that no owner has."""
    checks = {"staff": lambda said: None}
    real = authorizer.Authorizer._of_the_mall

    def of_the_mall(self: authorizer.Authorizer, token: str) -> Caller:
        said = jwt.decode(token, options={"verify_signature": False})
        return Caller(said["role"], said["sub"]) if said["role"] in checks else real(self, token)

    with patch.object(authorizer.Authorizer, "_of_the_mall", of_the_mall):
        yield


@contextmanager
def _no_scheme() -> Iterator[None]:
    """A token is taken from wherever it is found."""

    def bearer(headers: dict[str, str]) -> str:
        return headers.get("authorization", "").split(" ")[-1]

    with patch.object(authorizer, "_bearer", bearer):
        yield


def _never_expires(claims: Any) -> None:
    now = clock.now().timestamp()
    if max(claims.get("iat", 0), claims.get("nbf", 0)) > now + 60:
        raise tokens.InvalidTokenError("not yet")


def _never_too_early(claims: Any) -> None:
    if clock.now().timestamp() >= claims.get("exp", 0):
        raise tokens.InvalidTokenError("expired")


@contextmanager
def _owner_not_asked() -> Iterator[None]:
    def everyone(self: Any, username: str) -> pool.User:
        return pool.User(f"id-of-{username}", True, frozenset([STAFF]))

    from tests.support.pool import Pool

    with (
        patch.object(authorizer, "_check_customer", lambda said: None),
        patch.object(Pool, "user", everyone),
    ):
        yield


@contextmanager
def _any_app() -> Iterator[None]:
    with patch.object(pool, "role", lambda user, client, of: next(iter(user.groups), STAFF)):
        yield


@contextmanager
def _anyones() -> Iterator[None]:
    def seen(owner_id: str | None, *, role: str = "customer") -> bool:
        return True

    with patch.object(ownership, "may_see", seen), patch.object(repository, "may_see", seen):
        yield


@contextmanager
def _nothing_required() -> Iterator[None]:
    """A claim that is missing is taken for one that permits."""
    real = tokens.check_times

    def check_times(claims: dict[str, Any]) -> None:
        for name in ("iat", "exp"):
            claims.setdefault(name, int(clock.now().timestamp()) + 1)
        claims.setdefault("sub", "anyone")
        real(claims)

    with _decoding(options={"require": []})(), patch.object(tokens, "check_times", check_times), _owner_not_asked():
        yield


def _decoding_claims(**forced: Any) -> Mutant:
    """Whatever a token says of these claims, it is taken for this."""

    @contextmanager
    def mutated() -> Iterator[None]:
        real = tokens.verified

        def verified(*given: Any, **more: Any) -> dict[str, Any]:
            return {**real(*given, **more), **forced}

        with patch.object(tokens, "verified", verified):
            yield

    return mutated


@contextmanager
def _of_any_length() -> Iterator[None]:
    """A long token is cut to what fits."""
    real, really = tokens.header, tokens.verified

    def cut(token: str) -> str:
        told, _, signature = token.rpartition(".")
        return f"{told}.{signature[:86]}"

    def verified(token: str, *given: Any) -> dict[str, Any]:
        return really(cut(token), *given)

    def header(token: str) -> dict[str, Any]:
        return real(cut(token))

    with patch.object(tokens, "header", header), patch.object(tokens, "verified", verified):
        yield


MUTANTS: dict[str, Mutant] = {
    **mutants_of_codes.MUTANTS,
    **mutants_of_personal_data.MUTANTS,
    robots.KEYS: replaced(signing_requests, "read", lambda pem: signing_requests.SigningRequest(pem, b"")),
    robots.UNKNOWN_ROBOT: replaced(fleet, "is_known", lambda robot_id: None),
    roles.ANOTHERS: _anyones,
    roles.NAMED: _anyones,
    roles.ROLES: replaced(http, "admit", _admit_all),
    roles.NOBODY: replaced(http, "admit", _admit_nobody_known),
    of_tokens.SIGNATURE: _unsigned,
    of_tokens.ALGORITHM: _any_algorithm,
    of_tokens.EXPIRY: replaced(tokens, "check_times", _never_expires),
    of_tokens.FUTURE: replaced(tokens, "check_times", _never_too_early),
    of_tokens.ISSUER: _decoding(options={"verify_iss": False}),
    of_tokens.AUDIENCE: _decoding(options={"verify_aud": False}),
    of_tokens.REQUIRED: _nothing_required,
    of_tokens.LIFE: _lives_for_ever,
    of_tokens.USE: _decoding_claims(token_use="access"),
    of_tokens.CLIENT: _decoding_claims(client_id=APPS[STAFF]),
    of_tokens.LENGTH: _of_any_length,
    inputs.SIZE: replaced(request, "BODY_LIMIT", 10**9),
    inputs.BODIES: of_input.bodies_alike,
    inputs.KEYS: of_input.keys_of_everyone,
    inputs.DEPTH: of_input.any_depth,
    inputs.NUMBERS: of_input.any_number,
    inputs.TEXTS: of_input.any_text,
    inputs.UTF8: of_input.any_bytes,
    inputs.LIMITS: of_input.any_limit,
    inputs.PATHS: of_input.any_path,
    inputs.METHODS: of_input.any_method,
    inputs.LONG_KEYS: of_input.long_keys,
    inputs.UNKNOWN: of_input.price_of_the_client,
    messages.LINES: of_input.lines_of_the_client,
    inputs.PAGES: of_input.any_page,
    inputs.IGNORED: of_input.keys_ignored,
    inputs.METHOD_OF_HEADER: of_input.method_of_header,
    inputs.FILTERS: of_input.any_filter,
    inputs.ORIGINS: of_input.any_origin,
    messages.VERSIONS: of_input.older_rows,
    messages.SENDERS: replaced(inbox, "check_sender", lambda *given: None),
    messages.IAM: replaced(InMemory, "allowed_sources", lambda self, service: ["mallbots.payments"]),
    messages.QUOTES: of_input.logs_quote,
    of_tokens.ROLE_OF_TOKEN: _any_role,
    of_tokens.OWNER: _owner_not_asked,
    of_tokens.GENERATION: replaced(authorizer, "_check_bot", lambda said: None),
    of_tokens.RETIRED: replaced(depot, "token_generation", lambda bot_id: depot.bots.load(bot_id).aggregate.generation),
    of_tokens.BEARER: _no_scheme,
    of_tokens.GROUP: _any_app,
}
