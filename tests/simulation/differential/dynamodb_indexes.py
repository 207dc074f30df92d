"""Cases of queries of DynamoDB's global secondary indexes."""

from typing import Any

from tests.simulation.differential.case import Cases, code
from tests.simulation.differential.dynamodb_reads import SHOP, shop
from tests.simulation.differential.dynamodb_writes import row
from tests.simulation.differential.place import INDEX, Place

indexes = Cases()


def placed(sort: str, partition: str = "north", at: str | None = None) -> Any:
    """A row that the index shows."""
    return row(sort, **{f"{INDEX}_partition": {"S": partition}, f"{INDEX}_sort": {"S": at or sort}})


def in_index(place: Place, table: str, partition: str = "north", **more: Any) -> Any:
    """A query of the index."""
    return place.dynamodb.query(
        TableName=table,
        IndexName=INDEX,
        KeyConditionExpression="#p = :p",
        ExpressionAttributeNames={"#p": f"{INDEX}_partition"},
        ExpressionAttributeValues={":p": {"S": partition}},
        **more,
    )


def sorts(answer: Any) -> list[str]:
    return [found["sort"]["S"] for found in answer["Items"]]


def indexed(place: Place, *rows: Any) -> str:
    """A table of rows, once its index shows them all."""
    table = place.rows()
    for each in rows:
        place.dynamodb.put_item(TableName=table, Item=each)
    shown = sum(f"{INDEX}_partition" in each for each in rows)
    place.until(lambda: len(in_index(place, table)["Items"]) == shown)
    return table


@indexes.gives([["2", "1"], placed("2", at="a")])
def an_index_shows_the_items_that_have_its_keys_in_order(place: Place) -> Any:
    answer = in_index(place, indexed(place, placed("1", at="b"), placed("2", at="a"), row("3")))
    return [sorts(answer), answer["Items"][0]]


@indexes.gives(["1"])
def an_item_that_loses_its_index_keys_leaves_the_index(place: Place) -> Any:
    table = indexed(place, placed("1"), placed("2"))
    place.dynamodb.put_item(TableName=table, Item=row("2"))
    place.until(lambda: len(in_index(place, table)["Items"]) == 1)
    return sorts(in_index(place, table))


@indexes.gives([["1"], ["2"]])
def an_item_moves_in_the_index_with_its_keys(place: Place) -> Any:
    table = indexed(place, placed("1"), placed("2"))
    place.dynamodb.put_item(TableName=table, Item=placed("2", "south"))
    place.until(lambda: in_index(place, table, "south")["Items"])
    place.until(lambda: len(in_index(place, table)["Items"]) == 1)
    return [sorts(in_index(place, table)), sorts(in_index(place, table, "south"))]


@indexes.gives([["1", "2"], placed("2", at="b"), ["3"], None])
def an_index_is_read_in_pages_by_all_its_keys(place: Place) -> Any:
    table = indexed(place, placed("1", at="a"), placed("2", at="b"), placed("3", at="c"))
    first = in_index(place, table, Limit=2)
    rest = in_index(place, table, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])
    return [sorts(first), first["LastEvaluatedKey"], sorts(rest), rest.get("LastEvaluatedKey")]


@indexes.gives([2, ["1", "2", "3"], True])
def pages_of_an_index_return_each_item_once_where_sort_keys_are_equal(place: Place) -> Any:
    table = indexed(place, *(placed(sort, at="a") for sort in ("1", "2", "3")))
    first = in_index(place, table, Limit=2)
    rest = in_index(place, table, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])
    return [len(first["Items"]), sorted(sorts(first) + sorts(rest)), "LastEvaluatedKey" not in rest]


@indexes.gives([["3", "2"], ["1"]])
def an_index_is_read_backwards_in_pages(place: Place) -> Any:
    table = indexed(place, placed("1", at="a"), placed("2", at="b"), placed("3", at="c"))
    first = in_index(place, table, Limit=2, ScanIndexForward=False)
    rest = in_index(place, table, Limit=2, ScanIndexForward=False, ExclusiveStartKey=first["LastEvaluatedKey"])
    return [sorts(first), sorts(rest)]


@indexes.gives([["2"], ["1", "2"], ["2", "3"]])
def an_index_is_read_between_bounds(place: Place) -> Any:
    table = indexed(place, placed("1", at="a"), placed("2", at="b"), placed("3", at="c"))

    def between(condition: str, **values: str) -> list[str]:
        answer = place.dynamodb.query(
            TableName=table,
            IndexName=INDEX,
            KeyConditionExpression=f"#p = :p AND {condition}",
            ExpressionAttributeNames={"#p": f"{INDEX}_partition", "#s": f"{INDEX}_sort"},
            ExpressionAttributeValues={":p": {"S": "north"}, **{f":{n}": {"S": v} for n, v in values.items()}},
        )
        return sorts(answer)

    within = between("#s BETWEEN :low AND :high", low="b", high="bz")
    return [within, between("#s <= :high", high="b"), between("#s >= :low", low="b")]


@indexes.gives(["ValidationException", "ValidationException", "ValidationException"])
def a_query_of_an_index_is_refused_with_consistency_or_other_keys_or_an_unknown_index(place: Place) -> Any:
    table = shop(place, "a")
    values = {":p": {"S": "shop"}}
    return [
        code(in_index, place=place, table=table, ConsistentRead=True),
        code(place.dynamodb.query, TableName=table, IndexName=INDEX, ExpressionAttributeValues=values, **SHOP),
        code(place.dynamodb.query, TableName=table, IndexName="no", ExpressionAttributeValues=values, **SHOP),
    ]
