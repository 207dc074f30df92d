"""One-time codes that are requested or tried at once, or again with the same Idempotency-Key."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from functions.customers import codes, sessions
from functions.customers.phone import Phone
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.vault import RowWrite
from tests.support.callers import A_KIOSK
from tests.support.gateway import Response
from tests.support.promised import promised
from tests.unit.customers import kiosk


class Racing(MemoryEventStore):
    """Before the next commit to a stream, something else happens."""

    def __init__(self, items: MemoryEventStore) -> None:
        super().__init__()
        self.items, self.log, self.vault = items.items, items.log, items.vault
        self.first: Any = None

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        if self.first and commits[0].stream.startswith(Phone.__name__):
            first, self.first = self.first, None
            first()
        super().commit(*commits, beside=beside)


def test_two_requests_with_the_right_code_at_once_open_one_session() -> None:
    kiosk.register()
    code = kiosk.request_code()
    answers: list[Response] = []
    with racing() as store:
        store.first = lambda: answers.append(kiosk.sign_in(code, caller=kiosk.ANOTHER_KIOSK))
        answers.append(kiosk.sign_in(code))
    assert [answer.status for answer in answers] == [200, 403]


def test_wrong_codes_at_once_all_count() -> None:
    kiosk.register()
    code = kiosk.request_code()
    with racing() as store:

        def race(left: int) -> None:
            store.first = (lambda: race(left - 1)) if left else None
            assert kiosk.sign_in(kiosk.wrong(code)).status == 403

        race(4)
    assert sessions.phones.get(codes.phone_id(kiosk.NUMBER)).tries == 5
    assert kiosk.sign_in(code).status == 403


@contextmanager
def racing() -> Iterator[Racing]:
    """Within the block, something else may happen before a commit to a phone's stream."""
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    with active(replace(runtime.current(), store=(raced := Racing(store)))):
        yield raced


def test_a_repeated_request_for_a_code_sends_one() -> None:
    once = {"Idempotency-Key": "once"}
    for _ in range(2):
        assert kiosk.ask("/codes", {"smsNumber": kiosk.NUMBER}, headers=once).status == 200
    assert [message.name for message in promised()] == ["OneTimeCodeRequested"]
    assert kiosk.ask("/codes", {"smsNumber": kiosk.UNKNOWN}, headers=once).status == 422


def test_a_session_whose_answer_was_lost_is_opened_again_by_the_same_request(watch: kiosk.Watch) -> None:
    customer_id = kiosk.register()
    code, once = kiosk.request_code(), {"Idempotency-Key": "once"}
    first = kiosk.sign_in(code, headers=once)
    began = watch.unix
    assert kiosk.sign_in(code, headers=once).body == first.body
    watch.move(minutes=14)
    again = kiosk.claims(kiosk.sign_in(code, headers=once))
    assert (again.id, again.more) == (customer_id, {"began": began})
    assert kiosk.sign_in(code).status == 403, "without the key it is another request"
    assert kiosk.sign_in(code, caller=kiosk.ANOTHER_KIOSK, headers=once).status == 403, (
        "another kiosk's key is another key"
    )
    watch.move(minutes=1)
    assert kiosk.sign_in(code, headers=once).status == 403


def test_a_refused_code_is_refused_again_by_the_same_request() -> None:
    kiosk.register()
    code, once = kiosk.request_code(), {"Idempotency-Key": "once"}
    assert [kiosk.sign_in(kiosk.wrong(code), headers=once).status for _ in range(3)] == [403] * 3
    assert sessions.phones.get(codes.phone_id(kiosk.NUMBER)).tries == 1


def test_a_request_that_stopped_after_it_was_counted_goes_on_when_it_is_repeated() -> None:
    kiosk.register()
    code, once = kiosk.request_code(), {"Idempotency-Key": "once"}

    def stop() -> None:
        raise ConnectionResetError("the table is away")

    with racing() as store:
        store.first = stop
        assert kiosk.sign_in(code, headers=once).status == 503
    assert kiosk.sign_in(code, headers=once).status == 200
    assert len(sessions.kiosks.get(A_KIOSK.id).tries) == 1
