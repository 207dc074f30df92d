"""Restored tables: once the ledger of erasures is applied, nothing of the erased comes back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulation.check.canaries import Canaries, core, texts_in
from tests.simulation.check.held_texts import EVENTS, searched
from tests.simulation.check.parsed_history import Entry, ParsedHistory
from tests.simulation.check.personal import LEDGER, People, led, outside, readable_of
from tests.simulation.check.sealed import customer_keys
from tests.simulation.check.violation import Violation

RESTORED = "a restored table brings nothing of the erased back"


def restored_violations(
    before: Sequence[Entry], after: Sequence[Entry], final: Mapping[str, Any]
) -> Iterator[Violation]:
    """What was read, told or kept of the erased after a restoration. final: the state after it."""
    history = ParsedHistory([*before, *(entry for entry in after if entry[1] == "request")], {})
    people, last = People(history), final["audits"][-1]
    keys: set[bytes] = set().union(*customer_keys(last["rows"], last["wrapping"]).values())
    keys |= set(last["kept"]) | set(last["wrapping"].values())
    for customer_id in people.erased_at:
        about = {"customer": customer_id}
        if text := readable_of(people.sealed[customer_id], keys, customer_id):
            yield Violation(RESTORED, f"{text} of {customer_id} is read after a table was restored", about)
        if any(sort.endswith(customer_id) for partition, sort in last["rows"] if partition.startswith("phone ")):
            yield Violation(RESTORED, f"a phone leads to {customer_id} after a table was restored", about)
        yield from _said(after, people.cores_alone(customer_id), customer_id)
    yield from _phones_of_nobody(final)
    yield from _erased_anew(after, people, final)
    whole = ParsedHistory([*before, *after], final)
    texts = searched(whole)
    for where, canary in outside(whole, Canaries(history.requests.values()), texts):
        yield Violation(RESTORED, f"{canary} is in {where}", {"canary": canary})
    yield from led(whole, people, texts)


def _phones_of_nobody(final: Mapping[str, Any]) -> Iterator[Violation]:
    """Phones that lead to customers without a stream, whom nobody can erase."""
    streams = {stream for stream, _ in final["tables"][EVENTS]}
    for partition, sort in final["audits"][-1]["rows"]:
        customer_id = sort.rpartition(" ")[2]
        if partition.startswith("phone ") and f"Customer#{customer_id}" not in streams:
            text = f"a phone leads to {customer_id}, who is in no stream, after a table was restored"
            yield Violation(RESTORED, text, {"customer": customer_id})


def _erased_anew(after: Sequence[Entry], people: People, final: Mapping[str, Any]) -> Iterator[Violation]:
    """What was left of those who were erased once the restored tables served."""
    rows, wrapping = final["audits"][-1]["rows"], final["audits"][-1]["wrapping"]
    keys: set[bytes] = set().union(*customer_keys(rows, wrapping).values()) | set(final["audits"][-1]["kept"])
    for n, (_, kind, fields) in enumerate(after):
        if kind != "deed" or fields["what"] != "erased anew":
            continue
        customer_id = fields["customer"]
        about = {"customer": customer_id}
        if readable_of(people.sealed.get(customer_id, set()), keys, customer_id):
            yield Violation(RESTORED, f"{customer_id}, erased after a restoration, is read", about)
        if any(sort.endswith(customer_id) for partition, sort in rows if partition.startswith("phone ")):
            yield Violation(RESTORED, f"a phone leads to {customer_id}, who was erased after a restoration", about)
        if (customer_id, "erased") not in final["tables"][LEDGER]:
            yield Violation(RESTORED, f"the ledger has no erasure of {customer_id} after a restoration", about)
        yield from _said(after[n:], people.cores_alone(customer_id), customer_id)


def _said(after: Sequence[Entry], cores: set[str], customer_id: str) -> Iterator[Violation]:
    for _, kind, fields in after:
        if kind not in ("response", "told"):
            continue
        answer = fields["body"] if kind == "response" else fields["answer"]
        if {core(text) for text in texts_in(answer)} & cores:
            text = f"{fields.get('function', fields.get('id'))} tells of {customer_id} after a table was restored"
            yield Violation(RESTORED, text, {"customer": customer_id})
