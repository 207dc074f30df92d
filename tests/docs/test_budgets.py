"""docs/budgets.md adds up: every number is the code's, and every function ends by itself."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from functions.depot import matching
from functions.kernel.composition.adapters import PAUSE
from functions.kernel.messaging.sweep import SECONDS
from functions.kernel.runtime import budget
from functions.live import push
from functions.live import service as live
from functions.operations import cloud

PAGE = (Path(__file__).parents[2] / "docs" / "budgets.md").read_text()
CALLS = {
    "DynamoDB, SQS, IoT Core, Secrets Manager, Cognito, Systems Manager": (budget.TRIES, budget.BACK_OFF),
    "a query to its owner (Lambda)": (budget.TRIES, budget.BACK_OFF),
    "PutEvents, of up to ten messages": (budget.TRIES, PAUSE),
    "a text by SNS": (1, 0),
    "a call of the payment provider": (1, 0),
    "a post to a connection (API Gateway)": (1, 0),
}
FUNCTIONS = {
    "Api": ("service", "API_TIMEOUT"),
    "Queries": ("service", "QUERIES_TIMEOUT"),
    "a worker of a queue": ("queues", "FUNCTION_TIMEOUT"),
    "Relay": ("queues", "FUNCTION_TIMEOUT"),
    "Authorizer": ("identity", "AUTHORIZER_TIMEOUT"),
    "Keys": ("identity", "KEYS_TIMEOUT"),
    "Forecast, Replay": ("queues", "FUNCTION_TIMEOUT"),
    "a run of operations": ("operations", "SCHEDULED_TIMEOUT"),
}


def timeout_of(function: str) -> int:
    """In seconds. Imported when a test needs it: the CDK starts a process of Node, also where nothing is run."""
    module, name = FUNCTIONS[function]
    timeout: int = getattr(import_module(f"infra.{module}"), name)
    return timeout


def row(name: str) -> list[str]:
    """The cells of a table's row, after its name."""
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_takes_as_long_as_its_tries_and_what_is_between_them(call: str) -> None:
    tries, between = CALLS[call]
    one_try = 2 * push.SECONDS if "post" in call else budget.TRY
    together = tries * one_try + (tries - 1) * between
    assert [float(cell) for cell in row(call)[1:]] == [tries, one_try, between, together]
    assert together <= budget.CALL


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_ends_before_its_timeout_however_many_calls_hang(function: str) -> None:
    timeout = timeout_of(function)
    last = timeout - budget.TRY - budget.RESERVE
    ends = last + budget.TRY
    assert [float(cell) for cell in row(function)] == [timeout, budget.CALL + budget.RESERVE, last, ends]
    assert last > 0
    assert ends + budget.RESERVE <= timeout
    if function != "Queries":
        assert timeout >= budget.CALL + budget.RESERVE


@pytest.mark.parametrize(
    ("what", "one_try", "function"),
    [("within a request", cloud.SHORT_CALL, "Api"), ("by a schedule", cloud.LONGEST_CALL, "a run of operations")],
)
def test_a_function_that_is_waited_for_leaves_time_to_the_one_that_waits(
    what: str, one_try: int, function: str
) -> None:
    needed = one_try + budget.RESERVE
    assert row(what)[:2] == [f"{one_try} s", f"{needed} s"]
    assert needed < timeout_of(function)


def test_a_message_begins_only_with_time_for_a_whole_call() -> None:
    assert row("a message of a batch of ten (but the first)")[0] == f"{budget.MESSAGE} s"
    assert row("a step of a sweep")[0] == f"{budget.MESSAGE} s, and {SECONDS} s after the sweep began at the latest"
    assert row("a look of the dispatcher (but the first)")[0] == (
        f"{budget.MESSAGE} s, and {matching.SECONDS} s after the first began at the latest"
    )
    assert row("a minute of a roll-up (but the first)")[0] == (
        f"{budget.MESSAGE} s, and {SECONDS} s after it began at the latest"
    )
    followed = "a message of a batch that something follows (`after_a_batch`), in a standard queue"
    assert row(followed)[0] == f"{budget.MESSAGE + budget.AFTERWARDS} s"
    assert row("a post of what a batch changed")[0] == (
        f"{budget.TRY + budget.RESERVE} s, and {live.POSTING} s after the first began at the latest"
    )
    assert budget.CALL + budget.RESERVE == budget.MESSAGE


def test_a_call_without_which_there_is_an_answer_begins_only_with_time_for_its_tries_and_the_answer() -> None:
    name, left, most = "the names of customers in what search shows", budget.OPTIONAL, budget.OPTIONAL - budget.RESERVE
    assert row(name) == [f"{left} s", f"it takes {most} s at most; without it the orders have no names of customers"]


def test_of_ten_texts_that_hang_as_many_are_tried_as_the_page_says() -> None:
    timeout = timeout_of("a worker of a queue")
    begun = [at for at in range(0, timeout, budget.TRY) if timeout - at >= budget.MESSAGE]
    [said] = re.findall(r"at ([\d, and]+) s; the others", PAGE)
    assert [int(at) for at in re.findall(r"\d+", said)] == begun


def test_no_test_of_the_docs_starts_the_cdk_when_it_is_collected() -> None:
    modules = ", ".join(f"tests.docs.{file.stem}" for file in Path(__file__).parent.glob("test_*.py"))
    script = f"import sys, {modules}; sys.exit('jsii' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0
