"""The checker finds no violation in a correct history, and finds each invariant that a broken one violates."""

import json
from collections.abc import Callable

import pytest

from tests.simulation import (
    broken_access,
    broken_baskets_and_orders,
    broken_commands_and_money,
    broken_payments,
    broken_read_models,
    broken_sagas,
    sample_histories,
)
from tests.simulation.check import (
    access,
    baskets,
    check,
    collection,
    commands,
    delivery,
    failures,
    identity,
    lists,
    loops,
    money,
    orders,
    outages,
    poison,
    projections,
    provider,
    published_state,
    refusals,
    robots,
    sagas,
    side_effects,
    stages,
    transitions,
)
from tests.simulation.check.parsed_history import SECOND, Entry
from tests.simulation.history_builder import Break, HistoryBuilder

SAMPLES: dict[str, Callable[[], HistoryBuilder]] = {
    "completed": sample_histories.completed,
    "refused": sample_histories.refused,
    "parked": sample_histories.parked,
}
BROKEN = [
    *broken_access.CASES,
    *broken_commands_and_money.CASES,
    *broken_payments.CASES,
    *broken_sagas.CASES,
    *broken_read_models.CASES,
    *broken_baskets_and_orders.CASES,
]


def violated(history: HistoryBuilder) -> set[str]:
    """The invariants that a history violates."""
    return {violation.invariant for violation in check(history.entries, history.final)}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_correct_history_violates_no_invariant(sample: str) -> None:
    history = SAMPLES[sample]()
    assert check(history.entries, history.final) == []


@pytest.mark.parametrize(
    ("sample", "break_it", "invariant"), [pytest.param(*case, id=case[1].__name__) for case in BROKEN]
)
def test_a_violated_invariant_is_found(sample: str, break_it: Break, invariant: str) -> None:
    history = SAMPLES[sample]()
    break_it(history)
    found = check(history.entries, history.final)
    assert invariant in {violation.invariant for violation in found}, [str(violation) for violation in found]


def test_every_invariant_is_violated_by_some_broken_history() -> None:
    kernel = (
        commands,
        transitions,
        delivery,
        side_effects,
        sagas,
        projections,
        stages,
        poison,
        loops,
        failures,
        outages,
        published_state,
    )
    families = (*kernel, access, identity, baskets, collection, lists, orders, money, provider, refusals, robots)
    constants = [value for family in families for name, value in vars(family).items() if name.isupper()]
    invariants = {value for value in constants if isinstance(value, str) and " " in value}
    assert invariants == {invariant for _, _, invariant in BROKEN}


def test_a_row_may_lack_an_event_that_was_dead_lettered_for_a_valid_reason() -> None:
    history = sample_histories.completed()
    position = history.find("sent", "search/inbox", "OrderPaid")
    body = history.fields("sent", "search/inbox", "OrderPaid")["body"]
    del history.entries[position : position + 3]
    history.write_row("search/views", "orders", "o", 99, {"status": "approved"})
    assert check(history.entries, history.final) != []
    history.record("dead", queue="search/inbox/undelivered", message="d", body=body, reason={}, by="rule")
    assert check(history.entries, history.final) == []


def test_a_row_may_not_lack_an_event_that_was_redriven_and_handled() -> None:
    history = sample_histories.completed()
    body = history.fields("sent", "search/inbox", "OrderPaid")["body"]
    history.record("dead", queue="search/inbox/undelivered", message="d", body=body, reason={}, by="rule")
    history.write_row("search/views", "orders", "o", 99, {"status": "approved"})
    assert violated(history) == {projections.REBUILT}


def test_a_message_that_is_republished_to_one_consumer_need_not_reach_the_others_again() -> None:
    history = sample_histories.completed()
    detail = history.fields("published", '"OrderPaid"')["detail"] | {"to": "search"}
    history.record("published", service="mallbots.ordering", entry="again", name="OrderPaid", detail=detail)
    assert check(history.entries, history.final) == []


