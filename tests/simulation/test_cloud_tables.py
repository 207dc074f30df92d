"""The simulated tables: the suites of the stores pass on them, and their errors are those of DynamoDB."""

from contextlib import nullcontext, suppress
from typing import Any, cast

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime.runtime import EventStore
from functions.kernel.runtime.views import Row, ViewStore
from tests.simulation.expressions import ExpressionError, condition
from tests.simulation.harness import InTask, a_client, a_views_table, a_world, an_event_table, run_task
from tests.simulation.sdk import World
from tests.support.store_suite import EventStoreSuite, a_commit, a_message, a_stream
from tests.support.views_suite import ViewStoreSuite

TABLE, VIEWS = "jars/events", "jars/views"


class TestEventStoreOnSimulatedTables(EventStoreSuite):
    @pytest.fixture
    def store(self) -> EventStore:
        world = a_world()
        store = DynamoEventStore(a_client(an_event_table(world)), TABLE)  # type: ignore[arg-type]
        return cast(EventStore, InTask(world, store))


class TestViewsOnSimulatedTables(ViewStoreSuite):
    @pytest.fixture
    def views(self) -> ViewStore:
        world = a_world()

        class Views(InTask):
            def __getattr__(self, name: str) -> Any:
                world.scheduler.run(world.scheduler.now_us + 1_000_000)  # longer than the lag of an index
                return super().__getattr__(name)

        return cast(ViewStore, Views(world, DynamoViews(a_client(a_views_table(world)), VIEWS)))  # type: ignore[arg-type]


def put(stream: str = "Jar#1", id: str = "c", **more: Any) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Item": {"stream": {"S": stream}, "version": {"N": "1"}, "id": {"S": id}},
        "ConditionExpression": "attribute_not_exists(#stream)",
        "ExpressionAttributeNames": {"#stream": "stream"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **more,
    }


def transaction(*puts: dict[str, Any], token: str = "a token") -> dict[str, Any]:
    return {"TransactItems": [{"Put": one} for one in puts], "ClientRequestToken": token}


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def test_a_failed_condition_returns_the_existing_item() -> None:
    world = a_world()
    client = a_client(an_event_table(world))
    run_task(world, lambda: client.put_item(**put(id="first")))
    with pytest.raises(ClientError) as failure:
        run_task(world, lambda: client.put_item(**put(id="second")))
    assert code(failure.value) == "ConditionalCheckFailedException"
    assert failure.value.operation_name == "PutItem"
    assert cast(Any, failure.value.response)["Item"]["id"] == {"S": "first"}


