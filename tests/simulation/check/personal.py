"""Personal data: names and numbers stay with their owner, sealed, and are forgotten once a customer is erased.

Each name and number that clients send is a canary (canaries.py). What is sealed is opened with each key that is kept
anywhere, by a model of its own (sealed.py). `final["audits"]` has what was kept at a time: a state of the vault, and
the keys in containers.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simulation.check.canaries import Canaries, Texts, core, personal_of, texts_in
from tests.simulation.check.held_texts import ANSWERS, MESSAGES, OWN, VAULT, searched
from tests.simulation.check.leads import found_beside, found_keys, phone_id
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.sealed import Sealed, customer_keys, place, sealed_in, wrongly_wrapped
from tests.simulation.check.violation import Violation

OUTSIDE = "no name or number is anywhere but sealed at its owner"
DIGESTED = "no digest of a name or number is made without a key"
KEPT = "a customer's key is nowhere but wrapped in the vault"
BESIDE = "a phone is beside its customer in the vault alone, in the row that finds it"
SEALED = "what is sealed opens by its customer's key alone, at its own place, under a nonce of its own"
FORGOTTEN = "five minutes after an erasure, no key that is kept anywhere opens what was sealed"
UNRECOVERABLE = "25 hours after an erasure, no backup of keys opens what was sealed"
FOUND_BY = "a phone leads to the customers who have it now, and to nobody who is erased"
ENTERED = "each erasure leaves a tombstone, and an entry in the ledger"
UNTOLD = "what is personal of the erased is told to nobody"
UNTEXTED = "the erased get no text after a moment"

LEDGER = "customers/erasures"
LIVE = 300 * SECOND  # after which nothing opens that is live
IN_BACKUPS = 25 * 3_600 * SECOND  # after which no backup of keys has one
A_MOMENT = 25 * SECOND  # from an erasure: a worker's 20 s and a call that was under way
PERSONAL_EVENTS = {"Registered": ("name", "sms_number"), "SmsChanged": ("sms_number",)}
REQUEST_FIELDS = {"name": "name", "sms_number": "smsNumber"}


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """What is personal and is where it must not be, or can be read when it must not."""
    if "audits" not in history.final:
        return
    people = People(history)
    canaries = Canaries(history.requests.values())
    yield from _kept(history, people, canaries)
    yield from _sealing(history, people)
    yield from _erasures(history, people)
    yield from _phones(history, people)
    yield from _answers(history, people)


class People:
    """Customers, by the stored events and the requests that led to them.

    sealed: the sealed texts of each. placed: those in events, by the version of the event and its field. values: what
    each field was, by customer, event and field. erased_at: of those who are erased. numbers: what each has, or had at
    the end.
    """

    def __init__(self, history: ParsedHistory) -> None:
        self.sealed: dict[str, set[Sealed]] = {}
        self.placed: dict[str, dict[tuple[int, str], Sealed]] = {}
        self.values: dict[tuple[str, int, str], str] = {}
        self.erased_at: dict[str, int] = {}
        self.registered: dict[str, str] = {}
        self.numbers: dict[str, str] = {}
        self.enabled: dict[str, bool] = {}
        for customer_id, commits in history.of_kind("Customer"):
            self.sealed[customer_id] = {
                one for commit in commits for text in texts_in(commit.item) for one in sealed_in(text)
            }
            self.placed[customer_id] = {}
            for commit in commits:
                self._follow(customer_id, commit, history)

    def _follow(self, customer_id: str, commit: Commit, history: ParsedHistory) -> None:
        request = history.requests.get(commit.request or "")
        asked = personal_of(request) if request else {}
        for event in commit.events:
            for field in PERSONAL_EVENTS.get(event.name, ()):
                for one in sealed_in(str(event.data[field])):
                    self.placed[customer_id][event.stream_version, field] = one
                if value := asked.get(REQUEST_FIELDS[field]):
                    self.values[customer_id, event.stream_version, field] = value
                    if field == "sms_number":
                        self.numbers[customer_id] = value
            if event.name == "Registered":
                self.registered[customer_id] = event.data["at"]
            if event.name == "Erased":
                self.erased_at[customer_id] = commit.at

    def cores_of(self, customer_id: str) -> set[str]:
        """What of a customer's names and numbers is the same in all spellings."""
        return {core(value) for (id, _, _), value in self.values.items() if id == customer_id}

    def cores_alone(self, customer_id: str) -> set[str]:
        """The same, of what no other customer has too."""
        others = {core(value) for (id, _, _), value in self.values.items() if id != customer_id}
        return self.cores_of(customer_id) - others

    def are_known(self, customer_id: str) -> bool:
        """Whether the request of each of the customer's names and numbers is known."""
        return all((customer_id, event, "sms_number") in self.values for event, _ in self.placed[customer_id])

    def phones(self, code_key: bytes) -> dict[str, set[str]]:
        """The customers who have or had each phone, by its digest."""
        found: dict[str, set[str]] = {}
        for (customer_id, _, field), value in self.values.items():
            if field == "sms_number":
                found.setdefault(phone_id(code_key, value), set()).add(customer_id)
        return found