def test_a_message_that_was_lost_and_republished_to_one_consumer_may_be_missing_at_the_others() -> None:
    history = sample_histories.completed()
    history.fields("published", '"OrderPaid"')["detail"]["to"] = "insights"
    position = history.find("sent", "search/inbox", "OrderPaid")
    del history.entries[position : position + 3]
    history.write_row("search/views", "orders", "o", 99, {"status": "approved"})
    assert violated(history) >= {delivery.PUBLISHED, projections.REBUILT}
    version = history.fields("published", '"OrderPaid"')["detail"]["metadata"]["stream_version"]
    history.record("stream", what="lost-to-queue", table="ordering/events", keys=[["Order#o", version]])
    assert check(history.entries, history.final) == []


def test_a_captured_payment_of_a_compensated_order_may_wait_for_a_cancellation_that_was_dead_lettered() -> None:
    history = sample_histories.refused()
    authorized = ("Authorized", {"customer_id": "c", "amount": 2000})
    history.commit("Payment#q", authorized, ("Confirmed", {"order_id": "o"}), ("Captured", {"amount": 2000}))
    assert sagas.COMPENSATED in violated(history)
    detail = json.loads(json.dumps(history.fields("published", '"OrderRejected"')["detail"]))
    detail["metadata"] |= {"id": "the cancellation", "name": "OrderCancelled"}
    body = json.dumps({"detail": detail})
    history.record("dead", queue="payments/inbox/undelivered", message="d", body=body, reason={}, by="rule")
    assert sagas.COMPENSATED not in violated(history)


@pytest.mark.parametrize(("hours", "early"), [(23.9, True), (24, False)])
def test_an_event_of_an_unknown_version_is_dead_lettered_after_a_day_and_excuses_no_other_row(
    hours: float, early: bool
) -> None:
    history = sample_histories.completed()
    detail = json.loads(json.dumps(history.fields("published", '"OrderPaid"')["detail"]))
    detail["metadata"] |= {"id": "from the future", "version": 99}
    body = json.dumps({"detail": detail})
    history.record("sent", queue="search/inbox", message="from the future", body=body, delay=0)
    history.record("received", queue="search/inbox", message="from the future", count=1, function="search/inbox")
    history.wait(hours * 3_600)
    reason = {"tries": "105", "reason": "newer than this code"}
    history.record("dead", queue="search/inbox/dead-letters", message="d", body=body, reason=reason, by="inbox")
    history.record("deleted", queue="search/inbox", message="from the future")
    found = violated(history)
    assert (delivery.DEAD_LETTER_REASON in found) is early
    history.write_row("search/views", "orders", "o", 99, {"status": "approved"})
    assert violated(history) == found | {projections.REBUILT}


def test_copies_of_a_message_of_an_unknown_version_may_be_given_up_one_after_the_other() -> None:
    history = sample_histories.completed()
    detail = json.loads(json.dumps(history.fields("published", '"OrderPaid"')["detail"]))
    detail["metadata"] |= {"id": "from the future", "version": 99}
    body = json.dumps({"detail": detail})
    for copy in ("first", "second"):
        history.record("sent", queue="search/inbox", message=copy, body=body, delay=0)
        history.record("received", queue="search/inbox", message=copy, count=1, function="search/inbox")
    history.wait(24 * 3_600)
    for copy in ("first", "second"):
        reason = {"tries": "105", "reason": "newer than this code"}
        history.record("dead", queue="search/inbox/dead-letters", message=copy, body=body, reason=reason, by="inbox")
        history.record("deleted", queue="search/inbox", message=copy)
        history.wait(60)
    history.record("quiet")
    assert delivery.UNKNOWN_VERSION not in violated(history)


@pytest.mark.parametrize(("hours", "early"), [(7.9, True), (8, False)])
def test_a_message_is_not_given_up_within_eight_hours(hours: float, early: bool) -> None:
    history = sample_histories.completed()
    detail = json.loads(json.dumps(history.fields("published", '"OrderPaid"')["detail"]))
    body = json.dumps({"detail": detail})
    history.record("sent", queue="search/inbox", message="again", body=body, delay=0)
    history.record("received", queue="search/inbox", message="again", count=1, function="search/inbox")
    history.wait(hours * 3_600)
    reason = {"tries": "41", "reason": "the table does not answer"}
    history.record("dead", queue="search/inbox/dead-letters", message="d", body=body, reason=reason, by="inbox")
    history.record("deleted", queue="search/inbox", message="again")
    assert (delivery.DEAD_LETTER_REASON in violated(history)) is early


def test_a_failure_with_a_fault_as_its_cause_is_no_violation() -> None:
    history = sample_histories.completed()
    broken_read_models.failed_at_a_message(history, struck=True)
    assert check(history.entries, history.final) == []


