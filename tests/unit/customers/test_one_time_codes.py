"""One-time codes: who gets a session by one, what the answers tell, and who has a number."""

import copy
from typing import Any

import pytest

from functions.customers import codes, service, sessions
from functions.customers.inbox import inbox
from functions.customers.phone import Phone
from functions.customers.queries import queries
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import runtime
from functions.kernel.runtime.vault import Key
from tests.support.callers import A_KIOSK
from tests.support.promised import hand_over, promised
from tests.unit.customers.kiosk import (
    ANOTHER_KIOSK,
    NUMBER,
    UNKNOWN,
    Watch,
    ask,
    claims,
    commits,
    index,
    register,
    request_code,
    sign_in,
    told,
    wrong,
)


def test_a_returning_customer_proves_the_phone_by_a_code(watch: Watch) -> None:
    customer_id = register()
    watch.move(days=3)
    code = request_code("001 (555) 0100")
    watch.move(minutes=4, seconds=59)
    answer = sign_in(code, "+1-555-0100")
    assert answer.body.keys() == {"customerId", "token", "expiresAt"}
    said = claims(answer)
    assert (answer.body["customerId"], said.id, said.more) == (customer_id, customer_id, {"began": watch.unix})


def test_every_code_that_opens_no_session_is_answered_in_the_same_words(watch: Watch) -> None:
    customer_id = register()
    refusals = [told(sign_in("123456"))]  # none was requested
    used = request_code()
    assert sign_in(used).status == 200
    refusals.append(told(sign_in(used)))
    first = request_code()
    second = request_code()
    refusals.append(told(sign_in(first)) if first != second else refusals[0])
    for _ in range(4):
        refusals.append(told(sign_in(wrong(second))))
    refusals.append(told(sign_in(second)))  # right, but tried five times before
    watch.move(minutes=15)
    expired = request_code()
    watch.move(minutes=5)
    refusals.append(told(sign_in(expired)))
    disabled = request_code()
    service.disable(customer_id)
    refusals.append(told(sign_in(disabled)))
    refusals.append(told(sign_in(request_code(UNKNOWN), UNKNOWN)))
    service.erase(customer_id)
    assert {str(refusal) for refusal in refusals} == {str(refusals[0])}
    assert refusals[0][0] == 403


def test_a_number_that_nobody_has_is_treated_as_one_that_somebody_has(watch: Watch) -> None:
    """The same answers, tries, limits and commits: nothing tells which number is known."""
    register()
    seen: dict[str, list[Any]] = {NUMBER: [], UNKNOWN: []}
    for number, kiosk in ((NUMBER, A_KIOSK), (UNKNOWN, ANOTHER_KIOSK)):
        for _ in range(4):
            code, before = None, commits()
            answer = ask("/codes", {"smsNumber": number}, kiosk)
            seen[number].append((told(answer), sorted(answer.headers), len(str(answer.body)), commits() - before))
        code = codes.code(codes.phone_id(number), 3)
        for _ in range(6):
            before = commits()
            answer = sign_in(wrong(code), number, kiosk)
            seen[number].append((told(answer), sorted(answer.headers), commits() - before))
    assert seen[NUMBER] == seen[UNKNOWN]
    assert [entry[0][0] for entry in seen[NUMBER]] == [200, 200, 200, 429, *[403] * 6]


def test_a_limit_says_when_to_ask_again(watch: Watch) -> None:
    for _ in range(3):
        request_code()
    watch.move(minutes=5)
    refused = ask("/codes", {"smsNumber": NUMBER})
    assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (429, "too_many", "600")
    watch.move(minutes=10)
    assert request_code()


def test_a_kiosk_requests_no_more_codes_than_it_may_whatever_the_numbers() -> None:
    for n in range(20):
        request_code(f"+1 555 {n:04}")
    assert ask("/codes", {"smsNumber": "+1 555 9999"}).status == 429
    assert sessions.phones.find(codes.phone_id("+1 555 9999")) is None
    assert ask("/codes", {"smsNumber": "+1 555 9999"}, ANOTHER_KIOSK).status == 200


def test_a_kiosk_tries_no_more_codes_than_it_may_whatever_the_numbers(watch: Watch) -> None:
    register()
    for n in range(30):
        assert sign_in("123456", f"+1 555 {n:04}").status == 403
    code = request_code()
    assert sign_in(code).status == 429
    watch.move(minutes=10)
    assert sign_in(request_code()).status == 200


def test_a_code_with_spaces_is_read_and_one_of_another_form_is_refused_before_it_counts() -> None:
    register()
    code = request_code()
    before = commits()
    for other in ("", " ", "12345", "1234567", "12345a", "１２３４５６"):
        refused = sign_in(other)
        assert (refused.status, refused.body["detail"]) == (400, "the code must have 6 digits")
    for blank in ("", "  "):
        assert ask("/codes", {"smsNumber": blank}).status == 400
        assert sign_in(code, blank).status == 400
    assert commits() == before
    assert sign_in(f"{code[:3]} {code[3:]}").status == 200


def test_a_code_sent_by_one_kiosk_may_be_typed_at_another() -> None:
    register()
    assert sign_in(request_code(), caller=ANOTHER_KIOSK).status == 200


# Who has a number


def test_of_several_customers_with_a_number_the_one_who_registered_last_and_is_enabled_has_the_session(
    watch: Watch,
) -> None:
    ids = []
    for _ in range(3):
        ids.append(register())
        watch.move(minutes=1)
    for _ in range(2):
        assert sign_in(request_code()).body["customerId"] == ids[-1]
        watch.move(minutes=15)
        service.disable(ids.pop())
        index()
    service.change_language(ids[0], "es")
    index()
    assert sign_in(request_code()).body["customerId"] == ids[0]