# What is kept.


def _kept(history: ParsedHistory, people: People, canaries: Canaries) -> Iterator[Violation]:
    texts = searched(history)
    for where, canary in outside(history, canaries, texts):
        yield Violation(OUTSIDE, f"{canary} is in {where}", {"canary": canary})
    for carrier, held in texts.items():
        for where, what in dict.fromkeys(canaries.found_digests(held)) if carrier != ANSWERS else ():
            yield Violation(DIGESTED, f"{what} is in {where}", {"where": where})
        for where, text in held.parts if carrier not in (OWN, ANSWERS) and "sealed:" in held.whole else ():
            if "sealed:" in text:
                yield Violation(OUTSIDE, f"something sealed is in {where}", {"where": where})
    yield from led(history, people, texts)


def led(history: ParsedHistory, people: People, texts: dict[str, Texts]) -> Iterator[Violation]:
    """Keys, and digests of phones beside their customers, where they must not be."""
    for where, what in dict.fromkeys(found_keys(history, texts)):
        yield Violation(KEPT, f"{what} is in {where}", {"where": where})
    for where, customer_id in dict.fromkeys(found_beside(history, texts, people.phones(history.final["code_key"]))):
        text = f"the digest of a phone of {customer_id} is beside its customer in {where}"
        yield Violation(BESIDE, text, {"customer": customer_id, "where": where})


def outside(history: ParsedHistory, canaries: Canaries, texts: dict[str, Texts]) -> Iterator[tuple[str, str]]:
    """Where a canary is that must not be there, and which. Messages of before may have the names of before."""
    before = {core(old) for _, kind, fields in history.entries if kind == "deed" for old in fields.get("old", ())}
    canaries.cores |= before
    for carrier, held in texts.items():
        for where, canary in dict.fromkeys(canaries.found(held)) if carrier != ANSWERS else ():
            if carrier != MESSAGES or canary not in before:
                yield where, canary


# What is sealed.


def _sealing(history: ParsedHistory, people: People) -> Iterator[Violation]:
    """Of those who are there: each value opens as it was sent, and nowhere else; nonces and keys are used once."""
    last = history.final["audits"][-1]
    keys = customer_keys(last["rows"], last["wrapping"])
    for customer_id in wrongly_wrapped(last["rows"], last["wrapping"]):
        yield Violation(SEALED, f"the key of {customer_id} is not wrapped for it", {"customer": customer_id})
    owners: dict[bytes, str] = {}
    for customer_id, found in keys.items():
        for key in found:
            if owners.setdefault(key, customer_id) != customer_id:
                yield Violation(SEALED, f"{customer_id} and {owners[key]} have one key", {"customer": customer_id})
    for customer_id, sealed in people.sealed.items():
        about = {"customer": customer_id}
        placed = people.placed[customer_id]
        for (event, field), one in placed.items():
            if one.event != event:
                said = f"{field} of event {event} of {customer_id} is sealed for event {one.event}"
                yield Violation(SEALED, said, about)
        if customer_id in people.erased_at:
            continue
        nonces = [one.nonce for one in placed.values()]
        if len(set(nonces)) < len(nonces):
            yield Violation(SEALED, f"a nonce of {customer_id} was used twice", about)
        if not sealed <= set(placed.values()):
            yield Violation(SEALED, f"something of {customer_id} is sealed, and in no event", about)
        for (event, field), one in placed.items():
            value = people.values.get((customer_id, event, field))
            text = _opened(one, keys.get(customer_id, set()), place(customer_id, event, field))
            if text is None or (value and text != value):
                yield Violation(SEALED, f"{field} of event {event} of {customer_id} does not open as it was", about)


def _opened(one: Sealed, keys: set[bytes], at: str) -> str | None:
    return next((text for key in keys if (text := one.opened(key, at)) is not None), None)


# What is forgotten.


