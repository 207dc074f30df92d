"""Many letters are parked, one after the other: what became of each is said, also where that ends half-way."""

from collections.abc import Callable

import httpx
import pytest

from functions.payments import service as payments
from tests.flow.test_redrive import broken, shoppers
from tests.unit.cli.typed import ClientsMall, CommandLine

ORDERS = 4


@pytest.fixture
def letters(mall: ClientsMall, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    broken(monkeypatch, payments, "create_or_reduce_invoice")
    shoppers(mall, ORDERS)
    mall.pass_time(300)
    mall.operate("collector")
    return [one["id"] for one in cli("dead list --json").data]


Ends = Callable[[str, BaseException], None]


@pytest.fixture
def ends(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Ends:
    """Makes the request about a letter end by an error, once the mall has done it."""

    def make(letter: str, error: BaseException) -> None:
        def answer(transport: object, request: httpx.Request) -> httpx.Response:
            response = cli._answer(request)
            if f"{letter}/park" in str(request.url):
                raise error
            return response

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)

    return make


def parked(cli: CommandLine) -> set[str]:
    return {one["id"] for one in cli("dead list --state parked --json").data}


def tried(cli: CommandLine, letters: list[str]) -> list[bool]:
    return [any(f"{id}/park" in one for one in cli.requests) for id in letters]


def test_a_letter_that_is_named_twice_is_taken_once(cli: CommandLine, letters: list[str]) -> None:
    first, second, *_ = letters
    ran = cli(f"dead park {first} {first[:-2]} {second} {first} --reason later --yes --json")
    assert ran.data["park"] == [first, second]
    assert "would reopen 1 letter;" in cli(f"dead reopen {first} {first} --dry-run").err


def test_ctrl_c_shows_what_was_done_and_what_may_be_and_what_was_not_tried(
    cli: CommandLine, letters: list[str], ends: Ends
) -> None:
    first, second, third, fourth = letters
    ends(second, KeyboardInterrupt())
    ran = cli(f"dead park {' '.join(letters)} --reason later --yes --json", code=130)
    assert ran.data == {"park": [first], "refused": {}, "unknown": [second], "notTried": [third, fourth]}
    assert f"park: 1 of 4 letters; it is not known whether {second} is done; not tried: {third}, {fourth}" in ran.err
    assert tried(cli, letters) == [True, True, False, False]
    assert parked(cli) == {first, second}


def test_a_letter_whose_answer_was_lost_may_be_done_and_the_others_are_not_tried(
    cli: CommandLine, letters: list[str], ends: Ends
) -> None:
    first, second, third, fourth = letters
    ends(second, httpx.ReadTimeout("timed out"))
    ran = cli(f"dead park {' '.join(letters)} --reason later --yes --json", code=4)
    assert ran.data == {"park": [first], "refused": {}, "unknown": [second], "notTried": [third, fourth]}
    assert "does not answer (timed out)" in ran.err
    assert "start it: make up" in ran.err
    assert tried(cli, letters) == [True, True, False, False]


@pytest.mark.parametrize(("status", "may_be_done"), [(401, False), (403, False), (500, True), (502, True)])
def test_what_would_end_each_of_them_in_the_same_way_ends_at_the_first(
    cli: CommandLine, letters: list[str], status: int, may_be_done: bool
) -> None:
    first, second, third, fourth = letters
    cli.failing[f"/api/operations/letters/{second}/park"] = httpx.Response(status, json={"code": "x", "message": "no"})
    ran = cli(f"dead park {' '.join(letters)} --reason later --yes --json", code=4)
    assert ran.data["park"] == [first]
    assert ran.data["unknown"] == [second] * may_be_done
    assert ran.data["notTried"] == [second, third, fourth][may_be_done:]
    assert tried(cli, letters) == [True, True, False, False]
    assert "mallbots " in ran.err


def test_a_letter_that_is_refused_does_not_end_the_others(cli: CommandLine, letters: list[str]) -> None:
    first, second, *_ = letters
    cli(f"dead discard {first} --reason gone --yes")
    ran = cli(f"dead park {first} {second} --reason later --yes --json", code=4)
    assert (ran.data["park"], [*ran.data["refused"]]) == ([second], [first])
    assert first in cli(f"dead park {first} --reason later --yes", code=1).err
