"""What follows from a message: in its flow and trace, and a reply by one way alone."""

import json

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.flows import FLOW, OF_ITS_LIST
from tests.simulation.check.replies import BY_THE_RELAY
from tests.simulation.history_builder import HistoryBuilder

ACCEPTED = "PaymentAccepted"


def violated(history: HistoryBuilder) -> set[str]:
    """The invariants of this module that a history violates."""
    return {one.invariant for one in check(history.entries, history.final)} & {FLOW, OF_ITS_LIST, BY_THE_RELAY}


def in_trace(history: HistoryBuilder, name: str, trace: str, flow: str | None = None) -> None:
    """Put the messages of a name into a trace, and into a flow."""
    for _, kind, fields in history.entries:
        if kind == "commit":
            carried = json.loads(fields["item"]["messages"]["S"])
            for one in carried:
                metadata = one["detail"]["metadata"]
                if metadata["name"] == name:
                    metadata |= {"traceparent": f"00-{trace}-1-01", "correlation_id": flow}
            fields["item"]["messages"] = {"S": json.dumps(carried)}


@pytest.mark.parametrize(("trace", "invariants"), [("", set()), ("1", {OF_ITS_LIST})])
def test_a_list_is_assigned_in_the_trace_of_what_made_it_wait(trace: str, invariants: set[str]) -> None:
    history = sample_histories.completed()
    in_trace(history, "ShoppingListAssigned", trace)
    assert violated(history) == invariants


@pytest.mark.parametrize(("trace", "flow"), [("1", None), ("", "another")])
def test_another_flow_or_trace_than_that_of_the_cause_is_found(trace: str, flow: str | None) -> None:
    history = sample_histories.completed()
    in_trace(history, "OrderReadied", trace, flow)
    assert violated(history) == {FLOW}


def answered(history: HistoryBuilder, *between: tuple[str, dict[str, object]], copies: int = 1) -> None:
    """Have the worker that commits an accepted payment publish the reply too."""
    position = history.find("commit", f'"{ACCEPTED}"')
    at, _, fields = history.entries[position]
    reply = next(
        one["detail"]
        for one in json.loads(fields["item"]["messages"]["S"])
        if one["detail"]["metadata"]["name"] == ACCEPTED
    )
    begin, _, sent = history.entries[history.find("sent", '"ConfirmPayment"')]
    cause = [sent["message"]] * copies
    history.entries.insert(position, (at, "invocation", {"container": "inbox", "function": "f", "cause": cause}))
    published = {"service": "mallbots.payments", "entry": "e", "name": ACCEPTED, "detail": reply, "by": "inbox"}
    added = [(at, kind, more) for kind, more in (*between, ("published", published))]
    history.entries[position + 2 : position + 2] = added
    assert begin < at


def test_a_reply_that_is_committed_and_published_by_one_worker_is_found() -> None:
    history = sample_histories.completed()
    answered(history)
    assert violated(history) == {BY_THE_RELAY}


def test_a_reply_is_sent_again_for_a_second_copy_of_the_command_and_after_a_lost_answer() -> None:
    history = sample_histories.completed()
    answered(history, copies=2)
    assert violated(history) == set()
    history = sample_histories.completed()
    answered(history, ("conflict", {"table": "payments/events", "key": ["Payment#p", 2], "container": "inbox"}))
    assert violated(history) == set()


def test_a_reply_is_sent_again_where_a_transaction_of_an_earlier_try_commits_just_before() -> None:
    history = sample_histories.completed()
    answered(history)
    position = history.find("commit", f'"{ACCEPTED}"')
    at, _, fields = history.entries[position]
    history.entries.insert(0, (0, "underway", {"container": fields["container"], "keys": [fields["key"]]}))
    assert at > 0
    assert violated(history) == set()
