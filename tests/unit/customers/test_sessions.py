"""Sessions: who gets one without a code, and for how long."""

from typing import Any

import pytest

from functions.customers import service
from functions.customers.queries import queries
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from functions.kernel.runtime.context import CUSTOMER, KIOSK, Caller
from functions.kernel.runtime.runtime import Runtime
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.promised import promised
from tests.unit.customers.kiosk import (
    ANOTHER_KIOSK,
    NUMBER,
    UNKNOWN,
    Watch,
    ask,
    claims,
    register,
    told,
)

# A kiosk, and whom it has just registered


def test_a_kiosk_opens_a_session_for_whom_it_has_just_registered(watch: Watch) -> None:
    customer_id = register()
    watch.move(minutes=9, seconds=59)
    answer = ask(f"/{customer_id}/sessions")
    assert answer.body.keys() == {"token", "expiresAt"}
    said = claims(answer)
    assert (said.role, said.id, said.more) == (CUSTOMER, customer_id, {"began": watch.unix})
    assert answer.body["expiresAt"] == "2026-03-14T09:24:59.000000Z"


def test_after_ten_minutes_a_kiosk_must_have_the_phone_proven(watch: Watch) -> None:
    customer_id = register()
    watch.move(minutes=10)
    answer = ask(f"/{customer_id}/sessions")
    assert answer.status == 403
    assert "prove the phone by a one-time code" in answer.body["detail"]


def test_a_kiosk_learns_nothing_of_anyone_whom_it_has_not_registered() -> None:
    by_another, by_staff, disabled, erased = (
        register(caller=ANOTHER_KIOSK),
        register(caller=CLERK),
        *(register() for _ in range(2)),
    )
    service.disable(disabled)
    service.erase(erased)
    answers = {id: told(ask(f"/{id}/sessions")) for id in (by_another, by_staff, disabled, erased, "nobody")}
    assert {(status, body["detail"].replace(id, "…")) for id, (status, body) in answers.items()} == {
        (404, "there is no customer …")
    }


def test_a_customer_registered_before_kiosks_were_kept_gets_none_without_a_code() -> None:
    registered = StoredEvent.of("Registered", 1, {"name": "Ada Reyes", "sms_number": NUMBER, "language": "en"})
    state = {"status": "enabled", "name": "Ada Reyes", "sms_number": NUMBER, "language": "en"}
    for id, snapshot in (("ada", Snapshot.of(2, state, {})), ("eve", None)):
        runtime.current().store.commit(
            Commit(
                stream=f"Customer#{id}",
                version=1,
                id="commit-1",
                events=(registered,),
                time="2026-03-14T08:59:00.000000Z",
                snapshot=snapshot,
            )
        )
        assert ask(f"/{id}/sessions").status == 404
        assert ask(f"/{id}/sessions", caller=Caller(KIOSK, "-")).status == 404


# Renewal


def test_a_customer_renews_the_session_and_it_goes_on_from_when_it_began(watch: Watch) -> None:
    customer_id = register()
    began = watch.unix
    for _ in range(12):
        watch.move(minutes=9)
        said = claims(ask(f"/{customer_id}/sessions", caller=customer(customer_id, began)))
        assert (said.id, said.more, said.issued) == (customer_id, {"began": began}, watch.unix)


def test_a_session_is_not_renewed_two_hours_after_it_began(watch: Watch) -> None:
    customer_id = register()
    began = watch.unix
    watch.move(hours=2, seconds=-1)
    assert ask(f"/{customer_id}/sessions", caller=customer(customer_id, began)).status == 200
    watch.move(seconds=1)
    refused = ask(f"/{customer_id}/sessions", caller=customer(customer_id, began))
    assert refused.status == 403
    assert "prove the phone again" in refused.body["detail"]
    assert ask(f"/{customer_id}/sessions", caller=customer(customer_id)).status == 403


def test_a_customer_gets_no_session_of_another() -> None:
    ada, eve = register(), register(UNKNOWN)
    now = int(clock.now().timestamp())
    another, unknown = (ask(f"/{id}/sessions", caller=customer(ada, now)) for id in (eve, "nobody"))
    assert another.status == unknown.status == 404
    assert another.body["detail"].replace(eve, "…") == unknown.body["detail"].replace("nobody", "…")


def test_a_disabled_or_erased_customer_renews_no_session(watch: Watch) -> None:
    customer_id = register()
    mine = customer(customer_id, watch.unix)
    service.disable(customer_id)
    assert ask(f"/{customer_id}/sessions", caller=mine).status == 403
    service.enable(customer_id)
    assert ask(f"/{customer_id}/sessions", caller=mine).status == 200
    service.erase(customer_id)
    assert ask(f"/{customer_id}/sessions", caller=mine).status == 404


def test_the_authorizer_is_told_whether_a_customer_may_act() -> None:
    customer_id = register()

    def status() -> Any:
        return queries.handle({"query": "FindCustomerStatus", "data": {"customer_id": customer_id}})

    state = {"customer_id": customer_id, "language": "en"}
    assert status()["answer"] == {**state, "enabled": True, "version": 1}
    service.disable(customer_id)
    assert status()["answer"] == {**state, "enabled": False, "version": 2}
    service.erase(customer_id)
    assert status() == {"not_found": f"there is no customer {customer_id}"}


@pytest.mark.parametrize("path", ["/ada/sessions", "/codes", "/sessions"])
@pytest.mark.parametrize(
    ("caller", "status"), [(NOBODY, 401), (CLERK, 403), (OPERATOR_ON_CALL, 403), (robot("r"), 403)]
)
def test_nobody_else_has_to_do_with_sessions(path: str, caller: Caller, status: int) -> None:
    assert ask(path, {"smsNumber": NUMBER, "code": "123456"}, caller).status == status
    assert promised() == []


@pytest.mark.parametrize("path", ["/codes", "/sessions"])
def test_a_customers_session_has_nothing_to_do_with_codes(path: str) -> None:
    assert ask(path, {"smsNumber": NUMBER, "code": "123456"}, customer("ada", 0)).status == 403


def test_a_session_is_not_opened_while_no_key_signs(runtime: Runtime) -> None:
    customer_id = register()
    runtime.token_keys = lambda: ""
    assert ask(f"/{customer_id}/sessions").status == 503


def test_only_a_kiosk_is_remembered_as_having_registered_a_customer() -> None:
    assert service.customer(register()).kiosk_id == A_KIOSK.id
    assert service.customer(register(caller=CLERK)).kiosk_id == ""
