"""Guards taken out, one at a time: under each, the cases that name it must fail, else they show nothing.

A mutant is a name and a context within which the guard is gone. They patch the mall in memory; a deployment's code is
not changed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import jwt

from functions.gateway import authorizer, pool
from functions.kernel.domain.errors import ForbiddenError, UnauthenticatedError
from functions.kernel.rest import caller
from functions.kernel.runtime import clock, ownership, tokens
from functions.kernel.runtime.context import STAFF, Caller
from tests.security import cases_of_roles as roles
from tests.security import cases_of_tokens as of_tokens

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
