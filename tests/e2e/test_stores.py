"""The suites of both stores, on tables of the local cloud."""

from collections.abc import Iterator

import pytest

from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews
from tests.e2e.conftest import Deployed
from tests.support import aws
from tests.support.store_suite import EventStoreSuite
from tests.support.views_suite import ViewStoreSuite


@pytest.fixture(scope="module")
def event_table(deployed: Deployed) -> Iterator[str]:
    table = aws.event_table(deployed.client("dynamodb"))
    yield table
    deployed.client("dynamodb").delete_table(TableName=table)


@pytest.fixture(scope="module")
def view_table(deployed: Deployed) -> Iterator[str]:
    table = aws.view_table(deployed.client("dynamodb"), ["by_place"])
    yield table
    deployed.client("dynamodb").delete_table(TableName=table)


class TestEventStore(EventStoreSuite):
    @pytest.fixture
    def store(self, deployed: Deployed, event_table: str) -> DynamoEventStore:
        return DynamoEventStore(deployed.client("dynamodb"), event_table)


class TestViewStore(ViewStoreSuite):
    @pytest.fixture
    def views(self, deployed: Deployed, view_table: str) -> DynamoViews:
        return DynamoViews(deployed.client("dynamodb"), view_table)


def test_the_deployed_tables_have_the_keys_that_the_stores_expect(deployed: Deployed) -> None:
    dynamodb = deployed.client("dynamodb")

    def keys(table: str) -> list[tuple[str, str]]:
        schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        return [(key["AttributeName"], key["KeyType"]) for key in schema]

    for made, output in ((aws.event_table(dynamodb), "EventsTable"), (aws.view_table(dynamodb, []), "ViewsTable")):
        assert keys(made) == keys(deployed.output("stores", output))
        dynamodb.delete_table(TableName=made)
