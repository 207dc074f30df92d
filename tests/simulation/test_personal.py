"""Personal data in the simulation: the search finds canaries wherever they are, and each invariant can be violated."""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.simulation.check import personal
from tests.simulation.check.canaries import Canaries, Texts, texts_in
from tests.simulation.check.held_texts import VAULT
from tests.simulation.check.leads import phone_id
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Request
from tests.simulation.check.sealed import customer_keys
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.faults import Faults
from tests.simulation.scheduler import SECOND
from tests.simulation.workload.canaries import SPELLINGS, name_of, number_of

NAME, NUMBER = name_of("Ada"), number_of("Ada")
BODY = {"name": NAME, "smsNumber": NUMBER}
ASKED = Request("request-1", 0, "kiosk:1", "POST", "/api/customers", "a key", BODY, None)


def canaries_in(*held: Any) -> set[str]:
    """What the search finds in what is held."""
    texts = {text: "here" for value in held for text in texts_in(value)}
    return {canary for _, canary in Canaries([ASKED]).found(Texts(texts))}


def packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


@pytest.mark.parametrize(
    "hidden",
    [
        NAME,
        NAME.upper(),
        json.dumps({"name": NAME}),
        json.dumps(json.dumps({"name": NAME})),
        {"S": {"body": {"B": zlib.compress(json.dumps({"events": [NAME]}).encode())}}},
        gzip.compress(f"{NAME}\n".encode()),
        {"body": packed(json.dumps({"snapshot": {"name": NAME}}))},
        packed(json.dumps({"again": packed(NAME)})),
        base64.b64encode(f"  {NAME}".encode()).decode(),
        base64.urlsafe_b64encode(f"x{NAME}".encode()).decode(),
        NAME.encode().hex(),
        ["a line", {"of a log": [f"no text to {NAME}"]}],
    ],
    ids=range(12),  # a canary differs from process to process, a test's name must not
)
def test_a_name_is_found_wherever_it_is_packed(hidden: Any) -> None:
    assert len(canaries_in(hidden, "and others")) == 1


@pytest.mark.parametrize("spelling", range(len(SPELLINGS)))
def test_a_number_is_found_in_every_spelling(spelling: int) -> None:
    assert canaries_in(f"no text to {number_of('Ada', spelling)}") == canaries_in(NUMBER)


@pytest.mark.parametrize("written", ["{0}{1} {2}", "{0}-{1}-{2}", "({0}{1}) {2}", "{0} {1} {2}"])
def test_a_number_is_found_with_other_punctuation(written: str) -> None:
    digits = NUMBER.removeprefix("+49")
    assert len(canaries_in(written.format(digits[:2], digits[2:5], digits[5:]))) == 1


def test_nothing_is_found_where_there_is_no_canary() -> None:
    assert canaries_in("Zoë Reyes", "+49 99731", {"time": "2026-01-05T09:00:00.099731Z"}, zlib.compress(b"x")) == set()


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
@pytest.mark.parametrize(
    "digested", [NAME, NUMBER, NUMBER.removeprefix("+"), json.dumps(["POST", "/api/customers", BODY], sort_keys=True)]
)
def test_a_digest_without_a_key_is_found(digested: str, algorithm: str) -> None:
    hashed = hashlib.new(algorithm, digested.encode()).hexdigest()
    assert list(Canaries([ASKED]).found_digests(Texts({f"digest {hashed[:32]}": "here"})))


Lived = tuple[list[Any], dict[str, Any], dict[str, str]]


@pytest.fixture(scope="module")
def lived() -> Lived:
    """A history without faults: two customers register, both change their number, and one is erased."""
    choices = Choices(1)
    cloud = Cloud(choices, Faults(choices))
    ids: dict[str, str] = {}

    def live() -> None:
        for who in ("Ada", "Ben"):
            body = {"name": name_of(who), "smsNumber": number_of(who)}
            ids[who] = cloud.request("POST", "/api/customers", body, {"Idempotency-Key": who}).body["id"]
            change = {"smsNumber": number_of(f"{who} later", 2)}
            assert cloud.request("PUT", f"/api/customers/{ids[who]}/change-sms", change).status == 200
        assert cloud.request("GET", f"/api/customers/{ids['Ada']}").body["customer"]["smsNumber"] == number_of(
            "Ada later", 2
        )
        assert cloud.request("DELETE", f"/api/customers/{ids['Ada']}").status == 200

    task = cloud.spawn(live)
    cloud.run(60.0, enough=lambda: task.done)
    cloud.run(cloud.now() + 302)
    return list(cloud.history.entries), cloud.state(), ids


