"""What the event store needs of DynamoDB: `patches/dynamodb.py` for the cost of reads; the rest is the engine's own."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.engine.workbench import Table, Workbench

NEW = "attribute_not_exists(pk)"


def commit(table: Table, name: str = "order-1", version: int = 1, **attributes: Any) -> dict[str, Any]:
    """A conditional put, as the event store makes it."""
    return {
        "TableName": table.name,
        "Item": {"pk": {"S": name}, "sk": {"N": str(version)}, **attributes},
        "ConditionExpression": NEW,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_a_refused_put_returns_the_existing_item(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")
    dynamodb.put_item(**commit(table, commit_id={"S": "first"}))

    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(**commit(table, commit_id={"S": "second"}))

    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    answer: Any = refused.value.response
    assert answer["Item"]["commit_id"] == {"S": "first"}


def test_a_refused_transaction_returns_a_reason_and_the_existing_item_for_each_item(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")
    dynamodb.put_item(**commit(table, "robot", commit_id={"S": "first"}))

    with pytest.raises(ClientError) as refused:
        dynamodb.transact_write_items(
            TransactItems=[{"Put": commit(table, "list")}, {"Put": commit(table, "robot", commit_id={"S": "second"})}]
        )

    assert refused.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons: Any = refused.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["commit_id"] == {"S": "first"}
    assert "Item" not in dynamodb.get_item(TableName=table.name, Key={"pk": {"S": "list"}, "sk": {"N": "1"}})


def test_a_transaction_repeated_with_its_token_takes_effect_once(bench: Workbench) -> None:
    table, dynamodb, token = bench.table(), bench.client("dynamodb"), str(uuid.uuid4())

    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[{"Put": commit(table)}], ClientRequestToken=token)

    assert dynamodb.scan(TableName=table.name)["Count"] == 1


@pytest.mark.parametrize(("size", "units"), [(500, 1.0), (1500, 2.0), (9000, 9.0)])
def test_a_write_costs_a_unit_for_each_kilobyte(bench: Workbench, size: int, units: float) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")

    put = dynamodb.put_item(**commit(table, body={"S": "x" * size}), ReturnConsumedCapacity="TOTAL")
    both = dynamodb.transact_write_items(
        TransactItems=[{"Put": commit(table, "order-2", body={"S": "x" * size})}], ReturnConsumedCapacity="TOTAL"
    )

    assert put["ConsumedCapacity"]["CapacityUnits"] == units
    assert both["ConsumedCapacity"][0]["CapacityUnits"] == 2 * units


def test_a_read_costs_half_a_unit_for_each_four_kilobytes_and_a_whole_one_when_consistent(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")
    bench.put(table, "order-1", body={"S": "x" * 3000})
    bench.put(table, "order-1", version=2, body={"S": "x" * 3000})

    query = {
        "TableName": table.name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "order-1"}},
        "ReturnConsumedCapacity": "TOTAL",
    }

    eventually_consistent = dynamodb.query(**query)
    consistent = dynamodb.query(**query, ConsistentRead=True)

    assert eventually_consistent["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert consistent["ConsumedCapacity"]["CapacityUnits"] == 2.0


def test_a_stream_is_read_backwards_page_by_page(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")
    for version in range(1, 6):
        bench.put(table, "order-1", version=version)
    query = {
        "TableName": table.name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "order-1"}},
        "ConsistentRead": True,
        "ScanIndexForward": False,
        "Limit": 2,
    }

    first = dynamodb.query(**query)
    second = dynamodb.query(**query, ExclusiveStartKey=first["LastEvaluatedKey"])
    third = dynamodb.query(**query, ExclusiveStartKey=second["LastEvaluatedKey"])

    pages = [[int(item["sk"]["N"]) for item in page["Items"]] for page in (first, second, third)]
    assert pages == [[5, 4], [3, 2], [1]]
    assert "LastEvaluatedKey" not in third


def test_a_query_stops_at_a_megabyte_and_returns_where(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")
    for version in range(1, 5):
        bench.put(table, "order-1", version=version, body={"S": "x" * 350_000})

    found = dynamodb.query(
        TableName=table.name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "order-1"}},
    )

    assert found["Count"] < 4
    assert "LastEvaluatedKey" in found


def test_the_segments_of_a_scan_return_each_item_once(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")
    names = {f"order-{number}" for number in range(40)}
    bench.put(table, *names)

    segments = [
        [item["pk"]["S"] for item in dynamodb.scan(TableName=table.name, Segment=number, TotalSegments=4)["Items"]]
        for number in range(4)
    ]

    assert sorted(name for segment in segments for name in segment) == sorted(names)
    assert sum(bool(segment) for segment in segments) > 1


def test_a_recovery_period_is_kept_and_is_35_days_at_most(bench: Workbench) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html"""
    table, dynamodb = bench.table(), bench.client("dynamodb")
    a_week = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    told = dynamodb.update_continuous_backups(TableName=table.name, PointInTimeRecoverySpecification=a_week)
    assert _period(told) == 7

    with pytest.raises(ClientError) as refused:
        dynamodb.update_continuous_backups(
            TableName=table.name, PointInTimeRecoverySpecification={**a_week, "RecoveryPeriodInDays": 36}
        )

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert _period(dynamodb.describe_continuous_backups(TableName=table.name)) == 7


def _period(answer: Any) -> int:
    days: int = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"]
    return days


def test_an_item_of_more_than_400_kilobytes_is_refused(bench: Workbench) -> None:
    table, dynamodb = bench.table(), bench.client("dynamodb")

    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(**commit(table, body={"S": "x" * 410_000}))

    assert refused.value.response["Error"]["Code"] == "ValidationException"
