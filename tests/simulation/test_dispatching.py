"""The calls to AWS that the dispatcher makes, and the time that they take at 5 ms each."""

import pytest

from functions.depot import matching, views
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import budget
from functions.kernel.runtime.views import Row
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.dispatching import A_CALL, BATCH, DISPATCHER, Depot, Measured, orders_per_second, steady
from tests.simulation.faults import Faults
from tests.simulation.templates import deployed

TARGET = 10_000 / 60  # orders a second


def calls(messages: int, looks: int, pairs: int) -> dict[str, int]:
    """A row for each message, two queries of rows for each look, and of a pair two loads, the commit and two rows."""
    made = {"Query": 2 * pairs, "TransactWriteItems": pairs, "DeleteItem": 2 * pairs} if pairs else {"Query": 0}
    return {**made, "PutItem": messages, "Query": made["Query"] + 2 * looks}


@pytest.mark.parametrize("pairs", range(1, BATCH // 2 + 1))
def test_a_batch_takes_a_call_for_each_message_two_for_the_look_and_five_for_each_pair(pairs: int) -> None:
    depot = Depot()
    measured = depot.dispatch(depot.hints(pairs))
    assert (measured.pairs, measured.calls) == (pairs, calls(messages=2 * pairs, looks=1, pairs=pairs))


@pytest.mark.parametrize("kind", ["ShoppingListAvailable", "BotCameOnline"])
def test_a_batch_that_finds_no_partner_takes_a_call_for_each_message_and_two_for_the_look(kind: str) -> None:
    depot = Depot()
    hints = [hint for hint in depot.hints(BATCH) if hint.metadata.name == kind]
    assert depot.dispatch(hints) == Measured(calls(messages=BATCH, looks=1, pairs=0), 2 * A_CALL, 0)


def test_a_look_that_makes_25_pairs_takes_six_times_as_long_as_one_call() -> None:
    """Rows; what they name, 50 loads by 25 threads; the commits; the rows of lists, and of robots."""
    depot = Depot()
    hints = depot.hints(matching.PAIRS)
    lists = [hint for hint in hints if hint.metadata.name == "ShoppingListAvailable"]
    bots = [hint for hint in hints if hint.metadata.name == "BotCameOnline"]
    depot.dispatch(lists)
    measured = depot.dispatch(bots)
    assert measured.pairs == matching.PAIRS
    assert measured.calls == calls(messages=len(bots), looks=2, pairs=matching.PAIRS)
    message, look, next_look = A_CALL, 6 * A_CALL, A_CALL
    assert measured.seconds == pytest.approx(message + look + next_look)


def test_at_5_ms_a_call_one_dispatcher_makes_the_pairs_of_10_000_orders_a_minute() -> None:
    measured = steady()
    assert (measured.pairs, measured.seconds) == (BATCH // 2, pytest.approx(6 * A_CALL))
    assert orders_per_second(measured.seconds) == pytest.approx(TARGET)


@pytest.mark.parametrize("hanging", ["PutItem", "Query", "TransactWriteItems", "DeleteItem"])
@pytest.mark.parametrize("pairs", [1, BATCH // 2, 2 * matching.PAIRS])
def test_a_batch_ends_in_time_however_many_calls_hang(hanging: str, pairs: int) -> None:
    depot = Depot()
    hints = depot.hints(pairs)
    for begin in range(0, len(hints) - BATCH, BATCH):
        lists_or_bots = [hint for hint in hints[begin : begin + BATCH] if hint.metadata.name == "ShoppingListAvailable"]
        depot.dispatch(lists_or_bots)
    depot.hanging.add(hanging)
    measured = depot.dispatch(hints[-BATCH:])
    assert measured.failed >= 1
    assert measured.seconds <= deployed().functions[DISPATCHER].timeout - budget.RESERVE
    depot.hanging.clear()
    assert depot.dispatch(hints[-BATCH:]).failed == 0


def test_one_transient_error_holds_up_those_behind_it_for_the_two_seconds_of_its_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A batch of ten held the group for the visibility timeout of those behind the one that failed: for 147 s."""
    choices = Choices(1)
    cloud = Cloud(choices, Faults(choices))
    robots, put = 30, DynamoViews.put
    errors: list[float] = []

    def failing_once(self: DynamoViews, row: Row, version: int) -> bool:
        if row.partition == views.IDLE_BOTS and not errors:
            errors.append(cloud.now())
            raise UnavailableError("DynamoDB throttles")
        return put(self, row, version)

    def come_online(number: int) -> None:
        bot_id = cloud.request("POST", "/api/depot/bots", {"name": f"Robot {number}"}).body["id"]
        cloud.sleep(5 - cloud.now())
        assert cloud.request("PUT", f"/api/depot/bots/{bot_id}/online").status == 200

    def all_wait() -> bool:
        rows = cloud.state()["tables"]["depot/views"]
        return sum(partition == views.IDLE_BOTS for partition, _ in rows) == robots

    monkeypatch.setattr(DynamoViews, "put", failing_once)
    for number in range(robots):
        cloud.spawn(come_online, number)
    while not all_wait():
        cloud.run(cloud.now() + 0.05)
        assert cloud.now() < 60
    assert errors[0] + 2 <= cloud.now() < errors[0] + 4
