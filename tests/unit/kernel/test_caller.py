"""Who is asking: read off the request's context, and judged where the route is declared."""

from typing import Any

import pytest

from functions.kernel.domain.errors import ForbiddenError, NotFoundError
from functions.kernel.rest.caller import NO_TOKEN, UNCHECKED, caller
from functions.kernel.rest.http import Api
from functions.kernel.runtime import context, ownership
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, ROLES, STAFF, Caller, Context
from tests.support.callers import NOBODY
from tests.support.jar_api import Created, Fill, api, ask, gateway_event

ADA = Caller(CUSTOMER, "ada")


def told(context: Any) -> dict[str, Any]:
    """A request of which the authorizer said this."""
    event = gateway_event("GET", "/api/jars/j")
    event["requestContext"]["authorizer"] = context
    return event


@pytest.mark.parametrize("role", ROLES)
def test_the_caller_is_whom_the_authorizer_named(role: str) -> None:
    assert caller(told({"lambda": {"role": role, "id": "one"}})) == Caller(role, "one")


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"lambda": None},
        {"lambda": {}},
        {"lambda": {"reason": "the token has expired"}},
        {"lambda": {"role": "guest", "id": "one"}},
        {"lambda": {"role": "staff"}},
        {"lambda": {"role": "staff", "id": ""}},
        {"lambda": {"role": "staff", "id": 1}},
        {"lambda": {"role": ["staff"], "id": "one"}},
        {"role": "staff", "id": "one"},
        {"jwt": {"claims": {"role": "staff", "id": "one"}}},
        {"iam": {"role": "staff", "id": "one"}},
    ],
)
def test_whatever_else_was_said_names_nobody(said: Any) -> None:
    assert caller(told(said)) == NOBODY


def test_nothing_that_a_client_sends_names_a_caller() -> None:
    event = gateway_event("GET", "/api/jars/j?role=staff&id=one", headers={"x-role": "staff", "role": "staff"})
    del event["requestContext"]["authorizer"]
    event["authorizer"] = {"lambda": {"role": "staff", "id": "one"}}
    assert caller(event) == NOBODY


def answer_to(reason: object) -> dict[str, Any]:
    answer: dict[str, Any] = api.handle(told({"lambda": {"reason": reason}} if reason else None))
    return answer


@pytest.mark.parametrize(
    ("reason", "challenge"),
    [
        ("the token has expired", 'Bearer error="invalid_token"'),
        (NO_TOKEN, "Bearer"),
        (None, "Bearer"),
        ("", "Bearer"),
    ],
)
def test_without_a_caller_a_route_with_roles_is_401_and_says_why(reason: str | None, challenge: str) -> None:
    answer = answer_to(reason)
    assert (answer["statusCode"], answer["headers"]["WWW-Authenticate"]) == (401, challenge)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert f'"detail":"{reason or NO_TOKEN}"' in answer["body"]
    assert '"code":"unauthenticated"' in answer["body"]


def test_a_token_that_could_not_be_checked_is_503_and_says_when_to_ask_again() -> None:
    answer = answer_to(UNCHECKED)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "60")
    assert "WWW-Authenticate" not in answer["headers"]


@pytest.mark.parametrize(
    ("role", "may", "status"),
    [
        (STAFF, [STAFF], 200),
        (OPERATOR, [STAFF], 200),
        (OPERATOR, [OPERATOR], 200),
        (STAFF, [OPERATOR], 403),
        (OPERATOR, [CUSTOMER], 403),
        (KIOSK, [STAFF, CUSTOMER], 403),
        (BOT, [STAFF, CUSTOMER], 403),
        (BOT, [CUSTOMER, BOT], 200),
        (CUSTOMER, [STAFF], 403),
        (None, [STAFF], 401),
        (None, ROLES, 401),
    ],
)
def test_a_role_may_use_the_routes_that_name_it_and_an_operator_what_staff_may(
    role: str | None, may: list[str], status: int
) -> None:
    guarded = Api("guarded")

    @guarded.get("/api/guarded", may=may)
    def answer() -> Created:
        return Created(id="in")

    who = Caller(role, "one") if role else NOBODY
    response = ask("GET", "/api/guarded", api=guarded, caller=who)
    assert response.status == status
    assert "WWW-Authenticate" not in response.headers or status in (401, 403)
    if status == 403:
        assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


