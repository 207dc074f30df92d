"""One-time codes that are to be sent, and the texts that there are."""

import json

import pytest

from tests.simulation.check.codes import QUEUE, REQUESTED, SENT, violations
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.leads import phone_id
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.history_builder import TIME, HistoryBuilder

KEY, NUMBER, LATER = b"key", "+4999731000001", "2026-01-05T09:05:00.000000Z"


def requested(times: int, texts: int, *, expires: str = LATER, then: str = "") -> set[str]:
    """What is violated where a customer's phone requests codes, one after the other, and gets so many texts.

    then: what happens to the customer before the first request.
    """
    history = HistoryBuilder()
    phone = phone_id(KEY, NUMBER)
    history.request("POST", "/api/customers", body={"name": "Zoë", "smsNumber": NUMBER})
    history.commit("Customer#c", ("Registered", {"name": "", "sms_number": "", "at": ""}))
    if then:
        history.commit("Customer#c", (then, {}))
    history.respond(body={"id": "c"})
    for number in range(1, times + 1):
        history.wait(1)
        data = {"phone_id": phone, "request": number, "expires_at": expires}
        [id] = history.commit(f"Phone#{phone}", ("CodeRequested", {"at": number}), messages=[(REQUESTED, data)])
        if number <= texts:
            what = {"number": NUMBER, "text": f"your code is 12345{number}"}
            history.record("effect", port="texts", request_id=f"{number}", what=what, answered=True, again=False)
        assert any(
            kind == "sent" and fields["queue"] == QUEUE and json.loads(fields["body"])["detail"]["metadata"]["id"] == id
            for _, kind, fields in history.entries
        )
    parsed = ParsedHistory(history.entries, history.final | {"code_key": KEY})
    return {one.invariant for one in violations(parsed, Deliveries(parsed))}


@pytest.mark.parametrize(("texts", "invariants"), [(2, set()), (1, {SENT}), (0, {SENT})])
def test_each_code_that_is_valid_is_sent(texts: int, invariants: set[str]) -> None:
    assert requested(2, texts) == invariants


@pytest.mark.parametrize("then", ["Disabled", "Erased"])
def test_a_code_of_nobody_is_not_sent(then: str) -> None:
    assert requested(1, 0, then=then) == set()


def test_a_code_that_has_expired_is_not_sent() -> None:
    assert requested(1, 0, expires=TIME) == set()
