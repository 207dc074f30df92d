"""The public API of a user pool (Amazon Cognito), as a device or a command line calls it: sign in, and refresh.

It needs no AWS credentials.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from clients.credential import Credential

SERVICE = "AWSCognitoIdentityProviderService"
# What the pool says of a refresh token that is never good again; the last is OAuth's word (RFC 6749, 5.2).
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
FINAL = ("NotAuthorizedException", "UserNotFoundException", "RefreshTokenReuseException", "invalid_grant")


class SignInError(Exception):
    """The pool refused; `code` is its word for why. A pool that does not answer raises httpx.HTTPError instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code

    @property
    def is_final(self) -> bool:
        """Whether a refused user must sign in again. Any other refusal, such as TooManyRequestsException, passes."""
        return self.code in FINAL


@dataclass(frozen=True)
class Tokens:
    """An access token, and the refresh token that gets the next. Neither is in its text."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class UserPool:
    """One app of a pool. endpoint: of the service in the pool's region. client_id: the app's."""

    def __init__(self, endpoint: str, client_id: str) -> None:
        self._endpoint, self._client_id = endpoint, client_id

    def sign_in(self, username: str, password: str, new_password: str | None = None) -> Tokens:
        """Sign in by a password; a one-time password is replaced by the new one. Raises SignInError."""
        asked = {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": username, "PASSWORD": password},
        }
        answer = self._call("InitiateAuth", asked)
        challenge = answer.get("ChallengeName")
        if challenge == "NEW_PASSWORD_REQUIRED" and new_password:
            replaced = {
                "ChallengeName": challenge,
                "ChallengeResponses": {"USERNAME": username, "NEW_PASSWORD": new_password},
                "Session": answer["Session"],
            }
            answer = self._call("RespondToAuthChallenge", replaced)
            challenge = answer.get("ChallengeName")
        if challenge:
            raise SignInError(challenge, "the pool asks for more than a password")
        return _tokens(answer)

    def refresh(self, refresh_token: str) -> Tokens:
        """The next tokens. With rotation the refresh token is a new one, too, and the old one ends. Raises SignInError.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
        """
        return _tokens(self._call("GetTokensFromRefreshToken", {"RefreshToken": refresh_token}), refresh_token)

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"{SERVICE}.{operation}"}
        body = {"ClientId": self._client_id, **parameters}
        response = httpx.post(self._endpoint, json=body, headers=headers, timeout=10)
        if response.is_server_error:
            response.raise_for_status()
        answer: dict[str, Any] = response.json()
        if response.is_error:
            raise SignInError(str(answer.get("__type", "")).rpartition("#")[2], str(answer.get("message", "")))
        return answer


def kept_signed_in(pool: UserPool, tokens: Tokens) -> Credential:
    """A device's credential: it renews itself by its refresh token for as long as the user may sign in."""
    newest = [tokens]

    def renew(_: str) -> str:
        newest[:] = [pool.refresh(newest[0].refresh)]
        return newest[0].access

    return Credential(tokens.access, renew)


def _tokens(answer: dict[str, Any], refresh: str = "") -> Tokens:
    result = answer["AuthenticationResult"]
    return Tokens(result["AccessToken"], result.get("RefreshToken", refresh))
