"""Whom an envelope names: a command who asks and for which saga, a reply that saga, and anything else nobody."""

import json
from copy import deepcopy

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.envelopes import NAMES_ITS_SAGA
from tests.simulation.history_builder import HistoryBuilder


def misnamed(history: HistoryBuilder) -> bool:
    """Whether a message names another service or saga than it should."""
    return NAMES_ITS_SAGA in {one.invariant for one in check(history.entries, history.final)}


def named(history: HistoryBuilder, message: str, **names: str | None) -> None:
    """Have the envelope of the first message of a name, which a commit carries, name something else."""
    item = history.fields("commit", f'"name": "{message}"')["item"]
    carried = json.loads(item["messages"]["S"])
    for one in carried:
        if one["detail"]["metadata"]["name"] == message:
            one["detail"]["metadata"].update(names)
    item["messages"] = {"S": json.dumps(carried)}


@pytest.mark.parametrize(
    ("message", "name", "value"),
    [
        ("AuthorizeCustomer", "reply_to", None),
        ("AuthorizeCustomer", "reply_to", "ordering"),
        ("AuthorizeCustomer", "saga", None),
        ("AuthorizeCustomer", "saga", "another"),
        ("PaymentAccepted", "saga", None),
        ("PaymentAccepted", "saga", "another"),
        ("PaymentAccepted", "reply_to", "checkout"),
        ("OrderCreated", "reply_to", "ordering"),
        ("OrderCreated", "saga", "o"),
    ],
)
def test_an_envelope_that_names_another_is_found(message: str, name: str, value: str | None) -> None:
    history = sample_histories.completed()
    assert not misnamed(history)
    named(history, message, **{name: value})
    assert misnamed(history)


def test_a_reply_that_no_commit_carries_names_its_saga_too() -> None:
    history = sample_histories.refused()
    assert not misnamed(history)
    history.fields("published", '"PaymentRefused"')["detail"]["metadata"]["saga"] = None
    assert misnamed(history)


def test_a_command_that_was_edited_as_a_letter_is_left_out_and_its_reply_names_the_same() -> None:
    history = sample_histories.completed()
    edited = deepcopy(history.fields("published", '"AuthorizeCustomer"')["detail"])
    edited["metadata"] |= {"id": "edited", "reply_to": None}
    history.deliver("customers/inbox", json.dumps({"detail": edited}))
    assert not misnamed(history)
    history.fields("published", '"CustomerAuthorized"')["detail"]["metadata"]["causation_id"] = "edited"
    assert not misnamed(history)
    edited["metadata"] |= {"id": "edited again", "saga": "another"}
    history.deliver("customers/inbox", json.dumps({"detail": edited}))
    history.fields("published", '"CustomerAuthorized"')["detail"]["metadata"]["causation_id"] = "edited again"
    assert misnamed(history)
