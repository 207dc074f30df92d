"""Posting: one slow or gone client holds up nobody, and fails nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import budget, runtime
from functions.live import service
from functions.live.push import ApiGatewayConnections, GoneError, connect
from tests.support.live import MemoryConnections
from tests.unit.live.desk import Desk, Time, batch, order


@pytest.fixture
def desks(connections: MemoryConnections) -> list[Desk]:
    """Five desks that watch the orders."""
    found = [Desk(connections, f"desk-{number}") for number in range(5)]
    for desk in found:
        desk.subscribes("orders")
    return found


def subscribers() -> set[str]:
    views = runtime.current().views
    assert isinstance(views, MemoryViews)
    return {sort for partition, sort in views.items if partition == "subscribers orders"}


def having(desks: list[Desk], order_id: str) -> list[str]:
    return [desk.id for desk in desks if order_id in desk.client.shows("orders")]


def test_one_that_is_gone_is_forgotten_and_the_others_are_told(
    desks: list[Desk], connections: MemoryConnections
) -> None:
    connections.close("desk-2")
    assert batch((order("a"), 1)) == []
    assert having(desks, "a") == ["desk-0", "desk-1", "desk-3", "desk-4"]
    assert subscribers() == {"desk-0", "desk-1", "desk-3", "desk-4"}


def test_one_that_is_gone_in_the_middle_of_its_frames_is_forgotten_and_resumes_by_its_next_connection(
    desks: list[Desk], connections: MemoryConnections
) -> None:
    desk = desks[0]

    def receive_one(frame: dict[str, Any]) -> None:
        desk.client.receive(frame)
        connections.close(desk.id)

    connections.open(desk.id, receive_one)
    ids = [f"order-{number}" for number in range(6)]
    assert batch(*((order(id), 1) for id in ids)) == []
    assert desk.id not in subscribers()
    assert 0 < len(desk.client.shows("orders")) < 6
    desk.opens("another connection")
    desk.sends(desk.client.wants(["orders"]))
    assert sorted(desk.client.shows("orders")) == ids
    assert desk.client.snapshots == 4


@pytest.mark.parametrize("error", [ConnectionError("throttled"), TimeoutError("slow")])
def test_one_whose_post_fails_stays_and_finds_what_it_missed_by_its_next_ping(
    desks: list[Desk], connections: MemoryConnections, error: Exception
) -> None:
    connections.failing["desk-2"] = error
    assert batch((order("a"), 1)) == []
    assert having(desks, "a") == ["desk-0", "desk-1", "desk-3", "desk-4"]
    assert "desk-2" in subscribers()
    connections.failing.clear()
    desks[2].looks()
    assert having(desks, "a") == [desk.id for desk in desks]


def test_posts_begin_within_seconds_and_whom_they_do_not_reach_resumes(
    desks: list[Desk], connections: MemoryConnections, time: Time
) -> None:
    for desk in desks:
        connections.open(desk.id, lambda frame, desk=desk: (time.passes(seconds=2), desk.client.receive(frame)))  # type: ignore[misc]
    assert batch((order("a"), 1)) == []
    assert len(having(desks, "a")) == 2
    for desk in desks:
        connections.open(desk.id, desk.client.receive)
        desk.looks()
    assert having(desks, "a") == [desk.id for desk in desks]


def test_no_post_begins_without_the_time_to_report_the_batch(desks: list[Desk]) -> None:
    with budget.limited(lambda: budget.TRY + budget.RESERVE - 0.1):
        assert batch((order("a"), 1)) == []
    assert having(desks, "a") == []


def test_the_next_batch_begins_with_another_connection(desks: list[Desk], time: Time) -> None:
    firsts = set()
    for number in range(5):
        time.now += timedelta(microseconds=1)
        asked: list[str] = []
        jobs = runtime.current().side_by_side

        def noted(all_jobs: Any, asked: list[str] = asked, jobs: Any = jobs) -> Any:
            asked += [job.args[0] for job in all_jobs]
            return jobs(all_jobs)

        runtime.current().side_by_side = noted
        batch((order(f"order-{number}"), 1))
        runtime.current().side_by_side = jobs
        firsts.add(asked[0])
    assert firsts == {desk.id for desk in desks}


def test_a_batch_succeeds_though_subscribers_cannot_be_read(desks: list[Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    query = MemoryViews.query

    def fail(views: MemoryViews, partition: str, **more: Any) -> Any:
        if partition.startswith("subscribers"):
            raise ConnectionError
        return query(views, partition, **more)

    monkeypatch.setattr(MemoryViews, "query", fail)
    assert batch((order("a"), 1)) == []
    monkeypatch.undo()
    desks[0].looks()
    assert having(desks, "a") == ["desk-0"]


def test_posts_begin_for_a_shorter_time_than_is_kept_for_what_follows_a_batch() -> None:
    assert service.POSTING <= budget.AFTERWARDS


# The adapter, against botocore's own model of the service.


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ApiGatewayConnections, Any]]:
    monkeypatch.setenv("LIVE_ENDPOINT", "https://abc.execute-api.eu-west-1.amazonaws.com/live")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    made = connect()
    assert isinstance(made, ApiGatewayConnections)
    with Stubber(made._client) as stub:
        yield made, stub
        stub.assert_no_pending_responses()


def test_a_text_is_posted_to_its_connection(adapter: tuple[ApiGatewayConnections, Any]) -> None:
    connections, stub = adapter
    stub.add_response("post_to_connection", {}, {"ConnectionId": "one=", "Data": "é".encode()})
    connections.post("one=", "é")


def test_a_connection_that_has_ended_is_gone(adapter: tuple[ApiGatewayConnections, Any]) -> None:
    connections, stub = adapter
    stub.add_client_error("post_to_connection", "GoneException", http_status_code=410)
    with pytest.raises(GoneError):
        connections.post("one=", "{}")


@pytest.mark.parametrize("code", ["LimitExceededException", "PayloadTooLargeException", "ForbiddenException"])
def test_any_other_error_of_a_post_is_raised_as_it_is(adapter: tuple[ApiGatewayConnections, Any], code: str) -> None:
    connections, stub = adapter
    stub.add_client_error("post_to_connection", code)
    with pytest.raises(ClientError, match=code):
        connections.post("one=", "{}")


def test_a_post_is_tried_once_and_waits_for_a_second(adapter: tuple[ApiGatewayConnections, Any]) -> None:
    config = adapter[0]._client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (1, 1, 1)
