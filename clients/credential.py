"""Tokens that renew themselves, for everyone who calls the mall."""

import base64
import json
import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

RENEWED_AT = 0.8  # of its life: early enough for a request that is retried


class Credential:
    """A token; `renew` gives the next one from the last, and is called before a token expires, or once it is refused.

    Without `renew` it is the same token for ever. It may be used by several threads. What it holds is secret: nothing
    here prints or logs it.
    """

    def __init__(self, token: str, renew: Callable[[str], str] | None = None) -> None:
        self._token, self._renew = token, renew
        self._due = _renewal_of(token)
        self._renewing = Lock()

    def token(self) -> str:
        """The token to send now. Raises what `renew` raises."""
        with self._renewing:
            if self._renew and time.time() >= self._due:
                self._replace(self._renew)
            return self._token

    def after(self, refused: str) -> str | None:
        """The token to send after one was refused; None where there is no other.

        Of several threads whose token was refused at once, one renews it. Raises what `renew` raises.
        """
        if not self._renew:
            return None
        with self._renewing:
            if self._token == refused:
                self._replace(self._renew)
            return self._token

    def _replace(self, renew: Callable[[str], str]) -> None:
        self._token = renew(self._token)
        self._due = _renewal_of(self._token)


def claims(token: str) -> dict[str, Any]:
    """What a token says, not checked: whoever is to believe it must do that. Nothing for what is not a JWT."""
    try:
        payload = token.split(".")[1]
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError):
        return {}
    return said


def _renewal_of(token: str) -> float:
    """When to renew a token (a Unix time), by the times that it names; never for one that names none."""
    said = claims(token)
    if not {"iat", "exp"} <= said.keys():
        return math.inf
    return float(said["iat"] + RENEWED_AT * (said["exp"] - said["iat"]))


NOBODY = Credential("")
