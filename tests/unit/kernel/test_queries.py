"""Asking the owner, and answering."""

from typing import Any

import pytest
from pydantic import ValidationError

from events.queries import CustomerStatusFound, FindCustomerStatus, FindOrder, OrderFound
from functions.kernel.domain.errors import InvalidError, NotFoundError, UnavailableError
from functions.kernel.messaging.queries import Ask, Queries
from functions.kernel.runtime import runtime
from tests.support.runtime import memory_runtime

MIA = CustomerStatusFound(customer_id="mia", enabled=True, version=2)

queries = Queries("customers")
find_status = Ask(FindCustomerStatus)


@queries.on(FindCustomerStatus)
def find(query: FindCustomerStatus) -> CustomerStatusFound:
    if query.customer_id != "mia":
        raise NotFoundError(f"there is no customer {query.customer_id}")
    return MIA


def asking(invoke: Any) -> Any:
    return runtime.active(memory_runtime("baskets", invoke=invoke))


def test_the_answer_of_the_owner_is_given() -> None:
    asked: list[str] = []

    def invoke(owner: str, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(owner)
        return queries.handle(request)

    with asking(invoke):
        assert find_status(customer_id="mia") == MIA
    assert asked == ["customers"]


def test_what_the_owner_does_not_know_is_not_found() -> None:
    with asking(lambda owner, request: queries.handle(request)), pytest.raises(NotFoundError, match="no customer zoe"):
        find_status(customer_id="zoe")


def test_an_owner_of_another_age_is_understood() -> None:
    def newer(owner: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = queries.handle({**request, "data": {**request["data"], "more": 1}, "more": 1})
        return {"answer": {**answer["answer"], "more": 1}, "more": 1}

    with asking(newer):
        assert find_status(customer_id="mia") == MIA


@pytest.mark.parametrize("result", [{}, {"errorMessage": "it broke"}])
def test_an_owner_that_gives_no_answer_is_unavailable(result: dict[str, Any]) -> None:
    with (
        asking(lambda owner, request: result),
        pytest.raises(UnavailableError, match="customers did not answer FindCustomerStatus"),
    ):
        find_status(customer_id="mia")


def test_a_function_that_may_ask_nobody_says_so() -> None:
    with asking(None), pytest.raises(UnavailableError, match="customers cannot be asked from here"):
        find_status(customer_id="mia")


def test_a_question_must_be_complete() -> None:
    with asking(None), pytest.raises(ValidationError):
        find_status()


@pytest.mark.parametrize("request_", [{"query": "FindOrder", "data": {}}, {}])
def test_a_question_that_a_service_does_not_answer_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match=r"customers does not answer .*: it answers FindCustomerStatus"):
        queries.handle(request_)


def test_a_service_answers_only_what_is_asked_of_it() -> None:
    def find_order(query: FindOrder) -> OrderFound:
        raise NotFoundError("no")

    with pytest.raises(TypeError, match="FindOrder is asked of ordering, not of customers"):
        queries.on(FindOrder)(find_order)
