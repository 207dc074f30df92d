"""`make migrate-personal-data ARGS=--all`: afterwards no digest is left that no erasure would delete."""

import pytest

from functions.customers import codes, keys, migration, service
from functions.customers.domain import Customer
from functions.kernel.runtime import runtime
from infra.operate.apply_erasures import Tables, apply
from infra.operate.migrate_personal_data import drop_digests
from tests.infra.test_operate_erasures import Place, erase, place, register

__all__ = ["place"]

NUMBER, NEW_NUMBER = "+1 555 0100", "+1 555 0101"


def digests(place: Place) -> list[str]:
    """The customers to whom digests of numbers lead."""
    items = place.items(place.serving.vault)
    return [i["sort"]["S"].split()[-1] for i in items if i["partition"]["S"].startswith("phone ")]


def write_all_again(place: Place, *customer_ids: str) -> int:
    """What the command does, and the service with the timers that it sends; how many digests were deleted."""
    dropped = drop_digests(place)
    with runtime.active(place.at_work()):
        for id in customer_ids:
            migration.seal(Customer.stream(id))
    return dropped


def change_number(place: Place, customer_id: str) -> None:
    with runtime.active(place.at_work()):
        service.change_sms_number(customer_id, NEW_NUMBER)


@pytest.mark.parametrize("restored", ["vault", "events"])
def test_a_table_that_was_restored_to_before_a_change_of_number_leaves_none(place: Place, restored: str) -> None:
    ada = register(place, "Ada Reyes", NUMBER)
    backup = place.backup()
    change_number(place, ada)
    serving = place.serving
    events, vault = (backup if restored == name else serving for name in ("events", "vault"))
    place.serving = Tables(events.events, vault.vault, serving.erasures)
    apply(place, place.serving)
    assert write_all_again(place, ada) == 1
    with runtime.active(place.at_work()):
        number = NEW_NUMBER if restored == "vault" else NUMBER
        assert list(keys.customers_with(codes.phone_id(number))) == [ada]
    assert digests(place) == [ada]
    erase(place, ada)
    assert digests(place) == []


def test_a_customer_who_registered_after_the_backup_of_the_events_leaves_none(place: Place) -> None:
    backup = place.backup()
    ada = register(place, "Ada Reyes", NUMBER)
    place.serving = Tables(backup.events, place.serving.vault, place.serving.erasures)
    apply(place, place.serving)
    assert write_all_again(place, ada) == 1
    assert digests(place) == []


def test_another_code_key_leaves_none_of_the_one_before(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = register(place, "Ada Reyes", NUMBER)
    at_work = place.at_work

    def with_another_key() -> runtime.Runtime:
        running = at_work()
        running.adapters["code_key"] = b"another key"
        return running

    monkeypatch.setattr(place, "at_work", with_another_key)
    write_all_again(place, ada)
    assert digests(place) == [ada]
    erase(place, ada)
    assert digests(place) == []
