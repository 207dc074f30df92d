"""A letter is exported as a unit test that runs: it fails as the letter did, and passes once the cause is mended."""

import json
import subprocess
import sys
from collections.abc import Callable
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


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """Runs an exported test as a developer does, in a process of its own."""

    def run(text: str) -> tuple[int, str]:
        file = tmp_path / "test_exported_letter.py"
        file.write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(file)]
        done = subprocess.run(
            [*command, f"--rootdir={ROOT}", "-o", "addopts="], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


REGISTERED = CustomerRegistered(customer_id="ada", enabled=True)


def test_it_passes_where_the_handler_takes_the_message_now(run: Callable[[str], tuple[int, str]]) -> None:
    text = exported.unit_test(letter(body_of(REGISTERED), "payments/inbox/dead-letters"), ())
    code, printed = run(text)
    assert (code, "1 passed" in printed) == (0, True), printed


@pytest.mark.parametrize(
    "body", ['{"detail-type": "OrderAppro', "[7]", '{"detail": {"metadata": {"name": "\'\\"\\\\"}}}']
)
def test_it_fails_as_an_unreadable_letter_did(run: Callable[[str], tuple[int, str]], body: str) -> None:
    code, printed = run(exported.unit_test(letter(body), ()))
    assert (code, "1 failed" in printed) == (1, True), printed
    assert "UndeliverableError" in printed


def test_it_fails_with_the_reason_of_a_message_that_no_handler_takes(run: Callable[[str], tuple[int, str]]) -> None:
    code, printed = run(exported.unit_test(letter(body_of(REGISTERED)), ()))
    assert code == 1
    assert "depot does not handle CustomerRegistered" in printed


def test_a_letter_of_topics_and_of_a_dispatcher_are_tests_too(run: Callable[[str], tuple[int, str]]) -> None:
    topic = forms.read(*sample("topic"))
    code, printed = run(exported.unit_test(topic, ()))
    assert code == 1
    assert "UndeliverableError: no State" in printed
    dispatcher = letter(body_of(REGISTERED), "depot/dispatcher/dead-letters")
    code, printed = run(exported.unit_test(dispatcher, ()))
    assert code == 1
    assert "does not handle CustomerRegistered" in printed


def test_what_was_published_before_is_there_for_the_handler(run: Callable[[str], tuple[int, str]]) -> None:
    failed = letter(body_of_detail(story(ShoppingListCompleted)), "ordering/inbox/dead-letters")
    code, printed = run(exported.unit_test(failed, ()))
    assert code == 1
    assert "NotFoundError: " in printed
    before = [of_story(BasketCheckedOut, 1), of_story(OrderCreated, 2), of_story(ApproveOrder, 3)]
    code, printed = run(exported.unit_test(failed, before))
    assert (code, "1 passed" in printed) == (0, True), printed


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
