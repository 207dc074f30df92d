"""Guards of one-time codes and sessions, taken out."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from functions.customers import phone, sessions
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.runtime import tokens
from tests.security import cases_of_codes as codes


def _any_code(self: phone.Phone, given: str, expected: str, now: int) -> bool:
    self.record(phone.CodeUsed())
    return True


@contextmanager
def _answers_tell() -> Iterator[None]:
    """A number that nobody has is not found."""
    requested, opened = sessions.request_code, sessions.open_session_by_code

    def known(number: str) -> None:
        if number.startswith(codes.NOBODYS):
            raise NotFoundError("nobody has this number")

    def request_code(number: str) -> None:
        known(number)
        requested(number)

    def open_session_by_code(number: str, code: str) -> Any:
        known(number)
        return opened(number, code)

    with patch.multiple(sessions, request_code=request_code, open_session_by_code=open_session_by_code):
        yield


def _anyones_session(customer_id: str, kiosk_id: str) -> tokens.Issued:
    return tokens.issue("customer", customer_id, began=0)


MUTANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    codes.ANY: partial(patch.object, phone.Phone, "try_code", _any_code),
    codes.TRIES: partial(patch.object, phone, "TRIES", 10**9),
    codes.ONCE: partial(patch.object, phone.Phone, "has_valid_code", lambda self, now: True),
    codes.LIFE: partial(patch.object, phone, "LIFE", 10**9),
    codes.TELLS: _answers_tell,
    codes.BY_PHONE: partial(patch.object, phone, "REQUESTS", phone.KIOSK_REQUESTS),
    codes.BY_KIOSK: partial(patch.object, phone, "KIOSK_REQUESTS", ((10**6, 1),)),
    codes.TRIED: partial(patch.object, phone, "KIOSK_TRIES", ((10**6, 1),)),
    codes.KIOSKS: partial(patch.object, sessions, "_first", _anyones_session),
    codes.JUST: partial(patch.object, sessions, "JUST_REGISTERED", timedelta(days=9)),
    codes.RENEWAL: partial(patch.object, sessions, "LONGEST", 10**9),
}
