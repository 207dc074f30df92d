"""Cases of DynamoDB's queries and scans."""

from typing import Any

from tests.simulation.differential.case import Cases, code
from tests.simulation.differential.dynamodb_writes import commit, row
from tests.simulation.differential.place import Place

reads = Cases()

STREAM: Any = {"KeyConditionExpression": "#stream = :stream", "ExpressionAttributeNames": {"#stream": "stream"}}
SHOP: Any = {"KeyConditionExpression": "#p = :p", "ExpressionAttributeNames": {"#p": "partition"}}


def stream(place: Place, table: str, name: str = "order-1", **more: Any) -> Any:
    """A query of a stream."""
    return place.dynamodb.query(
        TableName=table, ConsistentRead=True, ExpressionAttributeValues={":stream": {"S": name}}, **STREAM, **more
    )


def versions(answer: Any) -> list[int]:
    return [int(found["version"]["N"]) for found in answer["Items"]]


def filled(place: Place, *numbers: int) -> str:
    """A table with these versions of a stream, and one of another."""
    table = place.commits()
    for number in numbers:
        place.dynamodb.put_item(TableName=table, Item=commit(number))
    place.dynamodb.put_item(TableName=table, Item=commit(3, "order-2"))
    return table


@reads.gives([2, 9, 10, 100])
def a_query_gives_numbers_in_the_order_of_numbers(place: Place) -> Any:
    return versions(stream(place, filled(place, 100, 9, 10, 2)))


@reads.gives([10, 9, 2])
def a_query_can_go_backwards(place: Place) -> Any:
    return versions(stream(place, filled(place, 2, 9, 10), ScanIndexForward=False))


@reads.gives([{"version": {"N": "4"}}, {"version": {"N": "2"}}])
def a_query_of_what_is_before_a_key_shows_the_attributes_of_its_projection(place: Place) -> Any:
    found = place.dynamodb.query(
        TableName=filled(place, 2, 4, 5, 9),
        ConsistentRead=True,
        KeyConditionExpression="#stream = :stream AND #version < :before",
        ProjectionExpression="#version",
        ExpressionAttributeNames={"#stream": "stream", "#version": "version"},
        ExpressionAttributeValues={":stream": {"S": "order-1"}, ":before": {"N": "5"}},
        ScanIndexForward=False,
    )
    return found["Items"]


@reads.gives([[], None])
def a_query_without_items_is_empty(place: Place) -> Any:
    answer = stream(place, filled(place, 1), "order-9")
    return [answer["Items"], answer.get("LastEvaluatedKey")]


@reads.gives([[5, 4], [3, 2], [1]])
def pages_follow_each_other_backwards(place: Place) -> Any:
    table = filled(place, 1, 2, 3, 4, 5)
    pages: list[list[int]] = []
    start: Any = {}
    while True:
        answer = stream(place, table, ScanIndexForward=False, Limit=2, **start)
        pages.append(versions(answer))
        if "LastEvaluatedKey" not in answer:
            return pages
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@reads.gives([[1, 2], commit(2), [], None])
def a_page_that_ends_with_the_last_item_has_a_next_key_all_the_same(place: Place) -> Any:
    table = filled(place, 1, 2)
    full = stream(place, table, Limit=2)
    rest = stream(place, table, Limit=2, ExclusiveStartKey=full["LastEvaluatedKey"])
    return [versions(full), full["LastEvaluatedKey"], versions(rest), rest.get("LastEvaluatedKey")]


@reads.gives([[1, 2], None])
def a_page_that_is_not_full_is_the_last(place: Place) -> Any:
    answer = stream(place, filled(place, 1, 2), Limit=3)
    return [versions(answer), answer.get("LastEvaluatedKey")]


@reads.gives([[4], [1]])
def a_query_can_continue_from_a_key_without_an_item(place: Place) -> Any:
    table = filled(place, 1, 4)
    start: Any = {"ExclusiveStartKey": commit(2)}
    return [
        versions(stream(place, table, **start)),
        versions(stream(place, table, ScanIndexForward=False, **start)),
    ]


