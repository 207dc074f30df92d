"""The suites of both stores, on tables of the deployed engine."""

from collections.abc import Iterator

import pytest

from functions.kernel.store import DynamoEventStore
from functions.kernel.view_store import DynamoViews
from tests.e2e.conftest import Deployed
from tests.support import aws
from tests.support.store_suite import EventStoreSuite
from tests.support.views_suite import ViewStoreSuite


class TestEventStore(EventStoreSuite):
    @pytest.fixture(scope="class")
    def store(self, deployed: Deployed) -> Iterator[DynamoEventStore]:
        dynamodb = deployed.client("dynamodb")
        table = aws.event_table(dynamodb)
        yield DynamoEventStore(dynamodb, table)
        dynamodb.delete_table(TableName=table)


class TestViewStore(ViewStoreSuite):
    @pytest.fixture(scope="class")
    def views(self, deployed: Deployed) -> Iterator[DynamoViews]:
        dynamodb = deployed.client("dynamodb")
        table = aws.view_table(dynamodb, ["by_place"])
        yield DynamoViews(dynamodb, table)
        dynamodb.delete_table(TableName=table)


def test_the_tables_deployed_have_the_keys_that_the_stores_are_written_for(deployed: Deployed) -> None:
    dynamodb = deployed.client("dynamodb")

    def keys(table: str) -> list[tuple[str, str]]:
        schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        return [(key["AttributeName"], key["KeyType"]) for key in schema]

    for made, output in ((aws.event_table(dynamodb), "EventsTable"), (aws.view_table(dynamodb, []), "ViewsTable")):
        assert keys(made) == keys(deployed.output("stores", output))
        dynamodb.delete_table(TableName=made)