def test_whoever_may_not_use_a_route_is_told_so_before_anything_is_read_of_the_request() -> None:
    for who, status in ((ADA, 403), (NOBODY, 401)):
        assert ask("POST", "/api/jars", "no JSON", {"Idempotency-Key": ""}, caller=who).status == status


def test_an_open_route_asks_nobody() -> None:
    assert ask("GET", "/api/jars/largest", caller=NOBODY).status == 200
    assert ask("GET", "/api/jars/largest", caller=ADA).status == 200


def kept(key: str, who: Caller, role: str = STAFF) -> str:
    """The id of what a caller creates under an Idempotency-Key."""
    made = Api("made")

    @made.post("/api/made", may=ROLES)
    def create(body: Fill) -> Created:
        return Created(id=context.current().new_id())

    answer = ask("POST", "/api/made", {"coins": 1}, {"Idempotency-Key": key}, api=made, caller=who)
    return str(answer.body["id"])


@pytest.mark.usefixtures("running")
def test_an_idempotency_key_belongs_to_one_role_and_id() -> None:
    callers = [ADA, Caller(CUSTOMER, "grace"), Caller(STAFF, "ada"), Caller(OPERATOR, "ada"), Caller(BOT, "ada")]
    assert len({kept("k", who) for who in callers}) == len(callers)
    assert kept("k", ADA) == kept("k", ADA)


@pytest.mark.parametrize(("one", "other"), [(Caller(CUSTOMER, "a:b"), Caller("customer:a", "b"))])
def test_no_two_callers_have_one_name_in_commits(one: Caller, other: Caller) -> None:
    assert caller(told({"lambda": {"role": other.role, "id": other.id}})) == NOBODY
    assert one.actor == "customer:a:b"


@pytest.mark.parametrize(
    ("who", "role", "sees"),
    [
        (ADA, CUSTOMER, True),
        (Caller(CUSTOMER, "grace"), CUSTOMER, False),
        (Caller(CUSTOMER, "ADA"), CUSTOMER, False),
        (Caller(STAFF, "clerk"), CUSTOMER, True),
        (Caller(OPERATOR, "boss"), CUSTOMER, True),
        (NOBODY, CUSTOMER, True),
        (Caller(BOT, "ada"), BOT, True),
        (Caller(BOT, "robot-1"), BOT, False),
    ],
)
def test_whose_a_thing_is_counts_for_customers_and_robots_alone(who: Caller, role: str, sees: bool) -> None:
    with context.within(Context(caller=who)):
        assert ownership.may_see("ada", role=role) is sees
        if sees:
            ownership.must_own("ada", "there is no such thing", role=role)
        else:
            with pytest.raises(NotFoundError, match="there is no such thing"):
                ownership.must_own("ada", "there is no such thing", role=role)


@pytest.mark.parametrize("owner", [None, "", "grace"])
def test_what_is_nobodys_is_no_customers(owner: str | None) -> None:
    with context.within(Context(caller=ADA)):
        assert not ownership.may_see(owner)


def test_a_customer_who_names_another_is_forbidden_and_staff_name_whom_they_like() -> None:
    with context.within(Context(caller=ADA)):
        ownership.must_be("ada")
        with pytest.raises(ForbiddenError) as refused:
            ownership.must_be("grace")
        assert "grace" not in str(refused.value)
        assert (ownership.own_id(), ownership.own_id(role=BOT)) == ("ada", None)
    with context.within(Context(caller=Caller(STAFF, "clerk"))):
        ownership.must_be("grace")
        assert ownership.own_id() is None


def test_the_systems_own_messages_have_no_caller_and_pass() -> None:
    ownership.must_own("ada", "there is none")
    ownership.must_be("ada")
    assert ownership.own_id() is None
