"""The authorizer: says who is asking, for the HTTP API and for WebSocket. It judges no route.

On the HTTP API it always answers `isAuthorized: true`, with a role or with why there is none, so that the kernel
answers a bad token with 401 as problem details; alone, the gateway would answer 403, and 500 if this raised. The
gateway keeps an answer for 60 seconds by its token, so whatever is revoked counts after that.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from collections.abc import Collection
from typing import Any

import jwt  # noqa: F401  # every token needs it, and Lambda gives a full vCPU while it initialises the function

from events.queries import FindBotCredential, FindCustomerStatus
from functions.gateway import pool as pools
from functions.gateway.known_keys import KnownKeys
from functions.gateway.published_keys import connect
from functions.kernel.messaging.queries import Ask
from functions.kernel.rest.caller import NO_TOKEN, UNCHECKED
from functions.kernel.runtime import observe, tokens
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF, Caller
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.tokens import InvalidTokenError

PROTOCOL = "mallbots.v1"  # the WebSocket subprotocol; a browser can send a token in no other header
MAY_CONNECT = (OPERATOR, STAFF)
ROLES = (*MAY_CONNECT, KIOSK, CUSTOMER, BOT)
STAFF_ALONE = "only staff and operators may connect"
SCHEMES = ("Bearer", "bearer")

pool: Port[pools.UserPool] = Port("user_pool", connect=pools.connect)
published_keys = Port("published_keys", connect=connect)
find_customer_status = Ask(FindCustomerStatus)
find_bot_credential = Ask(FindBotCredential)


class Authorizer:
    """The function's state: the public keys that it knows."""

    def __init__(self) -> None:
        self._pool_keys = KnownKeys(lambda: pool().keys())
        self._own_keys = KnownKeys(lambda: tokens.public_keys(published_keys().read()))

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer the gateway: an HTTP API's request (payload 2.0), or a WebSocket's $connect. Raises nothing."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        socket = "methodArn" in event
        try:
            token = _subprotocol(headers) if socket else _bearer(headers)
            who, reason = self.identify(token, MAY_CONNECT if socket else ROLES), ""
        except InvalidTokenError as error:
            who, reason = Caller(), str(error)
        except Exception as error:  # an owner that is down, a network that is: nobody is let in by a guess
            observe.log_error("a token could not be checked", error)
            who, reason = Caller(), UNCHECKED
        told = _told(who) if who.role else {"reason": reason}
        return _policy(event["methodArn"], who, told) if socket else {"isAuthorized": True, "context": told}

    def identify(self, token: str, roles: Collection[str]) -> Caller:
        """Who has a token, if it is valid and its owner still may act. Raises InvalidTokenError, UnavailableError.

        roles: no owner is asked about a token that is of none of them. What WebSocket is asked is not cached, and the
        limits of Cognito are the account's: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
        """
        kid = pools.kid_of(token)
        if kid is not None:
            return self._of_the_pool(token, kid, roles)
        if CUSTOMER not in roles:
            raise InvalidTokenError(STAFF_ALONE)
        return self._of_the_mall(token)

    def _of_the_pool(self, token: str, kid: str, roles: Collection[str]) -> Caller:
        key = self._pool_keys.find(kid)
        if key is None:
            raise InvalidTokenError("the token is signed with a key that the user pool does not have")
        said = pools.read(token, key, pool())
        if KIOSK not in roles and said.client == pool().clients[KIOSK]:
            raise InvalidTokenError(STAFF_ALONE)
        user = pool().user(said.username)
        if user is None or not user.enabled or user.id != said.id:  # of one name there may be another user by now
            raise InvalidTokenError("this user may not sign in any more")
        role = pools.role(user, said.client, pool())
        if role is None:
            raise InvalidTokenError("this user has no role here")
        return Caller(role, said.id)

    def _of_the_mall(self, token: str) -> Caller:
        key = self._own_keys.find(tokens.kid_of(token))
        if key is None:
            raise InvalidTokenError("the token is signed with a key that the mall does not have")
        said = tokens.read(token, key)
        check = {CUSTOMER: _check_customer, BOT: _check_bot}[said.role]
        check(said)
        began, generation = (_whole(said.more.get(name)) for name in ("began", "generation"))
        return Caller(said.role, said.id, began, generation)


def _told(who: Caller) -> dict[str, Any]:
    """What the kernel is to know of a caller; texts alone, which every kind of API passes on as they are."""
    more = {"began": who.began, "generation": who.generation}
    return {"role": who.role, "id": who.id, **{name: str(said) for name, said in more.items() if said is not None}}


def _whole(said: object) -> int | None:
    return said if type(said) is int else None


def _check_customer(said: tokens.Claims) -> None:
    customer = find_customer_status.or_none(customer_id=said.id)
    if customer is None or not customer.enabled:
        raise InvalidTokenError("this customer's sessions have ended")


def _check_bot(said: tokens.Claims) -> None:
    bot = find_bot_credential.or_none(bot_id=said.id)
    if bot is None:
        raise InvalidTokenError("this robot is not registered any more")
    if said.more.get("generation") != bot.generation:
        raise InvalidTokenError("this robot's token was replaced by staff")


def _bearer(headers: dict[str, str]) -> str:
    """The token of a header `Bearer <token>`.

    One space, no more, and two spellings of the scheme, not 64: the gateway keeps an answer by the header as it was
    sent, so in as many forms as one likes one token would make as many calls of Cognito, whose limit is the account's.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme not in SCHEMES or not token or token != token.strip():
        raise InvalidTokenError(NO_TOKEN)
    return token  # several values come joined by commas, which no token has


def _subprotocol(headers: dict[str, str]) -> str:
    offered = [part.strip() for part in headers.get("sec-websocket-protocol", "").split(",")]
    if len(offered) != 2 or offered[0] != PROTOCOL:
        raise InvalidTokenError(f"connect with the subprotocols {PROTOCOL} and the token")
    return offered[1]


def _policy(arn: str, who: Caller, told: dict[str, Any]) -> dict[str, Any]:
    """The IAM policy that a WebSocket's $connect needs: for this one request, never cached."""
    effect = "Allow" if who.role in MAY_CONNECT else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": who.actor, "policyDocument": policy, "context": told}


authorizer = Authorizer()