@reads.gives(["ValidationException", "ValidationException"])
def a_query_cannot_continue_from_a_partial_key_or_one_of_another_stream(place: Place) -> Any:
    table = filled(place, 1, 4)
    starts = ({"stream": {"S": "order-1"}}, commit(1, "order-2"))
    return [code(stream, place=place, table=table, ExclusiveStartKey=start) for start in starts]


@reads.gives("ValidationException")
def a_limit_of_zero_is_refused(place: Place) -> Any:
    return code(stream, place=place, table=filled(place, 1), Limit=0)


def bounded(place: Place, table: str, condition: str, **values: str) -> list[str]:
    """The sort keys of a partition of rows that match a key condition."""
    answer = place.dynamodb.query(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression=f"#p = :p AND {condition}",
        ExpressionAttributeNames={"#p": "partition", "#s": "sort"},
        ExpressionAttributeValues={":p": {"S": "shop"}, **{f":{name}": {"S": value} for name, value in values.items()}},
    )
    return [found["sort"]["S"] for found in answer["Items"]]


def shop(place: Place, *sorts: str) -> str:
    """A table of rows with these sort keys."""
    table = place.rows()
    for sort in sorts:
        place.dynamodb.put_item(TableName=table, Item=row(sort))
    return table


@reads.gives([["b", "c"], ["b", "c", "d"], ["a", "b"], []])
def bounds_are_inclusive(place: Place) -> Any:
    table = shop(place, "a", "b", "c", "d")
    return [
        bounded(place, table, "#s BETWEEN :low AND :high", low="b", high="c"),
        bounded(place, table, "#s >= :low", low="b"),
        bounded(place, table, "#s <= :high", high="b"),
        bounded(place, table, "#s BETWEEN :low AND :high", low="e", high="f"),
    ]


@reads.gives("ValidationException")
def bounds_in_the_wrong_order_are_refused(place: Place) -> Any:
    condition = "#s BETWEEN :low AND :high"
    return code(bounded, place=place, table=shop(place, "a"), condition=condition, low="c", high="b")


@reads.gives(["A", "Z", "a", "z", "é", "日", "\uff5e", "😀"])
def texts_are_in_the_order_of_their_bytes(place: Place) -> Any:
    return bounded(place, shop(place, "é", "z", "😀", "Z", "\uff5e", "a", "日", "A"), "#s >= :low", low="A")


@reads.gives(["ValidationException", "ValidationException", "ValidationException"])
def a_query_names_the_partition_key_with_a_value_of_its_type(place: Place) -> Any:
    table = shop(place, "a")
    names = {"#p": "partition"}
    query: Any = {"TableName": table, "KeyConditionExpression": "#p = :p"}
    queries: tuple[Any, ...] = ({"#p": "sort"}, {"S": "a"}), (names, {"S": ""}), (names, {"N": "1"})
    return [
        code(place.dynamodb.query, **query, ExpressionAttributeNames=named, ExpressionAttributeValues={":p": value})
        for named, value in queries
    ]


@reads.gives("ValidationException")
def a_query_with_a_name_that_it_does_not_use_is_refused(place: Place) -> Any:
    names = {"#p": "partition", "#s": "sort"}
    request: Any = {**SHOP, "ExpressionAttributeNames": names, "ExpressionAttributeValues": {":p": {"S": "shop"}}}
    return code(place.dynamodb.query, TableName=shop(place, "a"), **request)


@reads.gives([True, True, [1, 2, 3, 4]])
def a_page_ends_at_a_megabyte(place: Place) -> Any:
    table = place.commits()
    for number in range(1, 5):
        place.dynamodb.put_item(TableName=table, Item=commit(number, body={"S": "x" * 350_000}))
    first = stream(place, table)
    rest = stream(place, table, ExclusiveStartKey=first["LastEvaluatedKey"])
    return [0 < len(first["Items"]) < 4, "LastEvaluatedKey" not in rest, versions(first) + versions(rest)]


@reads.gives([[f"order-{n:02}" for n in range(30)], True])
def the_segments_of_a_scan_return_each_item_once(place: Place) -> Any:
    table = place.commits()
    for number in range(30):
        place.dynamodb.put_item(TableName=table, Item=commit(stream=f"order-{number:02}"))
    segments = [
        [found["stream"]["S"] for found in place.dynamodb.scan(TableName=table, Segment=n, TotalSegments=3)["Items"]]
        for n in range(3)
    ]
    return [sorted(name for segment in segments for name in segment), sum(map(bool, segments)) > 1]


