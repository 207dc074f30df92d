"""Ids: random ones for what is new, derived ones for what must get the same id each time it is made.

An Idempotency-Key becomes an id in rest/request.py (Request.cause); what it creates gets its id in runtime/context.py
(Context.new_id).
"""

import hashlib
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from functions.kernel.runtime.bound import Bound

_NAMESPACE = uuid.UUID("6d616c6c-626f-4473-8000-000000000000")
_new: ContextVar[Callable[[], str] | None] = ContextVar("new_id", default=None)


def new() -> str:
    """A fresh UUIDv4."""
    source = _new.get()
    return source() if source else str(uuid.uuid4())


def derive(*parts: object) -> str:
    """The id that these parts always give: a UUIDv5, written here because `uuid.uuid5` takes twice the time."""
    text = "\x1f".join(map(str, parts))
    digest = hashlib.sha1(_NAMESPACE.bytes + text.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in the usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def fixed(source: Callable[[], str]) -> Bound[Callable[[], str]]:
    """Within the block, new ids come from `source`."""
    return Bound(_new, source)