def test_liveness_is_not_checked_in_a_history_that_did_not_settle() -> None:
    history = sample_histories.completed()
    history.commit("ShoppingList#x", ("Created", {"order_id": "x", "stops": []}), ("Initiated", {}))
    assert violated(history) == {robots.NO_WAIT}
    assert check(history.entries, history.final | {"quiescent": False}) == []


def test_a_transaction_that_commits_after_its_caller_gave_up_belongs_to_that_request() -> None:
    history = sample_histories.completed()
    history.request("PUT", "/api/baskets/y/checkout", key="late")
    history.record("fault", number=1, name="slow transaction", where="some/events")
    history.record("underway", container="api", keys=[["Basket#y", 1]])
    history.respond(status=503)
    history.request("PUT", "/api/baskets/y/checkout", key="other")
    history.record("conflict", table="baskets/events", key=["Basket#y", 1], container="api")
    history.record("busy", table="baskets/events", container="api")
    history.commit("Basket#y", ("Started", {"customer_id": "c", "at": ""}))
    history.respond(status=409)
    assert check(history.entries, history.final | {"quiescent": False}) == []


def test_a_transaction_that_is_undone_leaves_its_versions_to_later_requests() -> None:
    history = sample_histories.completed()
    history.request("PUT", "/api/baskets/y/checkout", key="late")
    history.record("fault", number=1, name="slow transaction", where="some/events")
    history.record("underway", container="api", keys=[["Basket#x", 3], ["Basket#y", 1]])
    history.respond(status=503)
    history.record("undone", container="api", keys=[["Basket#x", 3], ["Basket#y", 1]])
    history.request("POST", "/api/baskets", key="other")
    history.commit("Basket#y", ("Started", {"customer_id": "c", "at": ""}))
    history.respond(body={"id": "y"})
    assert check(history.entries, history.final | {"quiescent": False}) == []


def test_a_violation_names_the_invariant_the_place_and_the_evidence() -> None:
    history = sample_histories.completed()
    broken_commands_and_money.refused_and_stored(history)
    [violation] = [v for v in check(history.entries, history.final) if v.invariant == commands.NEVER_STORED]
    assert str(violation).startswith(
        "a refused command is never stored: PUT /api/baskets/o/addItem was answered 409, but stored baskets's "
        "Basket#o at version 2 (request "
    )


@pytest.mark.parametrize(("skew", "may_wait"), [(0, False), (-3 * SECOND, True)])
def test_a_reminder_that_is_early_by_its_containers_clock_needs_no_cause_to_wait(skew: int, may_wait: bool) -> None:
    history = sample_histories.completed()
    detail = json.loads(json.dumps(history.fields("published", '"OrderPaid"')["detail"]))
    body = json.dumps({"detail": detail, "due": history.time()})
    where = {"container": "search/inbox-1", "function": "search/inbox"}
    history.record("sent", queue="search/inbox", message="reminder", body=body, delay=0)
    history.record("clock", container="search/inbox-1", skew=skew)
    history.record("invocation", **where, cause=["reminder"])
    history.record("ended", **where, how="ok", failures=["reminder"])
    history.record("deleted", queue="search/inbox", message="reminder")
    assert (failures.CAUSED in violated(history)) is not may_wait


@pytest.mark.parametrize(("queue", "may_wait"), [("search/inbox", False), ("depot/inbox", True)])
def test_an_event_in_the_inbox_of_who_does_not_subscribe_to_it_needs_no_cause_to_wait(
    queue: str, may_wait: bool
) -> None:
    history = sample_histories.completed()
    body = json.dumps({"detail": history.fields("published", '"OrderPaid"')["detail"]})
    where = {"container": f"{queue}-1", "function": queue}
    history.record("sent", queue=queue, message="stray", body=body, delay=0)
    history.record("invocation", **where, cause=["stray"])
    history.record("ended", **where, how="ok", failures=["stray"])
    history.record("deleted", queue=queue, message="stray")
    assert (failures.CAUSED in violated(history)) is not may_wait


