"""A kiosk in these tests: it registers customers, requests codes and opens sessions, at a time that tests move."""

from datetime import UTC, datetime, timedelta
from typing import Any

from functions.customers import codes, sessions
from functions.customers.api import api
from functions.customers.inbox import inbox
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime, tokens
from functions.kernel.runtime.context import KIOSK, Caller
from functions.kernel.runtime.tokens import Claims
from tests.support.callers import A_KIOSK
from tests.support.gateway import Response, request
from tests.support.promised import hand_over, promised
from tests.support.runtime import TOKEN_KEY

NUMBER = "+1 555 0100"
UNKNOWN = "+1 555 0199"
ANOTHER_KIOSK = Caller(KIOSK, "kiosk-2")


class Watch:
    """The time of these tests, which they move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 14, 9, tzinfo=UTC)

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)

    @property
    def unix(self) -> int:
        return int(self.now.timestamp())


def ask(path: str, body: Any = None, caller: Caller = A_KIOSK, headers: dict[str, str] | None = None) -> Response:
    return request(api, "POST", f"/api/customers{path}", body or {}, headers, caller)


def register(number: str = NUMBER, caller: Caller = A_KIOSK) -> str:
    customer_id: str = ask("", {"name": "Ada Reyes", "smsNumber": number}, caller).body["id"]
    hand_over(inbox, promised())
    return customer_id


def index() -> None:
    """Deliver every message to the service again, in the order of their making."""
    hand_over(inbox, promised())


def request_code(number: str = NUMBER, caller: Caller = A_KIOSK) -> str:
    """Request a code; returns the one that would be sent."""
    answer = ask("/codes", {"smsNumber": number}, caller)
    assert (answer.status, answer.body) == (200, {}), answer
    phone_id = codes.phone_id(number)
    return codes.code(phone_id, sessions.phones.get(phone_id).request)


def sign_in(code: str, number: str = NUMBER, caller: Caller = A_KIOSK, **more: Any) -> Response:
    return ask("/sessions", {"smsNumber": number, "code": code}, caller, **more)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def claims(answer: Response) -> Claims:
    assert answer.status == 200, answer
    return tokens.read(answer.body["token"], TOKEN_KEY.public)


def told(answer: Response) -> tuple[int, Any]:
    """What a client sees of an answer, but for the ids of this one request."""
    return answer.status, {name: value for name, value in answer.body.items() if name != "instance"}


def commits() -> int:
    """How many commits there are."""
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    return len(store.log)
