"""What may happen to an order between any two messages of its saga: it is accepted, or everything is undone.

Each test goes through all moments of one checkout: `moment` messages have been handled by those who take part, and
whatever was said since lies in the queues. Then something happens, and all goes on.
"""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy

import pytest

from events.checkout import RejectOrder
from events.envelope import Envelope
from tests.flow.sagas import CORE, ORDERED, Case, a_case, assert_accepted, assert_undone

LOOKERS_ON = ["notifications", "search", "insights"]
PATIENCE = 600  # enough for every timeout that comes of a moment
AWAY = 400  # more than three timeouts

disorders = pytest.mark.parametrize("disorder", ORDERED)


def moments(disorder: int | None = None, *, acknowledged: bool = True) -> Iterator[Case]:
    """A checkout at each of its moments, one after the other. Those who only look on have not heard of it yet."""
    checkout = a_case(disorder)
    checkout.mall.stop(*LOOKERS_ON)
    checkout.check_out()
    moment = 0
    while True:
        case = deepcopy(checkout)
        if not acknowledged and not case.mall.deliver(acknowledged=False):
            break
        case.mall.relay()
        yield case
        if not checkout.mall.deliver():
            break
        moment += 1
    assert moment > 15


def go_on(case: Case) -> None:
    """Let everybody work until all has come to its end."""
    case.mall.start(*case.mall.stopped)
    case.mall.pass_time(PATIENCE)


def said(case: Case) -> Counter[str]:
    """How many different messages of each name were said."""
    return Counter(name for name, _ in {(e.metadata.name, e.metadata.id) for e in case.mall.published})


def assert_called_off(case: Case) -> None:
    """The order is cancelled and undone, by the saga if it was not approved before, and else without it."""
    saga = case.saga()["status"]
    assert saga in (
        {"completed", "compensated"} if "OrderApproved" in case.mall.names() else {"compensated", "stopped"}
    )
    assert_undone(case, "cancelled", saga=saga)


@disorders
def test_a_customer_may_cancel_at_any_moment(disorder: int | None) -> None:
    answers = []
    for case in moments(disorder):
        answers.append(case.cancels())
        go_on(case)
        if answers[-1] == 200:
            assert_called_off(case)
        else:  # there was no order yet
            assert_accepted(case)
    assert set(answers) == {404, 200}
    assert answers == sorted(answers, reverse=True)


@pytest.mark.parametrize("service", CORE)
def test_a_service_may_stop_at_any_moment_and_come_back_late(service: str) -> None:
    fates = set()
    for case in moments():
        case.mall.stop(service)
        case.mall.start(*LOOKERS_ON)
        case.mall.pass_time(AWAY)
        go_on(case)
        fate = case.shopper.order()["status"]
        if fate == "rejected":
            assert_undone(case, "rejected")
        else:
            assert_accepted(case)
        fates.add(fate)
    assert fates == ({"approved"} if service in ("ordering", "checkout") else {"approved", "rejected"})


def test_a_worker_may_die_right_after_its_commit_at_any_moment() -> None:
    for case in moments(acknowledged=False):
        go_on(case)
        assert_accepted(case)


@disorders
def test_everything_that_was_said_may_come_again_at_any_moment(disorder: int | None) -> None:
    undisturbed = next(moments())
    go_on(undisturbed)
    for case in moments(disorder):
        repeat(case, case.mall.published[:])
        go_on(case)
        assert_accepted(case)
        assert said(case) == said(undisturbed)


def test_an_order_that_is_to_be_rejected_at_any_moment_decides_itself() -> None:
    fates = []
    for case in moments():
        case.says(RejectOrder)
        go_on(case)
        fates.append(case.shopper.order()["status"])
        if fates[-1] == "rejected":
            assert_undone(case, "rejected")
        else:
            assert_accepted(case)
    assert set(fates) == {"approved", "rejected"}


def test_staff_may_cancel_the_shopping_list_at_any_moment() -> None:
    answers, fates = [], set()
    for case in moments():
        answers.append(case.mall.request("POST", f"/api/depot/shopping/{case.order_id}").status)
        go_on(case)
        if answers[-1] == 404:  # there was no list yet
            assert_accepted(case)
        elif case.shopper.order()["status"] == "rejected":
            assert_undone(case, "rejected")
        else:  # it was approved, or about to be
            assert_called_off(case)
        fates.add(case.shopper.order()["status"])
    assert set(answers) == {404, 200}
    assert fates == {"approved", "rejected", "cancelled"}


def test_everything_that_was_said_may_come_again_when_all_is_undone() -> None:
    for case in moments(disorder=2):
        if case.cancels() != 200:
            continue
        go_on(case)
        ended = said(case)
        repeat(case, case.mall.published[:])
        go_on(case)
        assert_called_off(case)
        assert said(case) == ended


def repeat(case: Case, envelopes: list[Envelope]) -> None:
    """Let the bus deliver messages again, to whoever listens."""
    for envelope in envelopes:
        case.mall.publish(envelope.detail())
