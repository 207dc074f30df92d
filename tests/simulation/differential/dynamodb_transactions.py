"""Cases of DynamoDB's transactions."""

from typing import Any

from tests.simulation.differential.case import Cases, code, refusal
from tests.simulation.differential.dynamodb_writes import NEW, OLD, commit, item
from tests.simulation.differential.place import Place

transactions = Cases()

CANCELLED = "TransactionCanceledException"


def put(table: str, what: Any, **more: Any) -> Any:
    """An action that puts a new item."""
    return {"Put": {"TableName": table, "Item": what, **NEW, **OLD, **more}}


def put_any(table: str, what: Any) -> Any:
    """An action that puts an item without a condition."""
    return {"Put": {"TableName": table, "Item": what}}


def write(place: Place, *actions: Any, **more: Any) -> dict[str, Any]:
    """The refusal of a transaction, or {}."""
    return refusal(place.dynamodb.transact_write_items, TransactItems=list(actions), **more)


@transactions.gives([{}, commit(), commit(stream="list-1")])
def a_transaction_writes_all_its_items(place: Place) -> Any:
    robots, lists = place.commits(), place.commits()
    refused = write(place, put(robots, commit()), put(lists, commit(stream="list-1")))
    return [refused, item(place, robots, commit()), item(place, lists, commit(stream="list-1"))]


@transactions.gives(
    [
        {
            "code": CANCELLED,
            "reasons": ["None", "ConditionalCheckFailed", "None"],
            "there": [None, commit(stream="robot", a={"S": "first"}), None],
        },
        None,
        commit(stream="robot", a={"S": "first"}),
    ]
)
def a_refused_transaction_writes_nothing_and_gives_a_reason_for_each_action(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit(stream="robot", a={"S": "first"}))
    second = put(table, commit(stream="robot", a={"S": "second"}))
    refused = write(place, put(table, commit(stream="list")), second, put(table, commit(stream="order")))
    return [refused, item(place, table, commit(stream="list")), item(place, table, commit(stream="robot"))]


@transactions.gives({"code": CANCELLED, "reasons": ["ConditionalCheckFailed"] * 2, "there": [commit(), commit(2)]})
def every_item_that_refuses_is_named(place: Place) -> Any:
    table = place.commits()
    write(place, put(table, commit()), put(table, commit(2)))
    return write(place, put(table, commit()), put(table, commit(2)))


@transactions.gives({"code": CANCELLED, "reasons": ["ConditionalCheckFailed"], "there": [None]})
def a_refused_item_is_not_returned_unless_requested(place: Place) -> Any:
    table = place.commits()
    write(place, put(table, commit()))
    return write(place, put(table, commit(), ReturnValuesOnConditionCheckFailure="NONE"))


@transactions.gives([{}, {}])
def a_transaction_repeated_with_its_token_is_executed_once(place: Place) -> Any:
    table = place.commits()
    return [write(place, put(table, commit()), ClientRequestToken="token-1") for _ in range(2)]


@transactions.gives([{}, {"code": "IdempotentParameterMismatchException"}, None])
def a_token_repeated_for_another_transaction_is_refused(place: Place) -> Any:
    table = place.commits()
    return [
        write(place, put(table, commit()), ClientRequestToken="token-2"),
        write(place, put(table, commit(2)), ClientRequestToken="token-2"),
        item(place, table, commit(2)),
    ]


@transactions.gives([CANCELLED, CANCELLED])
def a_refused_transaction_is_refused_again_under_its_token(place: Place) -> Any:
    table = place.commits()
    place.dynamodb.put_item(TableName=table, Item=commit())
    return [write(place, put(table, commit()), ClientRequestToken="token-3")["code"] for _ in range(2)]


@transactions.gives([{}, CANCELLED])
def a_transaction_repeated_without_its_token_meets_its_own_item(place: Place) -> Any:
    table = place.commits()
    return [write(place, put(table, commit())), write(place, put(table, commit()))["code"]]


@transactions.gives(["ValidationException", None])
def two_actions_on_one_item_are_refused(place: Place) -> Any:
    table = place.commits()
    return [write(place, put(table, commit()), put(table, commit()))["code"], item(place, table, commit())]


@transactions.gives([{}, "ValidationException"])
def a_transaction_has_a_hundred_items_at_most(place: Place) -> Any:
    table = place.commits()
    many = [put(table, commit(version)) for version in range(1, 202)]
    return [write(place, *many[:100]), write(place, *many[100:])["code"]]


@transactions.gives("ValidationException")
def a_transaction_has_four_megabytes_at_most(place: Place) -> Any:
    table = place.commits()
    return write(place, *(put_any(table, commit(n, body={"S": "x" * 390_000})) for n in range(1, 12)))["code"]


@transactions.gives([True, None])
def an_item_that_is_too_large_refuses_the_transaction(place: Place) -> Any:
    table = place.commits()
    refused = write(place, put(table, commit()), put(table, commit(2, body={"S": "x" * 410_000})))
    return ["code" in refused, item(place, table, commit())]


@transactions.gives("ResourceNotFoundException")
def a_transaction_with_a_table_that_does_not_exist_is_refused(place: Place) -> Any:
    return write(place, put_any(place.commits(), commit()), put_any("nowhere", commit()))["code"]


@transactions.gives("ValidationException")
def a_name_that_no_expression_of_an_action_uses_is_refused(place: Place) -> Any:
    action = put(place.commits(), commit())
    action["Put"]["ExpressionAttributeNames"] = {**action["Put"]["ExpressionAttributeNames"], "#f1": "left"}
    return code(place.dynamodb.transact_write_items, TransactItems=[action])


def delete(table: str, key: Any) -> Any:
    """An action that deletes an item without a condition."""
    return {"Delete": {"TableName": table, "Key": {name: key[name] for name in ("stream", "version")}}}


def check_new(table: str, key: Any) -> Any:
    """An action that writes nothing, and refuses the transaction where an item is there."""
    return {"ConditionCheck": {"TableName": table, "Key": {name: key[name] for name in ("stream", "version")}, **NEW}}


@transactions.gives([{}, None, commit()])
def a_transaction_deletes_in_one_table_and_puts_in_another(place: Place) -> Any:
    left, right = place.commits(), place.commits()
    write(place, put(left, commit()))
    refused = write(place, delete(left, commit()), put(right, commit()))
    return [refused, item(place, left, commit()), item(place, right, commit())]


@transactions.gives([{}, commit()])
def a_transaction_may_delete_what_is_not_there(place: Place) -> Any:
    table = place.commits()
    return [write(place, delete(table, commit(2)), put(table, commit())), item(place, table, commit())]


@transactions.gives([["ConditionalCheckFailed", "None"], None])
def a_check_that_does_not_hold_refuses_the_transaction(place: Place) -> Any:
    table = place.commits()
    write(place, put(table, commit()))
    refused = write(place, check_new(table, commit()), put(table, commit(2)))
    return [refused["reasons"], item(place, table, commit(2))]