def test_a_customer_who_changed_the_number_is_found_by_the_new_one_alone() -> None:
    customer_id = register()
    service.change_sms_number(customer_id, UNKNOWN)
    assert sign_in(request_code()).status == 403, "the index is behind: the customer decides"
    index()
    assert sign_in(request_code()).status == 403
    assert sign_in(request_code(UNKNOWN), UNKNOWN).body["customerId"] == customer_id


def test_an_enabled_customer_is_found_again_and_an_erased_one_never(watch: Watch) -> None:
    customer_id = register()
    service.disable(customer_id)
    index()
    service.enable(customer_id)
    index()
    assert sign_in(request_code()).status == 200
    service.erase(customer_id)
    index()
    hand_over(inbox, list(reversed(promised())))
    assert sign_in(request_code()).status == 403
    views = runtime.current().views
    assert isinstance(views, MemoryViews)
    assert codes.phone_id(NUMBER) not in str(views.items), "the digest goes with the erasure"
    assert NUMBER not in str(views.items)


def test_rows_are_right_whatever_the_order_in_which_messages_arrive() -> None:
    customer_id = register()
    service.disable(customer_id)
    service.change_sms_number(customer_id, UNKNOWN)
    service.enable(customer_id)
    hand_over(inbox, list(reversed(promised())))
    index()
    assert sign_in(request_code(UNKNOWN), UNKNOWN).body["customerId"] == customer_id
    assert sign_in(request_code()).status == 403


# What is sent


def code_found(request: int, number: str = NUMBER) -> Any:
    data = {"phone_id": codes.phone_id(number), "request": request}
    return queries.handle({"query": "FindOneTimeCode", "data": data})


def test_the_newest_code_is_told_with_number_and_language_to_who_sends_it() -> None:
    customer_id = register()
    service.change_language(customer_id, "es")
    old, code = request_code(), request_code()
    assert code_found(2)["answer"] == {"sms_number": "+15550100", "language": "es", "code": code}
    assert "not_found" in code_found(1), old


def test_a_code_is_sent_to_the_number_that_it_proves_however_a_customer_wrote_it(watch: Watch) -> None:
    """Else who registers by a number that is compared as another's but dialled otherwise gets the other's code."""
    victim = register()
    watch.move(minutes=1)
    thief = register("+1555(0)0100")
    index()
    code = request_code()
    assert code_found(1)["answer"]["sms_number"] == "+15550100"
    service.erase(thief)
    index()
    assert sign_in(code).body["customerId"] == victim


@pytest.mark.parametrize("why", ["expired", "used", "tried", "disabled", "erased", "of nobody", "never requested"])
def test_a_code_that_opens_no_session_is_told_to_nobody(why: str, watch: Watch) -> None:
    customer_id = register()
    code = request_code()
    request_code(UNKNOWN)
    assert "answer" in code_found(1)
    if why == "expired":
        watch.move(minutes=5)
    elif why == "used":
        sign_in(code)
    elif why == "tried":
        for _ in range(5):
            sign_in(wrong(code))
    elif why in ("disabled", "erased"):
        {"disabled": service.disable, "erased": service.erase}[why](customer_id)
    request = 2 if why == "never requested" else 1
    assert "not_found" in code_found(request, UNKNOWN if why == "of nobody" else NUMBER)


def test_a_request_is_published_without_number_code_and_customer() -> None:
    customer_id = register()
    code = request_code()
    message = promised()[-1]
    assert message.name == "OneTimeCodeRequested"
    assert message.detail["data"] == {
        "phone_id": codes.phone_id(NUMBER),
        "request": 1,
        "expires_at": "2026-03-14T09:05:00.000000Z",
    }
    for secret in (code, "555", customer_id):
        assert secret not in str(message.detail["data"])


def test_no_stream_of_a_phone_names_number_code_or_customer() -> None:
    customer_id = register()
    code = request_code()
    sign_in(wrong(code))
    sign_in(code)
    store = runtime.current().store
    stored = list(store.forwards(Phone.stream(codes.phone_id(NUMBER))))
    assert len(stored) == 3
    for secret in (code, wrong(code), NUMBER, "5550100", customer_id):
        assert secret not in str(stored)


def test_a_code_opens_no_session_of_somebody_who_had_the_number_before_by_a_row_of_a_restored_vault(
    watch: Watch,
) -> None:
    ada, backup = register(), vault_rows()
    service.change_sms_number(ada, "+1 555 0177")
    restore(backup)
    eve = register()  # who has the number now
    code = request_code()
    found = queries.handle({"query": "FindOneTimeCode", "data": {"phone_id": codes.phone_id(NUMBER), "request": 1}})
    assert found["answer"]["code"] == code
    service.erase(eve)
    assert sign_in(code).status == 403


def test_a_row_of_a_restored_vault_keeps_nobody_from_a_code_who_has_the_number(watch: Watch) -> None:
    bob = register()
    watch.move(minutes=1)
    ada, backup = register(), vault_rows()
    service.change_sms_number(ada, "+1 555 0177")
    restore(backup)
    assert sign_in(request_code()).body["customerId"] == bob


def vault_rows() -> dict[Key, dict[str, Any]]:
    """A copy of the rows of the vault."""
    return copy.deepcopy(memory_vault().rows)


def restore(backup: dict[Key, dict[str, Any]]) -> None:
    memory_vault().tables["vault"] = backup


def memory_vault() -> MemoryVault:
    vault = runtime.current().vault
    assert isinstance(vault, MemoryVault)
    return vault
