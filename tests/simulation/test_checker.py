"""The checker finds nothing wrong with good histories, and each promise that is broken in one of them."""

import json
from collections.abc import Callable

import pytest

from tests.simulation import (
    broken_baskets_and_orders,
    broken_commands_and_money,
    broken_sagas_and_read_models,
    sample_histories,
)
from tests.simulation.broken_history import Breaks, Told
from tests.simulation.check import (
    baskets,
    check,
    collection,
    commands,
    delivery,
    failures,
    money,
    orders,
    poison,
    projections,
    published_state,
    refusals,
    robots,
    sagas,
    side_effects,
)
from tests.simulation.check import transitions as lives
from tests.simulation.history_builder import Tale

STORIES: dict[str, Callable[[], Tale]] = {
    "completed": sample_histories.completed,
    "refused": sample_histories.refused,
    "parked": sample_histories.parked,
}
BROKEN = [*broken_commands_and_money.CASES, *broken_sagas_and_read_models.CASES, *broken_baskets_and_orders.CASES]


@pytest.mark.parametrize("story", STORIES)
def test_a_good_history_keeps_every_promise(story: str) -> None:
    tale = STORIES[story]()
    assert check(tale.notes, tale.final) == []


@pytest.mark.parametrize(
    ("story", "breaks", "invariant"), [pytest.param(*case, id=case[1].__name__) for case in BROKEN]
)
def test_a_broken_promise_is_found(story: str, breaks: Breaks, invariant: str) -> None:
    told = Told(STORIES[story]())
    breaks(told)
    found = check(told.tale.notes, told.tale.final)
    assert invariant in {violation.invariant for violation in found}, [str(violation) for violation in found]


def test_every_promise_is_broken_once_above() -> None:
    kernel = (commands, lives, delivery, side_effects, sagas, projections, poison, failures, published_state)
    families = (*kernel, baskets, collection, orders, money, refusals, robots)
    words = [value for family in families for name, value in vars(family).items() if name.isupper()]
    promises = {word for word in words if isinstance(word, str) and " " in word}
    assert promises == {invariant for _, _, invariant in BROKEN}


def test_a_dead_letter_with_a_reason_accounts_for_what_its_consumer_lacks() -> None:
    told = Told(sample_histories.completed())
    place = told.find("sent", "search/inbox", "OrderPaid")
    body = told.fields("sent", "search/inbox", "OrderPaid")["body"]
    del told.tale.notes[place : place + 3]
    told.tale.row("search/views", "orders", "o", 99, {"status": "approved"})
    assert check(told.tale.notes, told.tale.final) != []
    told.tale.note("dead", queue="search/inbox/undelivered", message="d", body=body, reason={}, by="rule")
    assert check(told.tale.notes, told.tale.final) == []


def test_a_dead_letter_that_was_redriven_and_handled_accounts_for_nothing_any_more() -> None:
    told = Told(sample_histories.completed())
    body = told.fields("sent", "search/inbox", "OrderPaid")["body"]
    told.tale.note("dead", queue="search/inbox/undelivered", message="d", body=body, reason={}, by="rule")
    told.tale.row("search/views", "orders", "o", 99, {"status": "approved"})
    assert {violation.invariant for violation in check(told.tale.notes, told.tale.final)} == {projections.REBUILT}


def test_a_message_sent_again_to_one_consumer_need_not_reach_the_others_once_more() -> None:
    told = Told(sample_histories.completed())
    detail = told.fields("published", '"OrderPaid"')["detail"] | {"to": "search"}
    told.tale.note("published", service="mallbots.ordering", entry="again", name="OrderPaid", detail=detail)
    assert check(told.tale.notes, told.tale.final) == []


