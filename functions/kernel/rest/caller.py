"""Reads who is asking from a request, and judges whether that role may use a route.

The authorizer (functions/gateway/authorizer.py) says who; it judges no route. Its answer reaches a function as the
request's context, which no client can write. A request without it has no caller, so a route that was deployed without
the authorizer lets nobody in.
"""

from collections.abc import Collection
from typing import Any, Final

from functions.kernel.domain.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from functions.kernel.runtime.context import ROLES, Caller

OPEN: Final = ("everyone",)  # of a route that asks for no token
NO_TOKEN = "this needs a token: send the header Authorization: Bearer …"  # nosec B105  # no password
UNCHECKED = "unchecked"  # the reason where an owner could not be asked
CACHED = 60  # seconds for which the gateway keeps the authorizer's answer about a token


def caller(event: dict[str, Any]) -> Caller:
    """The caller of a request, as the authorizer named it; without a role when it named nobody."""
    return _named(_told(event))


def _named(told: dict[str, Any]) -> Caller:
    role, id = told.get("role"), told.get("id")
    if role not in ROLES or not isinstance(id, str) or not id:
        return Caller()
    return Caller(role, id, _number(told.get("began")), _number(told.get("generation")))


def socket_caller(event: dict[str, Any]) -> Caller:
    """The caller of a WebSocket API's `$connect`; nothing relies on it for what comes later on the connection.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    """
    return _named(event.get("requestContext", {}).get("authorizer") or {})


def admit(event: dict[str, Any], who: Caller, may: Collection[str]) -> None:
    """Let a caller use a route for the roles `may`; whoever has no role only where it is open.

    Raises UnauthenticatedError, ForbiddenError, and UnavailableError where the authorizer could not check the token.
    """
    if may == OPEN or who.has(*may):
        return
    if who.role is not None:
        raise ForbiddenError(f"{' or '.join(sorted(may))} only: the caller's role is {who.role}")
    reason = _told(event).get("reason") or NO_TOKEN
    if reason == UNCHECKED:
        raise UnavailableError("whether this token is still valid cannot be told now: ask again", retry_after=CACHED)
    raise UnauthenticatedError(str(reason), sent=reason != NO_TOKEN)


def _number(told: object) -> int | None:
    """A whole number that was told as a text."""
    text = str(told)
    return int(text) if text.isascii() and text.isdigit() else None


def _told(event: dict[str, Any]) -> dict[str, Any]:
    """What the authorizer said: the context of its answer (HTTP API, payload 2.0)."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    told = authorizer.get("lambda")
    return told if isinstance(told, dict) else {}
