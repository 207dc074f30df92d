"""Lists by pages: `limit` and an opaque `next`, signed with the key that all APIs share (container.py reads it)."""

import base64
import hashlib
import hmac
import json
from typing import Annotated, Any

from pydantic import Field

from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest.wire import FromText, Limit, PagedAnswer, Params
from functions.kernel.runtime import runtime
from functions.kernel.runtime.json_text import compact

__all__ = ["Paged", "PagedAnswer", "PagedOrAll", "read", "sign"]

SIGNATURE = 16  # bytes: half of an HMAC-SHA256 cannot be guessed, and keeps URLs short
ALL = 1_000  # rows: the most of a list that is asked for without a limit
WHOLE = f"How many at most; all, up to {ALL:,}, when left out."


class Paged(Params):
    """The query string of a list. `limit` is 1 to 100."""

    limit: Annotated[Limit, FromText] = 50
    next: str | None = None


class PagedOrAll(Params):
    """The query string of a list that published clients read whole: without `limit`, all of it (up to 1,000 rows)."""

    limit: Annotated[int, Field(ge=1, le=100, description=WHOLE), FromText] = Field(default_factory=lambda: ALL)
    next: str | None = None


def sign(after: dict[str, Any] | None, purpose: str) -> str | None:
    """The token for the page after `after` (as a ViewStore gives it); None when there is none.

    purpose: names the list by its route and filters; a token is valid for no other.
    """
    if after is None:
        return None
    content = compact(after).encode()
    return base64.urlsafe_b64encode(_signature(content, purpose) + content).rstrip(b"=").decode()


def read(token: str | None, purpose: str) -> dict[str, Any] | None:
    """Where the page of a token begins; None for the first page. Raises InvalidError for a forged or foreign token."""
    if token is None:
        return None
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        signed = b""
    signature, content = signed[:SIGNATURE], signed[SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(content, purpose)):
        raise InvalidError("next: invalid token: send the previous page's `next` unchanged")
    after: dict[str, Any] = json.loads(content)
    return after


def _signature(content: bytes, purpose: str) -> bytes:
    key = runtime.current().signing_key
    if not key:
        raise RuntimeError("no signing key: this function must be given one before it may answer with pages")
    return hmac.digest(key, purpose.encode() + b"\0" + content, hashlib.sha256)[:SIGNATURE]
