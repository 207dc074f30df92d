"""Cases of DynamoDB's single writes: conditions, keys, and what an item may be."""

from typing import Any

from functions.kernel.projections import gate
from tests.simulation.differential.case import Cases, code, refusal
from tests.simulation.differential.place import INDEX, Place

writes = Cases()

NEW = {"ConditionExpression": "attribute_not_exists(#stream)", "ExpressionAttributeNames": {"#stream": "stream"}}
OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
LIMIT = 409_600

Item = dict[str, dict[str, Any]]


def commit(version: int = 1, stream: str = "order-1", **attributes: Any) -> Item:
    """An item of a table of commits."""
    return {"stream": {"S": stream}, "version": {"N": str(version)}, **attributes}


def row(sort: str = "1", partition: str = "shop", /, **attributes: Any) -> Item:
    """An item of a table of rows."""
    return {"partition": {"S": partition}, "sort": {"S": sort}, **attributes}


def item(place: Place, table: str, key: Item) -> Item | None:
    """An item as it is now, by its key alone."""
    found: Item | None = place.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return found


def put_row(place: Place, table: str, version: str, **attributes: Any) -> str | None:
    """Put a row under the condition of read models; the code of its refusal, or None."""
    return code(
        place.dynamodb.put_item,
        TableName=table,
        Item=row(version={"N": version}, **attributes),
        ConditionExpression=gate.OPENS,
        ExpressionAttributeNames={"#partition": "partition", "#version": "version"},
        ExpressionAttributeValues=gate.values(int(version)),
    )


def version_after(place: Place, first: Item, version: str) -> list[Any]:
    """Put a row of a version after an existing row: the code of the refusal, and the version then."""
    table = place.rows()
    place.dynamodb.put_item(TableName=table, Item=first)
    refused = put_row(place, table, version)
    there = item(place, table, row())
    return [refused, there and there["version"]]


@writes.gives([{}, commit(a={"S": "x"})])
def a_new_item_is_put_under_the_condition_that_it_is_new(place: Place) -> Any:
    table = place.commits()
    refused = refusal(place.dynamodb.put_item, TableName=table, Item=commit(a={"S": "x"}), **NEW)
    return [refused, item(place, table, commit())]


@writes.gives([{"code": "ConditionalCheckFailedException", "there": commit(a={"S": "x"})}, commit(a={"S": "x"})])
def a_refused_put_returns_the_existing_item_and_leaves_it(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit(a={"S": "x"}))
    refused = refusal(place.dynamodb.put_item, TableName=table, Item=commit(a={"S": "y"}), **NEW, **OLD)
    return [refused, item(place, table, commit())]


@writes.gives({"code": "ConditionalCheckFailedException"})
def a_refused_put_returns_nothing_unless_requested(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit())
    return refusal(place.dynamodb.put_item, TableName=table, Item=commit(), **NEW)


@writes.gives({})
def another_version_of_the_same_stream_is_another_item(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit(1))
    return refusal(place.dynamodb.put_item, TableName=table, Item=commit(2), **NEW)


@writes.gives(commit(b={"S": "new"}))
def a_put_without_a_condition_replaces_the_whole_item(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit(a={"S": "old"}))
    place.dynamodb.put_item(TableName=table, Item=commit(b={"S": "new"}))
    return item(place, table, commit())


@writes.gives({"code": "ConditionalCheckFailedException"})
def a_condition_on_an_attribute_fails_without_an_item(place: Place) -> Any:
    gate = {
        "ConditionExpression": "#v < :v",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":v": {"N": "2"}},
    }
    return refusal(place.dynamodb.put_item, TableName=place.rows(), Item=row(), **gate, **OLD)


@writes.gives([None, {"N": "2"}])
def the_condition_of_a_row_accepts_a_newer_version(place: Place) -> Any:
    return version_after(place, row(version={"N": "1"}), "2")


@writes.gives(["ConditionalCheckFailedException", {"N": "2"}])
def the_condition_of_a_row_refuses_the_same_version(place: Place) -> Any:
    return version_after(place, row(version={"N": "2"}), "2")


@writes.gives(["ConditionalCheckFailedException", {"N": "10"}])
def the_condition_of_a_row_compares_versions_as_numbers(place: Place) -> Any:
    return version_after(place, row(version={"N": "10"}), "9")


@writes.gives(["ConditionalCheckFailedException", {"N": "1"}])
def the_condition_of_a_row_lets_no_version_replace_a_tombstone(place: Place) -> Any:
    return version_after(place, row(version={"N": "1"}, deleted={"BOOL": True}), "2")


@writes.gives(["ConditionalCheckFailedException", {"S": "1"}])
def values_of_different_types_are_not_compared(place: Place) -> Any:
    return version_after(place, row(version={"S": "1"}), "2")


@writes.gives(["ConditionalCheckFailedException", None])
def a_condition_can_be_negated_and_grouped(place: Place) -> Any:
    table = place.rows()
    place.dynamodb.put_item(TableName=table, Item=row(a={"N": "5"}))
    names: Any = {"ExpressionAttributeNames": {"#a": "a"}}
    values: Any = {"ExpressionAttributeValues": {":low": {"N": "1"}, ":high": {"N": "5"}}}
    within = "attribute_exists(#a) AND (#a BETWEEN :low AND :high)"
    put = place.dynamodb.put_item
    return [
        code(put, TableName=table, Item=row(), ConditionExpression=f"NOT ({within})", **names, **values),
        code(put, TableName=table, Item=row(), ConditionExpression=within, **names, **values),
    ]