@reads.gives([[3], [1, 2]])
def a_stream_is_read_from_a_version_on_and_up_to_one(place: Place) -> Any:
    table = filled(place, 1, 2, 3)

    def within(condition: str) -> list[int]:
        answer = place.dynamodb.query(
            TableName=table,
            KeyConditionExpression=f"#stream = :stream AND #version {condition} :version",
            ExpressionAttributeNames={"#stream": "stream", "#version": "version"},
            ExpressionAttributeValues={
                ":stream": {"S": "order-1"},
                ":version": {"N": "3" if ">" in condition else "2"},
            },
        )
        return versions(answer)

    return [within(">="), within("<=")]


@reads.gives([1, 2])
def a_scan_returns_only_items_that_its_filter_matches(place: Place) -> Any:
    table = place.commits()
    for number in range(1, 5):
        messages: Any = {"messages": {"S": "[]"}} if number < 3 else {}
        place.dynamodb.put_item(TableName=table, Item=commit(number, **messages))
    return sorted(versions(place.dynamodb.scan(TableName=table, FilterExpression="attribute_exists(messages)")))


@reads.gives([[], True, [4]])
def the_limit_of_a_scan_counts_items_that_the_filter_drops(place: Place) -> Any:
    table = place.commits()
    for number in range(1, 5):
        messages: Any = {"messages": {"S": "[]"}} if number == 4 else {}
        place.dynamodb.put_item(TableName=table, Item=commit(number, **messages))
    wanted: Any = {"TableName": table, "FilterExpression": "attribute_exists(messages)"}
    first = place.dynamodb.scan(**wanted, Limit=3)
    rest = place.dynamodb.scan(**wanted, Limit=3, ExclusiveStartKey=first["LastEvaluatedKey"])
    return [versions(first), "LastEvaluatedKey" in first, versions(rest)]


@reads.gives([[1, 2, 3], True, None])
def a_scan_that_ends_with_the_last_item_has_a_next_key_all_the_same(place: Place) -> Any:
    table = place.commits()
    for number in range(1, 4):
        place.dynamodb.put_item(TableName=table, Item=commit(number))
    full = place.dynamodb.scan(TableName=table, Limit=3)
    rest = place.dynamodb.scan(TableName=table, Limit=3, ExclusiveStartKey=full["LastEvaluatedKey"])
    return [versions(full), rest["Items"] == [], rest.get("LastEvaluatedKey")]


@reads.gives(["ValidationException", "ResourceNotFoundException"])
def a_scan_of_a_segment_or_table_that_does_not_exist_is_refused(place: Place) -> Any:
    return [
        code(place.dynamodb.scan, TableName=place.rows(), Segment=3, TotalSegments=3),
        code(place.dynamodb.scan, TableName="nowhere"),
    ]


def batch(place: Place, table: str, *sorts: str) -> Any:
    """A batch read of rows of one partition."""
    keys = [{"partition": {"S": "shop"}, "sort": {"S": sort}} for sort in sorts]
    return place.dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})


@reads.gives([["1", "3"], {}])
def a_batch_read_gives_the_items_that_are_there(place: Place) -> Any:
    table = place.rows()
    for sort in ("1", "2", "3"):
        place.dynamodb.put_item(TableName=table, Item=row(sort))
    answer = batch(place, table, "3", "nowhere", "1")
    return [sorted(item["sort"]["S"] for item in answer["Responses"][table]), answer["UnprocessedKeys"]]


@reads.gives([[], {}])
def a_batch_read_of_what_is_not_there_is_empty(place: Place) -> Any:
    table = place.rows()
    answer = batch(place, table, "nowhere")
    return [answer["Responses"][table], answer["UnprocessedKeys"]]


@reads.gives("ValidationException")
def a_batch_read_of_one_key_twice_is_refused(place: Place) -> Any:
    return code(lambda: batch(place, place.rows(), "1", "1"))


@reads.gives("ValidationException")
def a_batch_read_of_101_keys_is_refused(place: Place) -> Any:
    return code(lambda: batch(place, place.rows(), *map(str, range(101))))