@pytest.mark.parametrize(("seconds", "not_begun"), [(15, set()), (16, {"message-3"})])
def test_a_message_that_was_not_begun_before_time_was_over_needs_no_cause(seconds: int, not_begun: set[str]) -> None:
    batch = ["message-1", "message-2", "message-3"]
    where = {"container": "payments/inbox-1", "function": "payments/inbox"}
    entries: list[Entry] = [
        (0, "invocation", {**where, "cause": batch}),
        (8 * SECOND, "postponed", {"queue": "payments/inbox", "message": "message-1", "seconds": 2}),
        (seconds * SECOND, "ended", {**where, "how": "ok", "failures": batch}),
    ]
    [invocation] = failures._invocations(entries)
    assert invocation.handed_back == not_begun


@pytest.mark.parametrize(("seconds", "not_begun"), [(11, {"message-3"}), (12, {"message-2", "message-3"})])
def test_what_is_behind_a_failure_was_not_begun_when_time_was_short_though_its_receipt_is_void(
    seconds: int, not_begun: set[str]
) -> None:
    batch = ["message-1", "message-2", "message-3"]
    where = {"container": "payments/inbox-1", "function": "payments/inbox"}
    entries: list[Entry] = [
        (0, "invocation", {**where, "cause": batch}),
        (seconds * SECOND, "postponed", {"queue": "payments/inbox", "message": "message-1", "seconds": 2}),
        (13 * SECOND, "postponed", {"queue": "payments/inbox", "message": "message-3", "seconds": 0}),
        (13 * SECOND, "ended", {**where, "how": "ok", "failures": batch}),
    ]
    [invocation] = failures._invocations(entries)
    assert invocation.handed_back == not_begun


def test_what_was_sent_after_a_failure_was_not_begun_when_time_was_short_where_its_inbox_sorts_its_batch() -> None:
    batch = ["message-2", "message-1"]
    where = {"container": "baskets/inbox-1", "function": "baskets/inbox"}
    sent: list[Entry] = [
        (number, "sent", {"queue": "baskets/inbox", "message": f"message-{number}"}) for number in (1, 2)
    ]
    entries: list[Entry] = [
        *sent,
        (3, "invocation", {**where, "cause": batch}),
        (13 * SECOND, "postponed", {"queue": "baskets/inbox", "message": "message-1", "seconds": 2}),
        (13 * SECOND, "ended", {**where, "how": "ok", "failures": batch}),
    ]
    [invocation] = failures._invocations(entries)
    assert invocation.handed_back == {"message-2"}


def test_the_gateways_500_for_a_killed_function_is_not_the_authorizers() -> None:
    history = sample_histories.completed()
    authorizer, api = ({"container": name, "function": name} for name in ("gateway/authorizer", "baskets/api"))
    history.record("request", id="r", who="staff:1", method="GET", path="/api/baskets/y", key=None, body=None)
    history.record("invocation", **authorizer, cause=["r"])
    history.record("ended", **authorizer, how="ok", failures=[])
    history.record("invocation", **api, cause=["r"])
    history.record("fault", name="killed after call", where="baskets/api GetItem baskets/events")
    history.record("ended", **api, how="killed", failures=[])
    history.record("response", id="r", status=500, body={}, version=None)
    assert violated(history) == set()


@pytest.mark.parametrize("struck", [True, False])
def test_an_owner_that_failed_at_its_own_table_is_a_cause_for_who_asked_it(struck: bool) -> None:
    history = sample_histories.completed()
    owner = {"container": "search/queries-1", "function": "search/queries"}
    history.request("GET", "/api/customers/c/data")
    if struck:
        history.record("invocation", **owner, cause=["asked"])
        history.record("fault", number=1, name="keys unprocessed", where="search/views")
        history.record("ended", **owner, how="error", failures=[], error="UnavailableError")
    history.respond(status=503)
    assert (failures.CAUSED in violated(history)) is not struck


@pytest.mark.parametrize(("function", "may_ask"), [("operations/api", True), ("customers/api", False)])
def test_a_slow_forecast_is_a_cause_for_operations_alone(function: str, may_ask: bool) -> None:
    history = sample_histories.completed()
    asking = {"container": f"{function}-1", "function": function}
    history.record("invocation", **asking, cause=["asked"])
    history.record("fault", number=1, name="function slow", where="search/forecast-1 GetItem search/views")
    history.record("ended", **asking, how="error", failures=[], error="UnavailableError")
    assert (failures.CAUSED in violated(history)) is not may_ask
