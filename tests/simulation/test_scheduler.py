"""Tasks of virtual time: what wakes one that waits, and what does not."""

import pytest

from tests.simulation.choices import Choices
from tests.simulation.scheduler import SECOND, Promise, Scheduler


@pytest.mark.parametrize("others_run_meanwhile", [False, True])
def test_a_promise_that_is_given_after_it_was_waited_for_in_vain_ends_no_later_wait(
    others_run_meanwhile: bool,
) -> None:
    scheduler = Scheduler(Choices(1))
    late, wanted = Promise(), Promise()
    waits: list[tuple[float, bool]] = []

    def work() -> None:
        for promise, seconds in ((late, 2.0), (wanted, None)):
            given = scheduler.wait(promise, seconds)
            waits.append((scheduler.now, given))

    scheduler.spawn(work)
    if others_run_meanwhile:
        scheduler.call_in(1.0, lambda: None)
    scheduler.call_in(3.0, late.give)
    scheduler.call_in(5.0, wanted.give)
    scheduler.run(10 * SECOND)
    assert waits == [(2.0, False), (5.0, True)]
