"""Days of random deeds, also while services are stopped: in the end every order has ended and the mall adds up."""

import pytest

from events.envelope import Envelope
from functions.kernel.runtime import ids
from tests.flow.adding_up import everything_adds_up
from tests.flow.crowd import Crowd

DEEDS = 40


def a_day(seed: int) -> Crowd:
    """A day from the morning to the end of the last order."""
    crowd = Crowd(seed)
    with ids.fixed(crowd.new_id):
        crowd.open()
        crowd.live(DEEDS)
        crowd.finish()
        everything_adds_up(crowd.mall)
    return crowd


def fate(message: Envelope) -> str | None:
    """The fate that a message tells of its order."""
    name, data = message.metadata.name, message.data
    if name == "OrderCancelled":
        return "not paid" if "paid" in data["reason"] else f"{data['by']}: {data['reason']}"
    if name == "ShoppingListAvailable" and data["assignment"]:
        return "given back"
    if name == "OrderReadied" and data["shortages"]:
        return "picked short"
    return {"OrderCompleted": "completed", "OrderRejected": "rejected", "PaymentRefunded": "refunded"}.get(name)


@pytest.mark.parametrize("seed", range(30))
def test_every_order_of_a_day_ends_and_everything_adds_up(seed: int) -> None:
    assert a_day(seed).statuses()


def test_these_days_see_every_fate_of_an_order() -> None:
    """Otherwise they would test little."""
    seen = {fate(message) for seed in (0, 1, 7, 24) for message in a_day(seed).mall.published}
    assert seen - {None} == {
        "completed",
        "rejected",
        "refunded",
        "picked short",
        "given back",
        "not paid",
        "customer: changed my mind",
        "staff: ",
        "system: its shopping list was cancelled",
        "system: nothing of the order was found",
    }


def test_a_day_is_reproducible_by_its_seed() -> None:
    first, second = a_day(7), a_day(7)
    assert [message.detail() for message in first.mall.published] == [m.detail() for m in second.mall.published]
