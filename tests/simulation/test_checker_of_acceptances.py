"""Commands that are answered as accepted: which the checker takes for done by what is stored."""

from collections.abc import Callable

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.acceptances import DONE, EFFECTS
from tests.simulation.check.subscribers import ANSWERS
from tests.simulation.history_builder import HistoryBuilder

COMPLETED, REFUSED = sample_histories.completed, sample_histories.refused
CUSTOMER = "Customer#c"


def unfounded(history: HistoryBuilder) -> bool:
    """Whether a command is answered as accepted, and its effect is not stored."""
    return DONE in {one.invariant for one in check(history.entries, history.final)}


def answered_late(history: HistoryBuilder, *events: str) -> bool:
    """Whether the customer's authorization, answered anew at last, is unfounded after these events."""
    asked = history.fields("published", "AuthorizeCustomer")["detail"]["metadata"]["id"]
    history.drop("published", '"CustomerAuthorized"')
    for event in events:
        history.commit(CUSTOMER, (event, {}))
    history.reply("CustomerAuthorized", {"order_id": "o"}, asked)
    return unfounded(history)


@pytest.mark.parametrize(
    ("sample", "stream", "event"),
    [
        (COMPLETED, CUSTOMER, "Registered"),
        (COMPLETED, "ShoppingList#o", "Created"),
        (COMPLETED, "Payment#p", "Confirmed"),
        (COMPLETED, "ShoppingList#o", "Initiated"),
        (COMPLETED, "Order#o", "Approved"),
        (REFUSED, "Order#o", "Rejected"),
        (REFUSED, "Payment#p", "Voided"),
        (REFUSED, "ShoppingList#o", "Cancelled"),
    ],
)
def test_an_acceptance_without_its_effect_is_found(
    sample: Callable[[], HistoryBuilder], stream: str, event: str
) -> None:
    history = sample()
    assert not unfounded(history)
    history.replace("commit", (f'"{stream}"', f'"{event}"'), f'"{event}"', '"SomethingElse"')
    assert unfounded(history)


def test_an_effect_that_is_stored_after_the_acceptance_is_none() -> None:
    history = sample_histories.completed()
    entry = history.entries.pop(history.find("commit", '"Payment#p"', '"Confirmed"'))
    history.entries.append((history.entries[-1][0] + 1, *entry[1:]))
    assert unfounded(history)


def test_a_customer_that_could_order_at_any_moment_since_it_was_asked_is_authorized() -> None:
    assert not answered_late(sample_histories.completed(), "Disabled")


def test_a_customer_that_could_not_order_since_it_was_asked_is_not() -> None:
    history = sample_histories.completed()
    history.replace("commit", (f'"{CUSTOMER}"',), '"Registered"', '"Disabled"')
    assert answered_late(history, "Erased")


@pytest.mark.parametrize(
    ("old", "new"),
    [('"customer_id": "c"', '"customer_id": "another"'), ("Authorized", "Abandoned")],
    ids=["another's", "given up"],
)
def test_a_payment_that_is_not_the_orders_own_need_not_be_voided(old: str, new: str) -> None:
    history = sample_histories.refused()
    history.replace("commit", ('"Payment#p"', '"Voided"'), '"Voided"', '"SomethingElse"')
    assert unfounded(history)
    history.replace("commit", ('"Payment#p"', '"Authorized"'), old, new)
    assert not unfounded(history)


def test_every_acceptance_that_a_saga_waits_for_has_an_effect() -> None:
    accepted = {answers[0] for _, answers in ANSWERS.values()}
    assert set(EFFECTS) == accepted - {"CollectionAccepted"}