def _erasures(history: ParsedHistory, people: People) -> Iterator[Violation]:
    rows = history.final["audits"][-1]["rows"]
    ledger = {item["partition"]["S"] for item in history.table(LEDGER)}
    for customer_id, erased_at in people.erased_at.items():
        about = {"customer": customer_id}
        tombstone = rows.get((f"customer {customer_id}", "key"), {}).get("data", {}).get("S", "{}")
        if "erased" not in json.loads(tombstone) or "key" in json.loads(tombstone):
            yield Violation(ENTERED, f"{customer_id} was erased, and the vault has no tombstone", about)
        if customer_id not in ledger:
            yield Violation(ENTERED, f"{customer_id} was erased, and the ledger does not say so", about)
        for audit in history.final["audits"]:
            if audit["at_us"] < erased_at + LIVE:
                continue
            keys = set().union(*customer_keys(audit["rows"], audit["wrapping"]).values())
            keys |= set(audit["kept"]) | set(audit["wrapping"].values())
            if readable := readable_of(people.sealed[customer_id], keys, customer_id):
                seconds = (audit["at_us"] - erased_at) // SECOND
                text = f"{readable} of {customer_id} is read {seconds} s after the erasure"
                yield Violation(FORGOTTEN, text, about)
                break
        keys = _in_backups(history, erased_at)
        if readable := readable_of(people.sealed[customer_id], keys, customer_id):
            yield Violation(UNRECOVERABLE, f"{readable} of {customer_id} is read with a backup of the vault", about)


def readable_of(sealed: set[Sealed], keys: set[bytes], customer_id: str) -> str | None:
    """A text of a customer that one of these keys opens."""
    return next((text for one in sealed if (text := one.opened_by_any(keys, customer_id)) is not None), None)


def _in_backups(history: ParsedHistory, erased_at: int) -> set[bytes]:
    """The keys in any state of the vault to which it can be restored, 25 hours after an erasure."""
    first = erased_at + IN_BACKUPS - history.final["recovery"][VAULT] * SECOND
    state: dict[tuple[str, str], Mapping[str, Any]] = {}
    found: set[bytes] = set()
    wrapping = history.final["audits"][-1]["wrapping"]
    for at, kind, fields in history.entries:
        if kind == "vault" and fields["table"] == VAULT:
            if at >= first:
                found |= set().union(*customer_keys(state, wrapping).values())
            state[fields["key"][0], fields["key"][1]] = fields["item"]
    return found | set().union(*customer_keys(state, wrapping).values())


# What leads to a person, and who is told.


def _phones(history: ParsedHistory, people: People) -> Iterator[Violation]:
    """The rows by which phones are found, when all is over."""
    code_key: bytes = history.final["code_key"]
    found: dict[str, set[str]] = {}
    for partition, sort in history.final["audits"][-1]["rows"]:
        if partition.startswith("phone "):
            found.setdefault(sort.rpartition(" ")[2], set()).add(partition.removeprefix("phone "))
    for customer_id in people.sealed:
        if customer_id not in people.erased_at and not people.are_known(customer_id):
            continue
        number = people.numbers.get(customer_id, "")
        expected = set() if customer_id in people.erased_at else {phone_id(code_key, number)}
        if found.get(customer_id, set()) != expected:
            text = f"{len(found.get(customer_id, ()))} phones lead to {customer_id}, and not the one that should"
            yield Violation(FOUND_BY, text, {"customer": customer_id})


def _answers(history: ParsedHistory, people: People) -> Iterator[Violation]:
    """What was answered and texted after an erasure."""
    if not people.erased_at:
        return
    cores = {customer_id: people.cores_alone(customer_id) for customer_id in people.erased_at}
    told = [(r.at, f"{r.who}: {r.where}", r.answer) for r in history.requests.values() if r.answer]
    told += [(f["began"], f["function"], f["answer"]) for _, kind, f in history.entries if kind == "told"]
    for at, whom, answer in told:
        said = {core(text) for text in texts_in(answer)} - {""}
        for customer_id, erased_at in people.erased_at.items() if said else ():
            if at > erased_at and said & cores[customer_id]:
                yield Violation(UNTOLD, f"{whom} was told of {customer_id}", {"customer": customer_id})
    for at, effect in history.effects:
        if effect["port"] == "texts":
            number = core(effect["what"]["number"])
            for customer_id, erased_at in people.erased_at.items():
                if at > erased_at + A_MOMENT and number in cores[customer_id]:
                    seconds = (at - erased_at) // SECOND
                    text = f"{customer_id} got a text {seconds} s after the erasure"
                    yield Violation(UNTEXTED, text, {"customer": customer_id, "request": effect["request_id"]})
