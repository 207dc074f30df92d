"""docs/budgets.md adds up: every number is the code's, and every function ends by itself."""

import re
from pathlib import Path

import pytest

from functions.kernel.composition.adapters import PAUSE
from functions.kernel.messaging.sweep import SECONDS
from functions.kernel.runtime import budget
from infra.queues import FUNCTION_TIMEOUT
from infra.service import API_TIMEOUT, QUERIES_TIMEOUT

PAGE = (Path(__file__).parents[2] / "docs" / "budgets.md").read_text()
CALLS = {
    "DynamoDB, SQS, Secrets Manager": (budget.TRIES, budget.BACK_OFF),
    "a query to its owner (Lambda)": (budget.TRIES, budget.BACK_OFF),
    "PutEvents, of up to ten messages": (budget.TRIES, PAUSE),
    "a text by SNS": (1, 0),
    "a call of the payment provider": (1, 0),
}
FUNCTIONS = {
    "Api": API_TIMEOUT,
    "Queries": QUERIES_TIMEOUT,
    "a worker of a queue": FUNCTION_TIMEOUT,
    "Relay": FUNCTION_TIMEOUT,
}


def row(name: str) -> list[str]:
    """The cells of a table's row, after its name."""
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_takes_as_long_as_its_tries_and_what_is_between_them(call: str) -> None:
    tries, between = CALLS[call]
    together = tries * budget.TRY + (tries - 1) * between
    assert [float(cell) for cell in row(call)[1:]] == [tries, budget.TRY, between, together]
    assert together <= budget.CALL


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_ends_before_its_timeout_however_many_calls_hang(function: str) -> None:
    timeout = FUNCTIONS[function]
    last = timeout - budget.TRY - budget.RESERVE
    ends = last + budget.TRY
    assert [float(cell) for cell in row(function)] == [timeout, budget.CALL + budget.RESERVE, last, ends]
    assert last > 0
    assert ends + budget.RESERVE <= timeout
    if function != "Queries":
        assert timeout >= budget.CALL + budget.RESERVE


def test_a_message_begins_only_with_time_for_a_whole_call() -> None:
    assert row("a message of a batch of ten (but the first)")[0] == f"{budget.MESSAGE} s"
    assert row("a step of a sweep")[0] == f"{budget.MESSAGE} s, and {SECONDS} s after the sweep began at the latest"
    assert budget.CALL + budget.RESERVE == budget.MESSAGE


def test_of_ten_texts_that_hang_as_many_are_tried_as_the_page_says() -> None:
    begun = [at for at in range(0, FUNCTION_TIMEOUT, budget.TRY) if FUNCTION_TIMEOUT - at >= budget.MESSAGE]
    [said] = re.findall(r"at ([\d, and]+) s; the others", PAGE)
    assert [int(at) for at in re.findall(r"\d+", said)] == begun
