"""Reads who is asking from a request, and judges whether that role may use a route."""

from collections.abc import Collection
from typing import Any

from functions.kernel.domain.errors import ForbiddenError
from functions.kernel.runtime.context import Caller


def caller(event: dict[str, Any]) -> Caller:
    """The caller of a request. There is no authentication yet: every route is open, and nobody has a role."""
    return Caller()


def admit(who: Caller, may: Collection[str]) -> None:
    """Raises ForbiddenError for a role that is not in `may`. A caller without a role is let in: see `caller`."""
    if may and who.role is not None and who.role not in may:
        raise ForbiddenError(f"{' or '.join(sorted(may))} only: the caller is a {who.role}")
