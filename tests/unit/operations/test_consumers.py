"""The names by which operations finds the queues and functions of all services."""

from collections.abc import Iterator

import pytest

from functions.operations import consumers
from functions.operations.consumers import OUTCOMES, RELAY, Consumer, Served, read, written

DEPOT = Served("depot", (Consumer("depot", "inbox"), Consumer("depot", "dispatcher", fifo=True)), True)
DEPOT = Served("depot", (*DEPOT.consumers, Consumer("depot", RELAY)), True)
OPERATIONS = Served("operations", (Consumer("operations", OUTCOMES),), False)


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CONSUMERS", written([DEPOT, OPERATIONS]))
    monkeypatch.setenv("QUEUES", "https://sqs.eu-west-1.amazonaws.com/111122223333/mallbots-prod-{}")
    monkeypatch.setenv("FUNCTIONS", "mallbots-prod-{}:live")
    consumers.services.cache_clear()
    yield
    consumers.services.cache_clear()


def test_what_the_deployment_writes_is_what_functions_read() -> None:
    assert read(written([DEPOT, OPERATIONS])) == {"depot": DEPOT, "operations": OPERATIONS}
    assert consumers.services()["depot"] == DEPOT
    assert list(consumers.consumers()) == ["depot/inbox", "depot/dispatcher", "depot/relay", "operations/outcomes"]


def test_each_queue_of_what_was_given_up_has_the_name_of_a_letter_and_one_in_sqs() -> None:
    assert {name: queue.physical for name, queue in consumers.failure_queues().items()} == {
        "depot/inbox/dead-letters": "depot-inbox-dead-letters",
        "depot/inbox/undelivered": "depot-inbox-undelivered",
        "depot/dispatcher/dead-letters": "depot-dispatcher-dead-letters.fifo",
        "depot/dispatcher/undelivered": "depot-dispatcher-undelivered",
        "depot/relay/failures": "depot-relay-failures",
        "operations/outcomes/dead-letters": "operations-outcomes-dead-letters",
    }


def test_a_queue_is_addressed_in_its_stage_and_a_function_behind_its_alias() -> None:
    dispatcher = consumers.consumers()["depot/dispatcher"]
    address = "https://sqs.eu-west-1.amazonaws.com/111122223333/mallbots-prod-depot-dispatcher.fifo"
    assert consumers.queue_url(dispatcher.physical) == address
    assert consumers.function_name("depot", "relay") == "mallbots-prod-depot-relay:live"


def test_a_relay_handles_no_messages_and_has_no_queue_to_which_one_could_be_sent() -> None:
    relay = consumers.consumers()["depot/relay"]
    assert (relay.is_relay, relay.handles) == (True, False)
    with pytest.raises(ValueError, match="depot/relay has no queue"):
        _ = relay.physical


def test_a_service_has_history_consumers_and_rows_as_its_rooms_have_it() -> None:
    assert (DEPOT.has_history, DEPOT.has_consumers, DEPOT.has_rows) == (True, True, True)
    assert (OPERATIONS.has_history, OPERATIONS.has_consumers, OPERATIONS.has_rows) == (False, False, False)
