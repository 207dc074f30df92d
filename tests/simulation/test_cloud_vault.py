"""The simulated vault: the suite of vaults passes on it, and transactions write and delete in several tables."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.runtime.runtime import EventStore
from functions.kernel.runtime.vault import Vault
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.harness import InTask, a_client, a_views_table, a_world, an_event_table
from tests.support.vault_suite import Kept, VaultSuite

VAULT, LEDGER = "jars/vault", "jars/erasures"


def several_tables() -> DynamoDB:
    """DynamoDB with a table for commits, a vault and a ledger of erasures."""
    dynamodb = an_event_table(a_world())
    for name in (VAULT, LEDGER):
        dynamodb.tables[name] = a_views_table(dynamodb.world, name, ()).tables[name]
    return dynamodb


class TestVaultOnSimulatedTables(VaultSuite):
    @pytest.fixture
    def kept(self) -> Kept:
        dynamodb = several_tables()
        client: Any = a_client(dynamodb)
        store = DynamoEventStore(client, "jars/events", {"vault": VAULT, "erasures": LEDGER})
        parts = (store, DynamoVault(client, VAULT), DynamoVault(client, LEDGER))
        stored, vault, ledger = (InTask(dynamodb.world, part) for part in parts)
        return Kept(cast(EventStore, stored), cast(Vault, vault), cast(Vault, ledger))


def put_commit(version: int) -> dict[str, Any]:
    """The put of a commit that must be new."""
    return {
        "Put": {
            "TableName": "jars/events",
            "Item": {"stream": {"S": "Jar#1"}, "version": {"N": str(version)}},
            "ConditionExpression": "attribute_not_exists(#stream)",
            "ExpressionAttributeNames": {"#stream": "stream"},
        }
    }


def vault_key(partition: str, sort: str) -> dict[str, Any]:
    """The key of a row."""
    return {"partition": {"S": partition}, "sort": {"S": sort}}


def put_row(sort: str) -> dict[str, Any]:
    """The put of a row."""
    return {"Put": {"TableName": "jars/vault", "Item": {**vault_key("phone", sort), "data": {"S": "{}"}}}}


def test_a_transaction_writes_and_deletes_in_several_tables() -> None:
    dynamodb = several_tables()
    client = InTask(dynamodb.world, a_client(dynamodb))
    delete = {"Delete": {"TableName": "jars/vault", "Key": vault_key("phone", "a")}}
    client.transact_write_items(TransactItems=[put_commit(1), put_row("a")])
    client.transact_write_items(TransactItems=[put_commit(2), delete, put_row("b")])
    assert list(dynamodb.tables["jars/events"].items) == [("Jar#1", 1), ("Jar#1", 2)]
    assert list(dynamodb.tables["jars/vault"].items) == [("phone", "b")]


def test_a_transaction_that_is_refused_in_one_table_writes_in_none() -> None:
    dynamodb = several_tables()
    client = InTask(dynamodb.world, a_client(dynamodb))
    client.transact_write_items(TransactItems=[put_commit(1)])
    check = {
        "ConditionCheck": {
            "TableName": "jars/events",
            "Key": {"stream": {"S": "Jar#1"}, "version": {"N": "1"}},
            "ConditionExpression": "attribute_not_exists(#stream)",
            "ExpressionAttributeNames": {"#stream": "stream"},
        }
    }
    with pytest.raises(ClientError) as refused:
        client.transact_write_items(TransactItems=[put_row("a"), check])
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert dynamodb.tables["jars/vault"].items == {}


def test_a_query_before_a_sort_key_shows_the_attributes_of_its_projection() -> None:
    dynamodb = several_tables()
    client = InTask(dynamodb.world, a_client(dynamodb))
    for sort in ("a", "b", "c"):
        client.transact_write_items(TransactItems=[put_row(sort)])
    found = client.query(
        TableName="jars/vault",
        KeyConditionExpression="#partition = :partition AND #sort < :before",
        ProjectionExpression="#sort",
        ExpressionAttributeNames={"#partition": "partition", "#sort": "sort"},
        ExpressionAttributeValues={":partition": {"S": "phone"}, ":before": {"S": "c"}},
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    assert found["Items"] == [{"sort": {"S": "b"}}, {"sort": {"S": "a"}}]