def test_a_cancelled_transaction_gives_a_reason_for_each_of_its_actions() -> None:
    world = a_world()
    client = a_client(an_event_table(world))
    run_task(world, lambda: client.put_item(**put("Jar#2", id="first")))
    with pytest.raises(ClientError) as failure:
        run_task(world, lambda: client.transact_write_items(**transaction(put("Jar#1"), put("Jar#2"))))
    assert code(failure.value) == "TransactionCanceledException"
    reasons = cast(Any, failure.value.response)["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["id"] == {"S": "first"}


def test_a_transaction_with_the_token_of_a_committed_one_succeeds_without_effect() -> None:
    world = a_world()
    dynamodb = an_event_table(world)
    client = a_client(dynamodb)
    for _ in range(2):
        run_task(world, lambda: client.transact_write_items(**transaction(put("Jar#1"), put("Jar#2"))))
    assert len(dynamodb.tables[TABLE].items) == 2


def test_a_token_cannot_be_used_for_another_transaction() -> None:
    world = a_world()
    client = a_client(an_event_table(world))
    run_task(world, lambda: client.transact_write_items(**transaction(put("Jar#1"), put("Jar#2"))))
    with pytest.raises(ClientError) as failure:
        run_task(world, lambda: client.transact_write_items(**transaction(put("Jar#3"), put("Jar#4"))))
    assert code(failure.value) == "IdempotentParameterMismatchException"


def test_a_token_is_forgotten_after_ten_minutes() -> None:
    world = a_world()
    client = a_client(an_event_table(world))
    run_task(world, lambda: client.transact_write_items(**transaction(put("Jar#1"), put("Jar#2"))))
    run_task(world, lambda: world.scheduler.sleep(601))
    with pytest.raises(ClientError) as failure:
        run_task(world, lambda: client.transact_write_items(**transaction(put("Jar#1"), put("Jar#2"))))
    assert code(failure.value) == "TransactionCanceledException"


def test_a_put_to_an_item_of_a_transaction_in_progress_is_a_conflict() -> None:
    world = a_world(faults={"slow transaction": 1.0})
    dynamodb = an_event_table(world)
    client, other = a_client(dynamodb), a_client(dynamodb, "another")
    world.scheduler.spawn(lambda: client.transact_write_items(**transaction(put("Jar#1"), put("Jar#2"))))

    def late() -> None:
        world.scheduler.sleep(0.2)
        other.put_item(**put("Jar#1"))

    with pytest.raises(ClientError) as failure:
        run_task(world, late)
    assert code(failure.value) == "TransactionConflictException"


def test_a_transaction_commits_after_the_sdk_gave_up_and_its_token_is_known() -> None:
    codes: set[str] = set()
    for seed in range(10):
        world = a_world(seed, {"slow transaction": 1.0})
        dynamodb = an_event_table(world)
        client = a_client(dynamodb)
        try:
            request = transaction(put("Jar#1"), put("Jar#2"))
            run_task(world, lambda client=client, request=request: client.transact_write_items(**request))  # type: ignore[misc]
            codes.add("committed")
        except ClientError as error:
            codes.add(code(error))
        world.scheduler.run(world.scheduler.now_us + 10_000_000)
        assert len(dynamodb.tables[TABLE].items) == 2
    assert codes == {"committed", "TransactionInProgressException"}


@pytest.mark.parametrize(
    "fault", ["reply lost", "internal error after effect", "throttle", "internal error", "no connection"]
)
def test_a_commit_that_the_sdk_retries_is_no_conflict_and_stored_once(fault: str) -> None:
    struck = 0
    for seed in range(60):
        world = a_world(seed, {fault: 0.4})
        dynamodb = an_event_table(world)
        store = DynamoEventStore(a_client(dynamodb), TABLE)  # type: ignore[arg-type]
        commit = a_commit(a_stream(), messages=(a_message(),))
        gave_up = pytest.raises((ClientError, BotoCoreError)) if _strikes_twice(fault, seed) else nullcontext()
        with gave_up:
            run_task(world, lambda store=store, commit=commit: store.commit(commit))  # type: ignore[misc]
        struck += world.faults.fired[fault] == 1
        there = fault in ("reply lost", "internal error after effect") or world.faults.fired[fault] < 2
        assert len(dynamodb.tables[TABLE].items) == there
    assert struck > 5


def _strikes_twice(fault: str, seed: int) -> bool:
    """Whether the fault strikes at both attempts of the SDK in the world of a seed."""
    world = a_world(seed, {fault: 0.4})
    client = a_client(an_event_table(world))
    with suppress(ClientError, BotoCoreError):
        run_task(world, lambda: client.put_item(**put()))
    return world.faults.fired[fault] == 2


def test_an_index_lags_behind_its_table_and_catches_up() -> None:
    world = a_world(faults={"index behind": 1.0})
    views = DynamoViews(a_client(a_views_table(world)), VIEWS)  # type: ignore[arg-type]

    def read() -> list[int]:
        return [row["n"] for row in views.query("here", index="by_place").rows]

    run_task(world, lambda: views.put(Row("jar", "1", {"n": 1}, indexes={"by_place": ("here", "1")}), 1))
    assert run_task(world, read) == []
    world.scheduler.run(world.scheduler.now_us + 10_000_000)
    assert run_task(world, read) == [1]


def test_an_index_shows_the_writes_to_one_item_in_their_order() -> None:
    for seed in range(20):
        world = a_world(seed, {"index behind": 0.5})
        views = DynamoViews(a_client(a_views_table(world)), VIEWS)  # type: ignore[arg-type]
        seen: list[int] = []

        def write(views: DynamoViews = views) -> None:
            for n in range(1, 6):
                views.put(Row("jar", "1", {"n": n}, indexes={"by_place": ("here", "1")}), n)

        def read(views: DynamoViews = views, seen: list[int] = seen, world: World = world) -> None:
            for _ in range(100):
                seen.extend(row["n"] for row in views.query("here", index="by_place").rows)
                world.scheduler.sleep(0.2)

        world.scheduler.spawn(write)
        run_task(world, read)
        assert seen == sorted(seen)
        assert seen[-1] == 5


def test_only_an_eventually_consistent_read_is_stale() -> None:
    world = a_world(faults={"stale read": 1.0})
    client = a_client(an_event_table(world))
    key = {"stream": {"S": "Jar#1"}, "version": {"N": "1"}}
    run_task(world, lambda: client.put_item(**put()))
    consistent = run_task(world, lambda: client.get_item(TableName=TABLE, Key=key, ConsistentRead=True))
    stale = [run_task(world, lambda: client.get_item(TableName=TABLE, Key=key)) for _ in range(5)]
    assert "Item" in consistent
    assert {} in stale
    world.scheduler.run(world.scheduler.now_us + 3_000_000)
    assert "Item" in run_task(world, lambda: client.get_item(TableName=TABLE, Key=key))


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (put(Item={"stream": {"S": "Jar#1"}}), "the key"),
        (put(Item={"stream": {"S": ""}, "version": {"N": "1"}}), "the key"),
        (put(Item={"stream": {"S": "Jar#1"}, "version": {"N": 1}}), "must be text"),
        (put(Item={"stream": {"S": "J"}, "version": {"N": "1"}, "x": {"S": "x" * 410_000}}), "maximum allowed size"),
        (put(Item={"stream": {"S": "\N{ROBOT FACE}" * 513}, "version": {"N": "1"}}), "maximum size limit of 2048"),
        (put(Item={"stream": {"S": "J"}, "version": {"N": "1"}, "x": {"B": "x"}}), "must be bytes"),
        (put(Item={"stream": {"S": "J"}, "version": {"N": "1"}, "x": {"B": b"x" * 410_000}}), "maximum allowed size"),
        (put(ConditionExpression="begins_with(#stream, :x)"), "begins_with"),
    ],
)
def test_an_item_that_dynamodb_would_refuse_is_refused(request_: dict[str, Any], why: str) -> None:
    world = a_world()
    client = a_client(an_event_table(world))
    with pytest.raises(ClientError, match=why) as failure:
        run_task(world, lambda: client.put_item(**request_))
    assert code(failure.value) == "ValidationException"


def test_an_unknown_table_is_not_found() -> None:
    world = a_world()
    client = a_client(an_event_table(world))
    with pytest.raises(ClientError) as failure:
        run_task(world, lambda: client.put_item(**put(TableName="another")))
    assert code(failure.value) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("attribute_exists(a)", True),
        ("attribute_not_exists(a) OR a = :one", True),
        ("NOT (a = :one AND attribute_not_exists(b))", False),
        ("a BETWEEN :one AND :two", True),
        ("a BETWEEN :two AND :two", False),
        ("#a < :two AND a <> :two", True),
        ("b = :one", False),
        ("a = :text", False),
    ],
)
def test_conditions_are_read_as_dynamodb_reads_them(expression: str, holds: bool) -> None:
    values: dict[str, dict[str, Any]] = {":one": {"N": "1"}, ":two": {"N": "2"}, ":text": {"S": "1"}}
    assert condition(expression)({"a": {"N": "1"}}, {"#a": "a"}, values) is holds


@pytest.mark.parametrize("expression", ["a =", "a = :b extra", "(a = :b", "contains(a, :b)", "a ~ :b", ""])
def test_an_expression_that_cannot_be_read_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        condition(expression)
