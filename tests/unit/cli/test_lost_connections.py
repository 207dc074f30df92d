"""A connection that is lost: what is asked is asked again, once, and what waits looks again until its time is over."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.unit.cli.typed import ClientsMall, CommandLine


@pytest.fixture
def order(mall: ClientsMall) -> str:
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(20)
    return shopper.basket_id


Loses = Callable[..., None]


@pytest.fixture
def loses(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Loses:
    """Has so many answers to a method and a path lost, each after the mall gave it, but for the first so many."""

    def make(method: str, path: str, times: int, after: int = 0) -> None:
        count = {"asked": 0}

        def answer(transport: object, request: httpx.Request) -> httpx.Response:
            response = cli._answer(request)
            if request.method == method and path in str(request.url):
                count["asked"] += 1
                if after < count["asked"] <= after + times:
                    raise httpx.ReadTimeout("timed out", request=request)
            return response

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)

    return make


def test_a_write_whose_answers_are_lost_is_done_once(cli: CommandLine, loses: Loses) -> None:
    loses("POST", "/api/depot/bots", 3)
    made = cli("robot register Hektor --yes --json").data
    cli.mall.settle()
    assert [one["id"] for one in cli("robot list --json").data] == [made["id"]]


def test_a_write_that_has_no_answer_may_have_been_done_and_that_is_said(cli: CommandLine, loses: Loses) -> None:
    loses("POST", "/api/depot/bots", 99)
    assert "what it was asked for may have been done" in cli("robot register Hektor --yes", code=1).err
    cli.mall.settle()
    assert [one["name"] for one in cli("robot list --json").data] == ["Hektor"]


def test_what_only_looks_does_not_say_that_anything_may_have_been_done(cli: CommandLine) -> None:
    cli.unreachable = True
    cli.mall.stop("depot")
    assert "may have been done" not in cli("robot list", code=1).err


@pytest.mark.parametrize("status", [0, 503])
def test_wait_looks_again_while_no_answer_comes(
    cli: CommandLine, order: str, loses: Loses, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    loses("GET", f"/api/ordering/{order}", 9, after=1)
    if status:
        answers: list[Any] = [httpx.Response(500, json={"code": "x", "message": "no"})] * 2
        monkeypatch.setattr("clients.cli.orders.order_of", lambda tool, id: id)
        cli.failing = _First(answers, f"/api/ordering/{order}")
    ran = cli(f"wait {order} approved --seconds 60")
    assert "it looks again" in ran.err
    assert ran.out == "approved\n"


class _First(dict[str, httpx.Response]):
    """Answers instead of the mall's, until they are used up."""

    def __init__(self, answers: list[httpx.Response], path: str) -> None:
        self._answers, self._path = answers, path

    def items(self) -> Any:
        return [(self._path, self._answers.pop())] if self._answers else []


def test_wait_ends_once_its_time_is_over_without_an_answer(cli: CommandLine, order: str, loses: Loses) -> None:
    loses("GET", f"/api/ordering/{order}", 999, after=1)
    assert "does not answer" in cli(f"wait {order} approved --seconds 0", code=1).err


def test_top_looks_again_while_no_answer_comes(
    cli: CommandLine, order: str, loses: Loses, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses("GET", "/api/operations/consumers", 8)
    looks: list[float] = []

    def passes(seconds: float) -> None:
        looks.append(seconds)
        if looks.count(5) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", passes)
    ran = cli("top --every 5 --json", code=130)
    assert ran.err.count("it looks again") == 2
    assert '"busy"' in ran.out


def test_top_that_looks_once_ends_without_an_answer(cli: CommandLine, loses: Loses) -> None:
    loses("GET", "/api/operations/consumers", 8)
    assert "does not answer" in cli("top", code=1).err
