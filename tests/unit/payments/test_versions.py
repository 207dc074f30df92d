"""Streams of Adjusted version 1, which had no reason: this code reads and continues them.

`streams/adjusted.v1.json` is golden: the table of an older version, with an order that was short, paid, and then
cancelled. Its events, snapshots and messages are of version 1.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from events.payments import InvoiceAdjusted, InvoicePaid
from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.runtime import active
from functions.payments import service
from functions.payments.invoice import Adjusted, Invoice
from tests.unit.payments.till import Till, cancelled, readied

GOLDEN = json.loads((Path(__file__).parent / "streams" / "adjusted.v1.json").read_text())
SHORT, WHOLE = 4, len(GOLDEN)  # the number of items until the short pick, before the payment; and of all


@contextmanager
def opened(items: int, *, snapshots: bool = True, **changed: str) -> Iterator[Till]:
    """The service over the first old items, with or without their snapshots, or with texts in them replaced."""
    store = MemoryEventStore()
    for item in GOLDEN[:items]:
        text = json.dumps({name: value for name, value in item.items() if snapshots or name != "snapshot"})
        for old, new in changed.items():
            text = text.replace(old, new)
        old_item: dict[str, Any] = json.loads(text)
        store.items.setdefault(old_item["stream"]["S"], {})[int(old_item["version"]["N"])] = old_item
        store.log.append(old_item)
    till = Till(store)
    with active(till.runtime):
        yield till


def stored(till: Till, stream: str) -> list[tuple[str, int]]:
    return [(event.name, event.version) for commit in till.store.forwards(stream) for event in commit.events]


with_and_without_snapshots = pytest.mark.parametrize("snapshots", [True, False])


def test_the_old_table_holds_version_1_alone() -> None:
    with opened(WHOLE) as till:
        assert ("Adjusted", 1) in stored(till, "Invoice#order-1")
        assert ("Adjusted", 2) not in stored(till, "Invoice#order-1")


@with_and_without_snapshots
def test_an_old_invoice_is_continued_in_the_new_version(snapshots: bool) -> None:
    with opened(SHORT, snapshots=snapshots) as till:
        assert service.invoice("order-1") == Invoice("order-1", 2, "pending", "payment-1", 900)
        till.deliver(readied("payment-1", 450), id="another")
        service.pay("order-1")
        assert service.invoice("order-1") == Invoice("order-1", 4, "paid", "payment-1", 450)
        assert service.payment("payment-1").captured == 450
        assert stored(till, "Invoice#order-1") == [("Billed", 1), ("Adjusted", 1), ("Adjusted", 2), ("Paid", 1)]


@with_and_without_snapshots
def test_an_old_payment_is_unknown_to_the_provider_and_goes_on_without_it(snapshots: bool) -> None:
    """Authorized version 1: no provider was asked."""
    for ends in (lambda till: service.pay("order-1"), lambda till: till.deliver(cancelled("payment-1"), id="another")):
        with opened(SHORT, snapshots=snapshots) as till:
            assert not service.payment("payment-1").is_known_to_provider
            ends(till)
            till.deliver_reminders()
            assert service.payment("payment-1").status in ("settled", "voided")
            assert (till.bank.captures, till.bank.voided, till.dead_letters.sent) == ({}, set(), [])


@pytest.mark.parametrize("schema", [0, 2], ids=["older", "newer"])
def test_a_snapshot_of_another_schema_is_not_used(schema: int) -> None:
    wrong = {'"S": "[1,': f'"S": "[{schema},', '\\"amount\\":900},{': '\\"amount\\":1},{'}
    with opened(SHORT, **wrong) as till:
        assert any(item.get("snapshot", {}).get("S", "").startswith(f"[{schema},") for item in till.store.log)
        assert service.invoice("order-1").amount == 900


@with_and_without_snapshots
def test_a_message_that_an_old_stream_has_handled_changes_nothing(snapshots: bool) -> None:
    with opened(WHOLE, snapshots=snapshots) as till:
        till.deliver(cancelled("payment-1"), id="message-4")
        till.deliver(cancelled("payment-1"), id="another")
        assert len(till.store.log) == WHOLE


def test_an_old_stream_reads_as_it_was_at_every_version() -> None:
    with opened(WHOLE):
        amounts = [service.invoices.as_of("order-1", version=version).amount for version in (1, 2, 3, 4)]
        assert amounts == [1699, 900, 900, 0]


def test_republished_old_messages_are_of_version_1_and_read_with_a_reason() -> None:
    with opened(WHOLE) as till:
        adjusted = [message for message in till.published if isinstance(message, InvoiceAdjusted)]
        versions = [m.detail["metadata"]["version"] for m in till.bus.messages if m.name == InvoiceAdjusted.about.name]
        assert versions == [1, 1]
        assert [(message.amount, message.reason) for message in adjusted] == [(900, "short_pick"), (0, "cancelled")]
        assert [message.amount for message in till.published if isinstance(message, InvoicePaid)] == [900]


def test_an_event_newer_than_this_code_stops_its_stream_and_loses_nothing() -> None:
    with opened(SHORT, snapshots=False, **{'\\"Adjusted\\",1': '\\"Adjusted\\",3'}) as till:
        with pytest.raises(UnknownEventError, match="Adjusted version 3 is newer than this code, which knows 2"):
            service.invoice("order-1")
        assert not till.deliver(cancelled("payment-1"))
        assert len(till.store.log) == SHORT
        assert till.dead_letters.sent == []


def test_a_new_adjustment_has_a_reason() -> None:
    invoice = Invoice("order-1", 2, "paid", "payment-1", 900)
    invoice.create_or_reduce("payment-1", 450, "customer-1")
    invoice.cancel("payment-1", "customer-1")
    assert invoice.changes == [Adjusted(450, "short_pick"), Adjusted(0, "cancelled")]
