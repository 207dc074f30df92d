"""Consumers that pause themselves: when the checker takes that for justified."""

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.letters import TABLE
from tests.simulation.check.self_pauses import FAILS_NOW

PAYMENTS = "payments/inbox"
MINUTE = 60.0


def is_late(
    minutes: float, *, itself: bool = True, function: str = PAYMENTS, failures: tuple[str, ...] = ("m",)
) -> bool:
    """Whether a pause so many minutes after a batch with failures is found to be none of this time."""
    history = sample_histories.completed()
    history.wait(60 * MINUTE)
    history.record("invocation", container=f"{function}-1", function=function, cause=["m"])
    history.record("ended", container=f"{function}-1", function=function, how="ok", failures=list(failures))
    history.wait(minutes * MINUTE)
    row = {"consumer": PAYMENTS, "wanted": "paused", "itself": itself, "version_of_row": 1}
    history.write_row(TABLE, "consumers", PAYMENTS, 1, row)
    history.wait(120 * MINUTE)
    history.write_row(TABLE, "consumers", PAYMENTS, 2, {**row, "version_of_row": 2})  # what is seen of it later
    return FAILS_NOW in {one.invariant for one in check(history.entries, history.final)}


def test_a_pause_while_messages_fail_is_justified() -> None:
    assert not is_late(1)
    assert not is_late(16)


def test_one_for_what_failed_long_ago_is_found() -> None:
    assert is_late(30)


@pytest.mark.parametrize("otherwise", [{"function": "depot/inbox"}, {"failures": ()}])
def test_what_failed_elsewhere_or_did_not_fail_does_not_justify_it(otherwise: dict[str, object]) -> None:
    assert is_late(1, **otherwise)  # type: ignore[arg-type]


def test_a_pause_that_an_operator_asks_for_needs_no_failure() -> None:
    assert not is_late(30, itself=False)