def test_what_was_lost_and_said_again_to_one_consumer_only_may_be_lacking_at_the_others() -> None:
    told = Told(sample_histories.completed())
    told.fields("published", '"OrderPaid"')["detail"]["to"] = "insights"
    place = told.find("sent", "search/inbox", "OrderPaid")
    del told.tale.notes[place : place + 3]
    told.tale.row("search/views", "orders", "o", 99, {"status": "approved"})
    assert {v.invariant for v in check(told.tale.notes, told.tale.final)} >= {delivery.SENT, projections.REBUILT}
    version = told.fields("published", '"OrderPaid"')["detail"]["metadata"]["stream_version"]
    told.tale.note("stream", what="lost-to-queue", table="ordering/events", keys=[["Order#o", version]])
    assert check(told.tale.notes, told.tale.final) == []


def test_a_captured_payment_of_a_compensated_order_waits_for_a_cancellation_that_lies_dead() -> None:
    told = Told(sample_histories.refused())
    authorized = ("Authorized", {"customer_id": "c", "amount": 2000})
    told.tale.commit("Payment#q", authorized, ("Confirmed", {"order_id": "o"}), ("Captured", {"amount": 2000}))
    assert sagas.UNDONE in {v.invariant for v in check(told.tale.notes, told.tale.final)}
    detail = json.loads(json.dumps(told.fields("published", '"OrderRejected"')["detail"]))
    detail["metadata"] |= {"id": "the cancellation", "name": "OrderCancelled"}
    body = json.dumps({"detail": detail})
    told.tale.note("dead", queue="payments/inbox/undelivered", message="d", body=body, reason={}, by="rule")
    assert sagas.UNDONE not in {v.invariant for v in check(told.tale.notes, told.tale.final)}


def test_an_event_of_a_version_to_come_lies_with_the_dead_letters_and_excuses_nothing() -> None:
    told = Told(sample_histories.completed())
    detail = json.loads(json.dumps(told.fields("published", '"OrderPaid"')["detail"]))
    detail["metadata"] |= {"id": "of a day to come", "version": 99}
    told.tale.note(
        "dead",
        queue="search/inbox/dead-letters",
        message="d",
        body=json.dumps({"detail": detail}),
        reason={"tries": "1", "reason": "newer than this code"},
        by="inbox",
    )
    assert check(told.tale.notes, told.tale.final) == []
    told.tale.row("search/views", "orders", "o", 99, {"status": "approved"})
    assert {violation.invariant for violation in check(told.tale.notes, told.tale.final)} == {projections.REBUILT}


def test_a_failure_that_a_fault_explains_is_none_of_the_systems() -> None:
    told = Told(sample_histories.completed())
    broken_sagas_and_read_models.failed_at_a_message(told, struck=True)
    assert check(told.tale.notes, told.tale.final) == []


def test_what_must_be_so_in_the_end_is_not_asked_of_a_history_that_goes_on() -> None:
    told = Told(sample_histories.completed())
    told.tale.commit("ShoppingList#x", ("Created", {"order_id": "x", "stops": []}), ("Initiated", {}))
    assert {v.invariant for v in check(told.tale.notes, told.tale.final)} == {robots.NO_WAIT}
    assert check(told.tale.notes, told.tale.final | {"still": False}) == []


def test_a_transaction_that_goes_on_after_its_caller_gave_up_is_still_its_own() -> None:
    told = Told(sample_histories.completed())
    told.tale.ask("PUT", "/api/baskets/y/checkout", key="late")
    told.tale.note("fault", number=1, name="slow transaction", where="some/events")
    told.tale.note("underway", container="api", keys=[["Basket#y", 1]])
    told.tale.answer(status=500)
    told.tale.ask("PUT", "/api/baskets/z/checkout", key="other")
    told.tale.commit("Basket#y", ("Started", {"customer_id": "c", "at": ""}))
    told.tale.answer(status=409)
    assert check(told.tale.notes, told.tale.final | {"still": False}) == []


def test_a_violation_says_what_where_and_the_evidence() -> None:
    told = Told(sample_histories.completed())
    broken_commands_and_money.refused_and_stored(told)
    [violation] = [v for v in check(told.tale.notes, told.tale.final) if v.invariant == commands.NEVER]
    assert str(violation).startswith(
        "a refused command is never stored: PUT /api/baskets/o/addItem was answered 409, and yet it stored baskets's "
        "Basket#o at version 2 (request "
    )
