"""What customers' code has stored loads for ever.

streams/plain.json is golden: what the last code stored that kept names and numbers as they are. streams/sealed.json is
golden: what the first code stored that sealed them, with its vault and the ledger of erasures. In each, Ada registered
at a kiosk, changed number and language, was disabled and enabled, and changed the number again; Zoë registered with a
clerk; Eve registered and was erased.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.customers import codes, keys, service
from functions.customers.domain import Customer
from functions.customers.service import Personal
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.vault import RowWrite
from tests.support.runtime import memory_runtime

STREAMS = Path(__file__).parent / "streams"
WHEN = {"plain": "2026-03-14T09:00:01.000000Z", "sealed": "2026-03-14T09:00:11.000000Z"}  # Ada registered

each_form = pytest.mark.parametrize("form", list(WHEN))
with_and_without_snapshots = pytest.mark.parametrize("snapshots", [True, False], ids=["with snapshots", "without"])


def golden(form: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STREAMS / f"{form}.json").read_text())
    return found


def without_snapshot(item: dict[str, Any]) -> dict[str, Any]:
    body = json.loads(zlib.decompress(b64decode(item["body"]["B"])))
    body.pop("snapshot", None)
    return {**item, "body": {"B": b64encode(zlib.compress(json.dumps(body).encode())).decode()}}


@contextmanager
def opened(form: str, *, snapshots: bool = True) -> Iterator[dict[str, str]]:
    """The service over what was stored; yields the ids of the customers by name."""
    store, stored = MemoryEventStore(), golden(form)
    for item in stored["items"]:
        kept = item if snapshots else without_snapshot(item)
        store.items.setdefault(kept["stream"]["S"], {})[int(kept["version"]["N"])] = kept
        store.log.append(kept)
    for partition, sort, data in stored.get("vault", ()):
        store.vault.write(RowWrite(partition, sort, data))
    for partition, sort, data in stored.get("erasures", ()):
        store.vault.write(RowWrite(partition, sort, data, table="erasures"))
    with runtime.active(memory_runtime("customers", store=store)):
        yield stored["ids"]


def events(customer_id: str) -> list[tuple[str, int]]:
    stored = runtime.current().store.forwards(Customer.stream(customer_id))
    return [(event.name, event.version) for commit in stored for event in commit.events]


def test_the_golden_samples_hold_each_version_of_each_event_that_has_something_personal() -> None:
    with opened("plain") as ids:
        assert {one for id in ids.values() for one in events(id)} >= {("Registered", 1), ("SmsChanged", 1)}
    with opened("sealed") as ids:
        assert {one for id in ids.values() for one in events(id)} >= {("Registered", 2), ("SmsChanged", 2)}


def test_the_sealed_sample_has_no_name_and_no_number() -> None:
    text = (STREAMS / "sealed.json").read_text()
    bodies = [zlib.decompress(b64decode(item["body"]["B"])).decode() for item in golden("sealed")["items"]]
    for personal in ("Ada", "Reyes", "Zoë", "Eve", "555", "7946"):
        assert personal not in text
        assert [body for body in bodies if personal in body] == []
    assert "Ada Reyes" in str([zlib.decompress(b64decode(item["body"]["B"])) for item in golden("plain")["items"]])


@each_form
@with_and_without_snapshots
def test_what_is_personal_is_read_as_it_was_given(form: str, snapshots: bool) -> None:
    with opened(form, snapshots=snapshots) as ids:
        ada, zoe = service.customer(ids["ada"]), service.customer(ids["zoe"])
        assert service.personal(ada) == Personal("Ada Reyes", "0044 20 7946 0000")
        assert (ada.status, ada.language, ada.kiosk_id, ada.registered_at) == ("enabled", "en", "kiosk-1", WHEN[form])
        assert service.personal(zoe) == Personal("Zoë 世界 🤖", "+44 (0)20 7946 0000")
        with pytest.raises(NotFoundError):
            service.customer(ids["eve"])


@each_form
@with_and_without_snapshots
def test_a_number_is_changed_and_sealed_and_the_customer_found_by_it(form: str, snapshots: bool) -> None:
    with opened(form, snapshots=snapshots) as ids:
        service.change_sms_number(ids["ada"], "+1 555 0155")
        assert service.personal(service.customer(ids["ada"])) == Personal("Ada Reyes", "+1 555 0155")
        assert events(ids["ada"])[-1] == ("SmsChanged", 2)
        assert list(keys.customers_with(codes.phone_id("+1 555 0155"))) == [ids["ada"]]
        before = list(keys.customers_with(codes.phone_id("+44 20 7946 0000")))
        assert before == ([ids["zoe"]] if form == "sealed" else [])  # a phone of before is found once it is migrated


@each_form
@with_and_without_snapshots
def test_a_customer_is_erased_and_nothing_opens_any_more(form: str, snapshots: bool) -> None:
    with opened(form, snapshots=snapshots) as ids:
        ada, zoe = ids["ada"], ids["zoe"]
        service.erase(ada)
        with pytest.raises(NotFoundError):
            service.customer(ada)
        assert keys.find(ada) is None
        rows = vault(runtime.current())
        assert "key" not in rows[f"customer {ada}", "key"]
        assert [place for place in rows if place[1].endswith(f" {ada}")] == []
        assert service.personal(service.customer(zoe)).name == "Zoë 世界 🤖"
        assert (ada, "erased") in vault(runtime.current(), "erasures")


def vault(running: Runtime, table: Any = "vault") -> dict[Any, Any]:
    store = running.store
    assert isinstance(store, MemoryEventStore)
    return store.vault.tables[table]
