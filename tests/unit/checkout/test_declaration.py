"""The declaration of the create-order saga against the published language."""

from events.checkout import SagaMoved, SagasDue, SagaWatchEnds, StepTimedOut
from events.ordering import OrderCancelled, OrderCreated
from events.registry import Command, Kind, Reply, language
from functions.checkout.domain import CreateOrderSaga
from functions.checkout.inbox import inbox
from functions.kernel.domain.saga import LONGEST_TIMEOUT, Request
from functions.kernel.runtime.runtime import LONGEST_DELAY

UNDOS = [step.undo for step in CreateOrderSaga.steps if step.undo]
REQUESTS: list[Request] = [CreateOrderSaga.first_undo, *(step.request for step in CreateOrderSaga.steps), *UNDOS]


def test_the_steps_are_those_of_the_domain_in_their_order() -> None:
    steps = [(step.request.command, step.undo.command if step.undo else None) for step in CreateOrderSaga.steps]
    assert (CreateOrderSaga.first_undo.command, steps) == (
        "RejectOrder",
        [
            ("AuthorizeCustomer", None),
            ("CreateShoppingList", "CancelShoppingList"),
            ("ConfirmPayment", "VoidPayment"),
            ("InitiateShopping", "CancelShoppingList"),
            ("ApproveOrder", None),
        ],
    )


def test_the_first_three_steps_are_asked_at_once_and_each_other_after_the_one_before() -> None:
    assert [len(stage) for stage in CreateOrderSaga.stages] == [3, 1, 1]


def test_from_step_four_on_steps_retry_forever() -> None:
    assert [step.retry_forever for step in CreateOrderSaga.steps] == [False, False, False, True, True]


def test_every_command_is_one_of_checkouts_and_its_replies_answer_it() -> None:
    known = language()
    for request in REQUESTS:
        command = known[request.command]
        assert issubclass(command, Command)
        assert command.about.source == "checkout"
        answers = {
            name for name, message in known.items() if issubclass(message, Reply) and message.about.answers is command
        }
        assert answers == {request.accepted, request.refused} - {None}


def test_every_command_that_checkout_may_send_is_in_the_declaration() -> None:
    sent = [message for message in language().values() if message.about.source == "checkout"]
    commands = {message.about.name for message in sent if message.about.kind is Kind.COMMAND}
    assert {request.command for request in REQUESTS} == commands


def test_checkout_consumes_orders_its_own_reminders_and_every_reply_to_its_commands() -> None:
    answers = {name: message.about.answers for name, message in language().items() if message.about.answers}
    replies = {name for name, command in answers.items() if command.about.source == "checkout"}
    own = {message.about.name for message in (SagaWatchEnds, SagasDue, StepTimedOut, SagaMoved)}
    others = {OrderCreated.about.name, OrderCancelled.about.name} | own
    assert {message.about.name for message in inbox.messages} == replies | others


def test_no_timeout_is_longer_than_a_queue_can_delay() -> None:
    assert LONGEST_TIMEOUT <= LONGEST_DELAY
