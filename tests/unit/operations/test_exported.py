"""A letter is exported as a unit test that runs: it fails as the letter did, and passes once the cause is mended."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from events.baskets import BasketCheckedOut
from events.checkout import ApproveOrder, AuthorizeCustomer
from events.customers import CustomerRegistered
from events.depot import ShoppingListCompleted
from events.ordering import OrderCreated
from events.queries import TimelineMessage
from events.registry import Message
from functions.kernel.domain.errors import RefusedError
from functions.operations import exported, forms
from functions.operations.letters import Letter
from language.story import sample as story
from tests.support.delivery import body_of as body_of_detail
from tests.support.delivery import delivered
from tests.support.letter_tests import refusal
from tests.support.letters import QUEUES, sample

ROOT = Path(__file__).parents[3]


def letter(body: str, queue: str = "depot/inbox/dead-letters", **changes: Any) -> Letter:
    return forms.read(QUEUES[queue], sample("inbox", body=body, **changes)[1])


def body_of(message: Message, **changes: Any) -> str:
    body: str = delivered(message, **changes)["Records"][0]["body"]
    return body


def of_story(message: type[Message], number: int) -> TimelineMessage:
    """A message of the samples' story, as insights shows it."""
    detail = story(message)
    shown = {**detail["metadata"], "id": f"earlier-{number}", "data": detail["data"]}
    return TimelineMessage.model_validate(shown, extra="ignore")


def as_published(message: Message, number: int) -> TimelineMessage:
    """A message as insights shows it."""
    metadata = json.loads(body_of(message, id=f"earlier-{number}", stream_version=number))["detail"]["metadata"]
    return TimelineMessage.model_validate({**metadata, "data": message.model_dump(mode="json")}, extra="ignore")


def run(folder: Path, *texts: str) -> str:
    """Run exported tests as a developer does, in one process of their own; what that prints."""
    for number, text in enumerate(texts):
        (folder / f"test_exported_{number}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    options = [f"--rootdir={ROOT}", "-o", "addopts=", "--import-mode=importlib"]
    quick = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([*command, *options], cwd=ROOT, env=quick, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


REGISTERED = CustomerRegistered(customer_id="ada", enabled=True)


def outcome(text: str) -> str:
    """Why an exported test fails, run in this process; empty where it passes."""
    defined: dict[str, Any] = {}
    exec(compile(text, "an exported test", "exec"), defined)  # what a developer would put into a file
    [test] = [member for name, member in defined.items() if name.startswith("test_")]
    try:
        test()
    except AssertionError:
        return refusal(defined["inbox"] if "inbox" in defined else defined["topics"], defined["BODY"], defined["GIVEN"])
    return ""


def test_a_developer_runs_it_as_any_other_test(tmp_path: Path) -> None:
    passes = exported.unit_test(letter(body_of(REGISTERED), "payments/inbox/dead-letters"), ())
    fails = exported.unit_test(letter(body_of(REGISTERED)), ())
    printed = run(tmp_path, passes, fails)
    assert "1 failed, 1 passed" in printed, printed
    assert "depot does not handle CustomerRegistered" in printed


def test_it_passes_where_what_the_handler_needs_was_published_before() -> None:
    failed = letter(body_of_detail(story(ShoppingListCompleted)), "ordering/inbox/dead-letters")
    before = [of_story(BasketCheckedOut, 1), of_story(OrderCreated, 2), of_story(ApproveOrder, 3)]
    assert outcome(exported.unit_test(failed, ())).startswith("NotFoundError: ")
    assert outcome(exported.unit_test(failed, before)) == ""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"detail-type": "OrderAppro', "UndeliverableError: the body is not JSON"),
        ("[7]", "UndeliverableError: the body is not a JSON object"),
        (json.dumps({"detail": {"metadata": {"name": "'\\"}}}), "UndeliverableError: the body holds no envelope"),
    ],
)
def test_it_fails_as_an_unreadable_letter_did(body: str, why: str) -> None:
    assert outcome(exported.unit_test(letter(body), ())).startswith(why)


def test_a_letter_of_topics_and_of_a_dispatcher_are_tests_too() -> None:
    assert outcome(exported.unit_test(forms.read(*sample("topic")), ())).startswith("UndeliverableError: no State")
    dispatcher = letter(body_of(REGISTERED), "depot/dispatcher/dead-letters")
    assert "does not handle CustomerRegistered" in outcome(exported.unit_test(dispatcher, ()))


def test_what_was_published_later_and_the_message_itself_are_no_part_of_it() -> None:
    failed = letter(body_of(AuthorizeCustomer(order_id="order-1", customer_id="ada"), id="earlier-1"))
    shown = [as_published(REGISTERED, 1), as_published(REGISTERED, 2).model_copy(update={"time": "2027"})]
    assert exported.unit_test(failed, shown).count("'detail-type'") == 1


def test_a_letter_of_a_relay_has_no_handler_to_test() -> None:
    with pytest.raises(RefusedError):
        exported.unit_test(forms.read(*sample("relay")), ())


def test_the_text_is_formatted_as_the_repository_wants_it(tmp_path: Path) -> None:
    file = tmp_path / "test_exported_letter.py"
    file.write_text(exported.unit_test(letter(body_of(REGISTERED)), [as_published(REGISTERED, 1)]))
    command = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_a_sender_chose_is_no_code_of_the_test() -> None:
    name = 'state"""\nraise SystemExit("from the name")\n"""\x00'
    body = json.dumps({"topic": name, "robot": "r1", "payload": "e30=", "received": 1})
    found = letter(body, "fleet/topics/dead-letters", attributes={"reason": name, "error": name, "tries": "1"})
    text = exported.unit_test(found, ())
    parts = [type(part).__name__ for part in ast.parse(text).body]
    assert parts == ["Expr", "ImportFrom", "ImportFrom", "Assign", "Assign", "FunctionDef"]
    assert "does not handle the topic" in outcome(text)


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, '{"a":' * 150 + "1" + "}" * 150, '{"a": NaN}', '{"a": 1e999}'],
    ids=["array", "deep", "deeper than source may be", "no number", "no number of Python"],
)
def test_a_body_that_no_source_could_hold_as_an_object_is_exported_as_its_text(body: str) -> None:
    defined: dict[str, Any] = {}
    exec(compile(exported.unit_test(letter(body), ()), "an exported test", "exec"), defined)
    assert defined["BODY"] == body
