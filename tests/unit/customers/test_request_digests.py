"""The digest of a request under an Idempotency-Key: nobody tries a name or a number out on it."""

import hashlib
import json

import pytest

from functions.customers import codes
from functions.customers.api import api
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import DIGEST
from tests.support.callers import A_KIOSK
from tests.support.gateway import Response, request
from tests.unit.customers.kiosk import NUMBER, ask, sign_in

ADA, MOVED = {"name": "Ada Reyes", "smsNumber": NUMBER}, {"smsNumber": "+1 555 0101"}


def under(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def change(customer_id: str, body: dict[str, str], key: str) -> Response:
    return request(api, "PUT", f"/api/customers/{customer_id}/change-sms", body, under(key))


def digests() -> dict[str, set[str]]:
    """Of the requests that each kind of stream keeps."""
    store, found = runtime.current().store, dict[str, set[str]]()
    assert isinstance(store, MemoryEventStore)
    for stream in store.items:
        kept = {commit.cause.digest for commit in store.forwards(stream) if commit.cause}
        found.setdefault(stream.partition("#")[0], set()).update(kept)
    return found


def guessed(method: str, path: str, body: dict[str, str]) -> str:
    """A request's digest, as anyone can compute it who guesses the request."""
    asked = json.dumps([method, path, body], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:DIGEST]


def test_a_guess_is_the_digest_of_a_request_that_has_nothing_personal() -> None:
    """So the guesses below would be right if the digests were made alike."""
    ada = ask("", ADA).body["id"]
    path = f"/api/customers/{ada}/disable"
    assert request(api, "PUT", path, {}, under("1")).status == 200
    assert digests()["Customer"] == {guessed("PUT", path, {})}


def test_no_name_and_no_number_can_be_tried_out_on_the_digest_of_a_request() -> None:
    ada = ask("", ADA, headers=under("1")).body["id"]
    assert change(ada, MOVED, "2").status == 200
    assert ask("/codes", MOVED, headers=under("3")).status == 200
    code = codes.code(codes.phone_id(MOVED["smsNumber"]), 1)
    assert sign_in(code, MOVED["smsNumber"], headers=under("4")).status == 200
    kept = digests()
    assert {kind: len(kept[kind]) for kind in kept} == {"Customer": 2, "Phone": 2, "Kiosk": 2}
    guesses = {
        guessed("POST", "/api/customers", ADA),
        guessed("PUT", f"/api/customers/{ada}/change-sms", MOVED),
        guessed("POST", "/api/customers/codes", MOVED),
        guessed("POST", "/api/customers/sessions", {**MOVED, "code": code}),
    }
    assert {digest for kind in kept.values() for digest in kind} & guesses == set()


def test_the_same_request_of_two_customers_has_two_digests() -> None:
    ask("", ADA, headers=under("1"))
    ask("", ADA, headers=under("2"))
    assert len(digests()["Customer"]) == 2


def test_a_code_that_is_requested_again_under_its_key_is_requested_once_and_for_another_number_refused() -> None:
    assert [ask("/codes", MOVED, headers=under("3")).status for _ in range(2)] == [200, 200]
    assert ask("/codes", {"smsNumber": NUMBER}, headers=under("3")).status == 422


def test_a_change_that_is_sent_again_under_its_key_is_answered_and_another_number_refused() -> None:
    ada = ask("", ADA).body["id"]
    assert [change(ada, MOVED, "2").status for _ in range(2)] == [200, 200]
    assert change(ada, {"smsNumber": NUMBER}, "2").status == 422


@pytest.mark.parametrize(("method", "what"), [("PUT", "/disable"), ("DELETE", "")])
def test_a_body_that_a_route_does_not_take_is_in_no_digest(method: str, what: str) -> None:
    customer_id = ask("", ADA).body["id"]
    path = f"/api/customers/{customer_id}{what}"
    assert request(api, method, path, ADA, under("k-1")).status == 200
    assert guessed(method, path, ADA) not in set.union(*digests().values())
    assert request(api, method, path, {}, under("k-1")).status == 200  # the same request


def test_no_flow_joins_a_phone_with_a_customer() -> None:
    """Not even where a kiosk sends one correlation id or trace with all requests of a visit."""
    visit = {
        "X-Correlation-Id": "6f1f1d0e-0c5c-4a9c-9b52-0a5f2a4f7f10",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    for path, body in (("", ADA), ("/codes", {"smsNumber": NUMBER})):
        assert request(api, "POST", f"/api/customers{path}", body, visit, A_KIOSK).status == 200
    flows: dict[str, set[str]] = {}
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    for stream in store.items:
        for commit in store.forwards(stream):
            metadata = [message.detail["metadata"] for message in commit.messages]
            for flow in (commit.correlation_id, *(one["traceparent"][3:35] for one in metadata if one["traceparent"])):
                flows.setdefault(flow, set()).add(stream.partition("#")[0])
    assert {kind for kinds in flows.values() for kind in kinds} == {"Customer", "Phone", "Kiosk"}
    assert not any({"Phone", "Customer"} <= kinds for kinds in flows.values())
