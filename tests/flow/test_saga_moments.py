"""Events between any two messages of an order's saga: the order is accepted, or everything is undone.

Each test takes all moments of one checkout: the participants have handled `moment` messages, and those published since
are in the queues. Then something happens, and all messages are delivered.
"""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy

import pytest

from events.checkout import RejectOrder
from events.envelope import Envelope
from tests.flow.sagas import CORE, ORDERED, Case, a_case, assert_accepted, assert_undone

READ_MODELS = ["notifications", "search", "insights"]
LONG_ENOUGH = 600  # for every timeout that a moment may lead to
AWAY = 400  # more than three timeouts

disorders = pytest.mark.parametrize("disorder", ORDERED)


def moments(disorder: int | None = None, *, acknowledged: bool = True) -> Iterator[Case]:
    """A checkout at each of its moments, in turn. The read models have received nothing yet."""
    checkout = a_case(disorder)
    checkout.mall.stop(*READ_MODELS)
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


def finish(case: Case) -> None:
    """Start all services and deliver until the saga has ended."""
    case.mall.start(*case.mall.stopped)
    case.mall.pass_time(LONG_ENOUGH)


def published(case: Case) -> Counter[str]:
    """The number of different messages that were published, by name."""
    return Counter(name for name, _ in {(e.metadata.name, e.metadata.id) for e in case.mall.published})


def assert_cancelled_everywhere(case: Case) -> None:
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
        finish(case)
        if answers[-1] == 200:
            assert_cancelled_everywhere(case)
        else:  # there was no order yet
            assert_accepted(case)
    assert set(answers) == {404, 200}
    assert answers == sorted(answers, reverse=True)


@pytest.mark.parametrize("service", CORE)
def test_a_service_may_stop_at_any_moment_and_come_back_late(service: str) -> None:
    fates = set()
    for case in moments():
        case.mall.stop(service)
        case.mall.start(*READ_MODELS)
        case.mall.pass_time(AWAY)
        finish(case)
        fate = case.shopper.order()["status"]
        if fate == "rejected":
            assert_undone(case, "rejected")
        else:
            assert_accepted(case)
        fates.add(fate)
    assert fates == ({"approved"} if service in ("ordering", "checkout") else {"approved", "rejected"})


def test_a_worker_may_crash_right_after_its_commit_at_any_moment() -> None:
    for case in moments(acknowledged=False):
        finish(case)
        assert_accepted(case)


@disorders
def test_all_messages_may_be_redelivered_at_any_moment(disorder: int | None) -> None:
    undisturbed = next(moments())
    finish(undisturbed)
    for case in moments(disorder):
        repeat(case, case.mall.published[:])
        finish(case)
        assert_accepted(case)
        assert published(case) == published(undisturbed)


def test_the_order_decides_on_a_rejection_at_any_moment() -> None:
    fates = []
    for case in moments():
        case.publish(RejectOrder)
        finish(case)
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
        finish(case)
        if answers[-1] == 404:  # there was no list yet
            assert_accepted(case)
        elif case.shopper.order()["status"] == "rejected":
            assert_undone(case, "rejected")
        else:  # it was approved, or about to be
            assert_cancelled_everywhere(case)
        fates.add(case.shopper.order()["status"])
    assert set(answers) == {404, 200}
    assert fates == {"approved", "rejected", "cancelled"}


def test_all_messages_may_be_redelivered_after_everything_is_undone() -> None:
    undone = [case for case in moments(disorder=2) if case.cancels() == 200]
    assert len(undone) > 10
    for case in undone:
        finish(case)
        before = published(case)
        repeat(case, case.mall.published[:])
        finish(case)
        assert_cancelled_everywhere(case)
        assert published(case) == before


def repeat(case: Case, envelopes: list[Envelope]) -> None:
    """Deliver messages again to all their consumers."""
    for envelope in envelopes:
        case.mall.publish(envelope.detail())
