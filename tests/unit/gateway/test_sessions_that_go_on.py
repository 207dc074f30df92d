"""What a token says besides goes, by the authorizer, to the use case that renews it: a beginning or a generation."""

from types import SimpleNamespace
from typing import Any

import pytest

from functions.gateway.authorizer import Authorizer
from functions.kernel.rest.caller import caller
from functions.kernel.runtime import token_keys, tokens
from functions.kernel.runtime.context import BOT, CUSTOMER, Caller
from functions.kernel.runtime.runtime import active
from tests.support.callers import customer, request_context, robot
from tests.support.runtime import TOKEN_KEY, memory_runtime


def owners(owner: str, query: dict[str, Any]) -> dict[str, Any]:
    known = {"customers": {"customer_id": "ada", "enabled": True}, "depot": {"bot_id": "ajax", "generation": 1}}
    return {"answer": known[owner]}


def told(token: str) -> dict[str, Any]:
    """What the authorizer answers about a token."""
    adapters = {"published_keys": SimpleNamespace(read=lambda: token_keys.jwks([TOKEN_KEY]))}
    with active(memory_runtime("gateway", invoke=owners, adapters=adapters)):
        answer = Authorizer().handle({"headers": {"Authorization": f"Bearer {token}"}})
    context: dict[str, Any] = answer["context"]
    return context


def issued(role: str, id: str, **more: Any) -> str:
    with active(memory_runtime("customers")):
        return tokens.issue(role, id, **more).token


def seen(context: dict[str, Any]) -> Caller:
    return caller({"requestContext": {"authorizer": {"lambda": context}}})


def test_the_use_case_sees_when_a_session_began() -> None:
    context = told(issued(CUSTOMER, "ada", began=1_767_614_400))
    assert context == {"role": CUSTOMER, "id": "ada", "began": "1767614400"}
    assert seen(context) == customer("ada", 1_767_614_400)
    assert caller({"requestContext": request_context(customer("ada", 7))}) == customer("ada", 7)


@pytest.mark.parametrize("began", [None, "yesterday"])
def test_a_session_that_does_not_say_when_it_began_has_no_beginning(began: Any) -> None:
    context = told(issued(CUSTOMER, "ada", **({} if began is None else {"began": began})))
    assert context == {"role": CUSTOMER, "id": "ada"}
    assert seen(context).began is None


def test_the_use_case_sees_the_generation_of_a_robots_token_which_is_no_session() -> None:
    context = told(issued(BOT, "ajax", generation=1))
    assert context == {"role": BOT, "id": "ajax", "generation": "1"}
    assert seen(context) == robot("ajax", 1) == caller({"requestContext": request_context(robot("ajax"))})


@pytest.mark.parametrize("began", ["", "-1", "1.5", "٣", "x", None, True])
def test_a_beginning_that_is_no_time_is_none(began: Any) -> None:
    assert seen({"role": CUSTOMER, "id": "ada", "began": began}).began is None