def violated(lived: Lived, change: Callable[[list[Any], dict[str, Any], dict[str, str]], None]) -> set[str]:
    """The invariants that a changed history violates."""
    entries, final, ids = deepcopy(lived)
    change(entries, final, ids)
    return {violation.invariant for violation in personal.violations(ParsedHistory(entries, final))}


def first_key(entries: list[Any], customer_id: str) -> dict[str, Any]:
    """The row that the vault had of a customer's key at first."""
    key = [f"customer {customer_id}", "key"]
    return next(f["item"] for _, kind, f in entries if kind == "vault" and f["key"] == key and "erased" not in str(f))


def test_a_history_without_leaks_violates_nothing(lived: Lived) -> None:
    entries, final, _ = lived
    assert violated(lived, lambda *_: None) == set()
    assert len(final["audits"]) == 2
    assert any(kind == "vault" for _, kind, _ in entries)


def test_a_key_that_is_kept_is_found(lived: Lived) -> None:
    def keep(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        row = first_key(entries, ids["Ada"])
        final["audits"][0]["rows"]["customer nobody", "key"] = row
        wrapped = customer_keys({(f"customer {ids['Ada']}", "key"): row}, final["audits"][0]["wrapping"])
        final["audits"][0]["kept"] = list(wrapped[ids["Ada"]])

    assert violated(lived, keep) == {personal.FORGOTTEN}


def test_a_key_in_the_vault_after_an_erasure_is_found(lived: Lived) -> None:
    def restore(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        final["audits"][-1]["rows"][f"customer {ids['Ada']}", "key"] = first_key(entries, ids["Ada"])

    assert violated(lived, restore) == {personal.ENTERED, personal.FORGOTTEN}


def test_a_backup_of_keys_for_longer_than_a_day_is_found(lived: Lived) -> None:
    def keep(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        final["recovery"][VAULT] = 35 * 86_400

    assert violated(lived, keep) == {personal.UNRECOVERABLE}


def test_an_erasure_without_an_entry_in_the_ledger_is_found(lived: Lived) -> None:
    assert violated(lived, lambda _, final, ids: final["tables"][personal.LEDGER].clear()) == {personal.ENTERED}


def test_a_phone_that_leads_to_the_erased_is_found(lived: Lived) -> None:
    def leave(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        final["audits"][-1]["rows"]["phone 0123", f"2026-01-05T09:00:00Z {ids['Ada']}"] = {}

    assert violated(lived, leave) == {personal.FOUND_BY}


def test_a_text_that_is_sealed_elsewhere_does_not_open(lived: Lived) -> None:
    def swap(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        for _, kind, fields in entries:
            if kind == "commit" and fields["key"][0] == f"Customer#{ids['Ben']}":
                [[name, version, data]] = json.loads(fields["item"]["events"]["S"])
                if name == "Registered":
                    data["name"], data["sms_number"] = data["sms_number"], data["name"]
                    data["name"] = data["name"].replace("sealed:1:", "sealed:2:")
                    fields["item"]["events"]["S"] = json.dumps([[name, version, data]])

    assert violated(lived, swap) == {personal.SEALED}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("row", {"table": "search/views", "key": ["customers", "1"], "item": {"data": {"S": f'"{NAME}"'}}}),
        ("published", {"service": "mallbots.x", "entry": "e", "name": "X", "detail": {"data": {"text": NUMBER}}}),
        ("sent", {"queue": "search/inbox", "message": "m", "body": f'{{"name": "{NAME}"}}', "delay": 0}),
        (
            "dead",
            {"queue": "x/dead-letters", "message": "m", "body": "{}", "reason": {"reason": NUMBER}, "by": "inbox"},
        ),
    ],
)
def test_what_is_personal_outside_is_found(lived: Lived, kind: str, fields: dict[str, Any]) -> None:
    assert violated(lived, lambda entries, *_: entries.append((entries[-1][0], kind, fields))) == {personal.OUTSIDE}


def test_a_digest_without_a_key_that_is_kept_is_found(lived: Lived) -> None:
    def keep(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        digest = hashlib.sha256(number_of("Ben").encode()).hexdigest()
        final["held"].append(("customers/views", {"partition": {"S": f"phone {digest}"}}))

    assert violated(lived, keep) == {personal.DIGESTED}


def test_what_is_held_at_the_end_is_searched(lived: Lived) -> None:
    hidden = {"body": {"B": zlib.compress(json.dumps({"events": [NUMBER]}).encode())}}
    assert violated(lived, lambda _, final, ids: final["held"].append(("a table", hidden))) == {personal.OUTSIDE}


def test_a_message_of_before_may_have_a_name_and_a_row_may_not(lived: Lived) -> None:
    old, at = name_of("of before"), lived[0][-1][0]

    def hear(entries: list[Any], *_: Any) -> None:
        entries.append((at, "deed", {"who": "stranger", "what": "name of before", "old": [old]}))
        entries.append((at, "sent", {"queue": "search/inbox", "message": "m", "body": f'"{old}"', "delay": 0}))

    def keep(entries: list[Any], *rest: Any) -> None:
        hear(entries, *rest)
        entries.append((at, "row", {"table": "search/views", "key": ["a", "b"], "item": {"data": {"S": old}}}))

    assert violated(lived, hear) == set()
    assert violated(lived, keep) == {personal.OUTSIDE}


def test_an_answer_and_a_text_after_an_erasure_are_found(lived: Lived) -> None:
    at = lived[0][-1][0]

    def tell(entries: list[Any], *_: Any) -> None:
        answer = json.dumps({"answer": {"sms_number": number_of("Ada later")}})
        entries.append((at, "told", {"function": "customers/queries", "began": at, "how": "ok", "answer": answer}))

    def text(entries: list[Any], *_: Any) -> None:
        what = {"number": number_of("Ada later"), "text": "Your order is ready"}
        fields = {"port": "texts", "request_id": "1", "what": what, "answered": True, "again": False}
        entries.append((at + 30 * SECOND, "effect", fields))

    assert violated(lived, tell) == {personal.UNTOLD}
    assert violated(lived, text) == {personal.UNTEXTED}


def secret_of(lived: Lived, who: str) -> bytes:
    """A customer's own key, as the vault had it at first."""
    entries, final, ids = lived
    row = {(f"customer {ids[who]}", "key"): first_key(entries, ids[who])}
    [[key]] = customer_keys(row, final["audits"][-1]["wrapping"]).values()
    return key


SPELLED: list[Callable[[bytes], Any]] = [bytes, str, bytes.hex, lambda key: key.hex().upper()]
SPELLED += [
    lambda key: f"key={base64.b64encode(key).decode()}",
    lambda key: base64.urlsafe_b64encode(b"x" + key).decode(),
]
SPELLED += [lambda key: packed(json.dumps({"key": key.hex()}))]


@pytest.mark.parametrize("said", SPELLED)
def test_a_key_outside_the_vault_is_found(lived: Lived, said: Callable[[bytes], Any]) -> None:
    key, at = said(secret_of(lived, "Ada")), lived[0][-1][0]
    line = ("the log of customers/api", ("INFO", "registered", {"it": key}))
    answer = ("told", {"function": "customers/queries", "began": at, "how": "ok", "answer": key})
    assert violated(lived, lambda _, final, ids: final["held"].append(line)) == {personal.KEPT}
    assert violated(lived, lambda entries, *_: entries.append((at, *answer))) == {personal.KEPT}


def test_a_wrapped_key_outside_the_vault_is_found(lived: Lived) -> None:
    def keep(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        final["held"].append(("customers/views", first_key(entries, ids["Ada"])))

    assert violated(lived, keep) == {personal.KEPT}


def test_a_phone_beside_its_customer_is_found_and_by_itself_it_is_not(lived: Lived) -> None:
    digest = phone_id(lived[1]["code_key"], number_of("Ada"))

    def log(**fields: Any) -> Callable[[list[Any], dict[str, Any], dict[str, str]], None]:
        return lambda _, final, ids: final["held"].append(
            ("the log of customers/api", ("INFO", "it", {name: it(ids) for name, it in fields.items()}))
        )

    handled = log(handled=lambda ids: [{"stream": f"Phone#{digest}"}, {"stream": f"Customer#{ids['Ada']}"}])
    assert violated(lived, log(phone=lambda _: digest, customer=lambda ids: ids["Ada"])) == {personal.BESIDE}
    assert violated(lived, log(phone=lambda _: digest, customer=lambda ids: ids["Ben"])) == set()
    assert violated(lived, handled) == set()


def test_a_text_that_is_moved_to_another_event_of_its_stream_is_found(lived: Lived) -> None:
    def move(entries: list[Any], final: dict[str, Any], ids: dict[str, str]) -> None:
        first = ""
        for _, kind, fields in entries:
            if kind == "commit" and fields["key"][0] == f"Customer#{ids['Ben']}":
                [[name, version, data]] = json.loads(fields["item"]["events"]["S"])
                first = first or data["sms_number"]
                fields["item"]["events"]["S"] = json.dumps([[name, version, {**data, "sms_number": first}]])

    assert violated(lived, move) == {personal.SEALED}
