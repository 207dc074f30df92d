"""What was stored before customers had keys is sealed while they change and are erased, and whatever stops it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.customers import codes, keys, migration, service
from functions.customers.domain import Customer
from functions.customers.service import Personal
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.vault import RowWrite
from tests.support.runtime import memory_runtime
from tests.unit.customers.before_keys import ADA, all_text, commits_in_plain, seal_all, store

ADAS_PHONE = "+1 555 0101"
ADAS = Personal("Ada Reyes", ADAS_PHONE)


def personal(customer_id: str) -> Personal:
    return service.personal(service.customer(customer_id))


def customers_with(number: str) -> list[str]:
    return list(keys.customers_with(codes.phone_id(number)))


class Meanwhile(MemoryEventStore):
    """A store in which something happens before a commit is rewritten; then it may fail."""

    def __init__(self, held: MemoryEventStore) -> None:
        super().__init__()
        self.items, self.log, self.vault = held.items, held.log, held.vault
        self.happens: list[Callable[[], object]] = []

    def rewrite(self, commit: Commit, last: int, beside: Any = ()) -> None:
        if self.happens:
            self.happens.pop(0)()
        super().rewrite(commit, last, beside)


@pytest.fixture(autouse=True)
def meanwhile() -> Iterator[Meanwhile]:
    busy = Meanwhile(store())
    with active(memory_runtime("customers", store=busy)):
        yield busy


def seal_until_done(stream: str) -> int:
    """As the queue does; returns how often it was tried."""
    for tries in range(1, 20):
        try:
            migration.seal(stream)
        except (ConcurrencyError, OSError):
            continue
        return tries
    raise AssertionError("it is never done")


def nothing() -> None:
    """Let this one pass."""


COMMANDS: dict[str, tuple[Callable[[], object], str | None, list[str]]] = {
    "changes the number": (lambda: service.change_sms_number(ADA, "+1 555 0109"), "+1 555 0109", ["+1 555 0109"]),
    "changes the language": (lambda: service.change_language(ADA, "en"), ADAS_PHONE, [ADAS_PHONE]),
    "is disabled": (lambda: service.disable(ADA), ADAS_PHONE, [ADAS_PHONE]),
    "is erased": (lambda: service.erase(ADA), None, []),
    "is sealed by another run": (lambda: migration.seal(Customer.stream(ADA)), ADAS_PHONE, [ADAS_PHONE]),
}


@pytest.mark.parametrize("passed", range(3))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_customer_who_changes_meanwhile_loses_nothing_and_keeps_nothing_in_plain(
    meanwhile: Meanwhile, command: str, passed: int
) -> None:
    happens, number, found_by = COMMANDS[command]
    meanwhile.happens = [*[nothing] * passed, happens]
    seal_until_done(Customer.stream(ADA))
    seal_all()
    assert commits_in_plain() == 0
    assert not any(text in all_text() for text in ("Ada Reyes", "555 01"))
    numbers = ["+1 555 0100", ADAS_PHONE, "+1 555 0109"]
    assert [number for number in numbers if ADA in customers_with(number)] == found_by
    if number:
        assert personal(ADA) == Personal("Ada Reyes", number)
    else:
        assert "key" not in meanwhile.vault.rows[f"customer {ADA}", "key"]
        assert (ADA, "erased") in meanwhile.vault.tables["erasures"]


@pytest.mark.parametrize("at", range(5))
def test_a_crash_at_any_commit_leaves_a_customer_who_reads_as_before_and_is_sealed_by_the_next_try(
    meanwhile: Meanwhile, at: int
) -> None:
    def crash() -> None:
        raise OSError("the container is gone")

    meanwhile.happens = [*[nothing] * at, crash]
    with pytest.raises(OSError, match="gone"):
        migration.seal(Customer.stream(ADA))
    assert personal(ADA) == ADAS
    assert seal_until_done(Customer.stream(ADA)) == 1
    assert personal(ADA) == ADAS
    assert customers_with(ADAS_PHONE) == [ADA]


def test_a_customer_erased_half_way_through_is_erased_with_the_digest_of_the_phone(meanwhile: Meanwhile) -> None:
    def crash() -> None:
        raise OSError("the container is gone")

    meanwhile.happens = [nothing, nothing, crash]
    with pytest.raises(OSError, match="gone"):
        migration.seal(Customer.stream(ADA))
    assert customers_with(ADAS_PHONE) == [ADA]
    service.erase(ADA)
    assert customers_with(ADAS_PHONE) == []
    seal_all()
    assert customers_with(ADAS_PHONE) == []
    assert commits_in_plain() == 0


def test_a_customer_whose_key_was_erased_and_whose_stream_was_not_is_left_to_the_ledger() -> None:
    runtime.current().store.commit(
        Commit("Other#1", 1, "other", (StoredEvent.of("Made", 1, {}),), "2026-03-14T09:26:53.589793Z"),
        beside=[RowWrite(f"customer {ADA}", "key", {"erased": "2026-03-14T09:26:53.589793Z"})],
    )
    with pytest.raises(NotFoundError):
        migration.seal(Customer.stream(ADA))