def refused_expression(place: Place, **request: Any) -> str | None:
    """The error code of a put with an invalid expression."""
    return code(place.dynamodb.put_item, TableName=place.rows(), Item=row(), **request)


@writes.gives("ValidationException")
def a_name_that_is_not_defined_is_refused(place: Place) -> Any:
    return refused_expression(place, ConditionExpression="attribute_not_exists(#other)")


@writes.gives("ValidationException")
def a_value_that_is_not_defined_is_refused(place: Place) -> Any:
    values = {":a": {"N": "1"}}
    return refused_expression(place, ConditionExpression="a = :a OR b = :b", ExpressionAttributeValues=values)


@writes.gives("ValidationException")
def a_name_that_the_expression_does_not_use_is_refused(place: Place) -> Any:
    names = {"#a": "a", "#b": "b"}
    return refused_expression(place, ConditionExpression="attribute_not_exists(#a)", ExpressionAttributeNames=names)


@writes.gives("ValidationException")
def a_value_that_the_expression_does_not_use_is_refused(place: Place) -> Any:
    values = {":a": {"N": "1"}}
    return refused_expression(place, ConditionExpression="attribute_not_exists(a)", ExpressionAttributeValues=values)


@writes.gives("ValidationException")
def names_without_an_expression_are_refused(place: Place) -> Any:
    return refused_expression(place, ExpressionAttributeNames={"#a": "a"})


@writes.gives("ValidationException")
def an_expression_that_cannot_be_read_is_refused(place: Place) -> Any:
    return refused_expression(place, ConditionExpression="attribute_not_exists(a")


@writes.gives("ValidationException")
def a_reserved_word_is_refused_as_a_name(place: Place) -> Any:
    values = {":open": {"S": "open"}}
    return refused_expression(
        place, ConditionExpression="attribute_not_exists(a) OR status = :open", ExpressionAttributeValues=values
    )


@writes.gives(["ValidationException", "ValidationException", "ValidationException", "ValidationException"])
def an_item_without_its_whole_key_is_refused(place: Place) -> Any:
    commits, rows = place.commits(), place.rows()
    return [
        code(place.dynamodb.put_item, TableName=commits, Item={"stream": {"S": "order-1"}}),
        code(place.dynamodb.put_item, TableName=commits, Item={**commit(), "version": {"S": "1"}}),
        code(place.dynamodb.put_item, TableName=rows, Item=row("")),
        code(place.dynamodb.put_item, TableName=rows, Item=row("1", "")),
    ]


@writes.gives(["ValidationException", "ValidationException"])
def a_key_of_an_index_is_text_and_not_empty(place: Place) -> Any:
    table = place.rows()
    return [
        code(place.dynamodb.put_item, TableName=table, Item=row(**{f"{INDEX}_partition": {"S": ""}})),
        code(place.dynamodb.put_item, TableName=table, Item=row(**{f"{INDEX}_partition": {"N": "1"}})),
    ]


@writes.gives(row(a={"S": ""}, b={"BOOL": False}))
def an_empty_text_that_is_no_key_is_stored(place: Place) -> Any:
    table = place.rows()
    place.dynamodb.put_item(TableName=table, Item=row(a={"S": ""}, b={"BOOL": False}))
    return item(place, table, row())


@writes.gives("ValidationException")
def an_empty_set_is_refused(place: Place) -> Any:
    return code(place.dynamodb.put_item, TableName=place.rows(), Item=row(a={"SS": []}))


@writes.gives("ValidationException")
def a_malformed_number_is_refused(place: Place) -> Any:
    return code(place.dynamodb.put_item, TableName=place.rows(), Item=row(a={"N": "one"}))


@writes.gives(row(a={"N": "7"}, b={"N": "1.5"}))
def a_number_loses_its_zeros(place: Place) -> Any:
    table = place.rows()
    place.dynamodb.put_item(TableName=table, Item=row(a={"N": "007"}, b={"N": "1.50"}))
    return item(place, table, row())


@writes.gives([None, "ValidationException"])
def an_item_may_have_400_kilobytes_and_not_a_byte_more(place: Place) -> Any:
    table = place.rows()
    filled = sum(len(name) + len(value["S"]) for name, value in row(body={"S": ""}).items())
    return [
        code(place.dynamodb.put_item, TableName=table, Item=row(body={"S": "x" * (LIMIT - filled + more)}))
        for more in (0, 1)
    ]


@writes.gives("ValidationException")
def an_item_is_measured_in_bytes_and_not_in_characters(place: Place) -> Any:
    return code(place.dynamodb.put_item, TableName=place.rows(), Item=row(body={"S": "é" * 210_000}))


@writes.gives("ResourceNotFoundException")
def a_put_to_a_table_that_does_not_exist_is_refused(place: Place) -> Any:
    return code(place.dynamodb.put_item, TableName="nowhere", Item=row())


@writes.gives([commit(), None])
def a_missing_item_is_an_answer_without_an_item(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit())
    return [item(place, table, commit()), item(place, table, commit(2))]


@writes.gives(["ValidationException", "ValidationException"])
def an_item_is_read_by_its_key_and_nothing_else(place: Place) -> Any:
    table = place.commits()
    keys = ({"stream": {"S": "order-1"}}, commit(a={"S": "x"}))
    return [code(place.dynamodb.get_item, TableName=table, Key=key) for key in keys]
