"""How often Lambda receives where it gathers, at most."""

from typing import Any

import pytest

from tests.cost.flow import Run
from tests.cost.receives import more_of_arrivals
from tests.simulation.scheduler import SECOND

GATHERED = "live/inbox"


def sent(at: float, message: str, delay: int = 0) -> tuple[int, str, dict[str, Any]]:
    return int(at * SECOND), "sent", {"message": message, "queue": GATHERED, "delay": delay}


def postponed(at: float, message: str, seconds: int) -> tuple[int, str, dict[str, Any]]:
    return int(at * SECOND), "postponed", {"message": message, "queue": GATHERED, "seconds": seconds}


def invoked(*messages: str, by: str = GATHERED) -> tuple[int, str, dict[str, Any]]:
    return 9 * SECOND, "invocation", {"function": by, "cause": [*messages]}


def more(*history: tuple[int, str, dict[str, Any]]) -> float:
    """Receives of one order more than one for each batch; a request costs $0.40 a million."""
    return more_of_arrivals(Run(orders=1.0, history=[*history], gathered=frozenset({GATHERED}))) / 0.40


def test_each_message_that_arrives_by_itself_takes_a_receive() -> None:
    assert more(sent(1.0, "a"), sent(1.5, "b"), sent(1.521, "c"), invoked("c", "a", "b")) == pytest.approx(2)


def test_messages_that_arrive_together_take_one_receive() -> None:
    assert more(sent(1.0, "a"), sent(1.02, "b"), sent(1.04, "c"), invoked("a", "b", "c")) == 0


def test_a_message_arrives_when_it_becomes_visible() -> None:
    assert more(sent(0.0, "a", delay=2), sent(2.0, "b"), invoked("a", "b")) == 0
    assert more(sent(0.0, "a"), postponed(1.0, "a", 2), sent(0.0, "b"), invoked("a", "b")) == pytest.approx(1)


def test_a_message_of_before_the_count_takes_a_receive() -> None:
    assert more(sent(1.0, "b"), invoked("a", "b")) == pytest.approx(1)


def test_a_queue_without_a_window_has_a_receive_for_each_batch_as_it_is_billed() -> None:
    assert more(sent(1.0, "a"), sent(1.5, "b"), invoked("a", "b", by="checkout/inbox")) == 0
