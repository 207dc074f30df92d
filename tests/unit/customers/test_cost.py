"""What a customer costs at DynamoDB and KMS, by the calls that the adapters make; docs/adr/0043 has the table."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.customers import service
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.runtime.runtime import active
from tests.simulation.cost import item_size
from tests.support import aws
from tests.support.keys import MemoryKms
from tests.support.runtime import CODE_KEY, memory_runtime
from tests.unit.customers.kiosk import NUMBER

KILOBYTE = 1_024


@pytest.fixture
def kms() -> MemoryKms:
    return MemoryKms()


@pytest.fixture
def dynamodb(kms: MemoryKms) -> Iterator[Any]:
    """The client of a service that keeps all in DynamoDB, and has a wrapping key at hand."""
    with aws.local_aws():
        client = aws.client("dynamodb")
        vault, erasures = aws.view_table(client, []), aws.view_table(client, [])
        store = DynamoEventStore(client, aws.event_table(client), {"vault": vault, "erasures": erasures})
        adapters = {"code_key": CODE_KEY, **kms.adapters}
        with active(memory_runtime("customers", store=store, vault=DynamoVault(client, vault), adapters=adapters)):
            service.register("Eve Moss", "+1 555 0199")
            yield client


def written(operation: str, request: dict[str, Any]) -> int:
    """The write units of a call: one a KB of each item, and twice as many in a transaction.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
    """
    if operation == "PutItem":
        return kilobytes(request["Item"])
    if operation == "TransactWriteItems":
        return 2 * sum(kilobytes(one.get("Put", {}).get("Item", {})) for one in request["TransactItems"])
    return 0


def kilobytes(item: dict[str, Any]) -> int:
    """What a row takes that is deleted is taken to be under one KB."""
    return -(-max(1, item_size(item) if item else 0) // KILOBYTE)


def cost(client: Any, use_case: Callable[[], object]) -> tuple[int, list[str]]:
    """The write units of a use case, and what it read."""
    with aws.calls(client) as made:
        use_case()
    reads = sorted(name for name, _ in made if name in ("GetItem", "Query", "BatchGetItem"))
    return sum(written(name, request) for name, request in made), reads


def test_what_a_customer_costs_from_registering_to_erasing(dynamodb: Any, kms: MemoryKms) -> None:
    ada = ""

    def register() -> None:
        nonlocal ada
        ada = service.register("Ada Reyes", NUMBER)

    assert cost(dynamodb, register) == (5, ["Query"])
    assert cost(dynamodb, lambda: service.personal(service.customer(ada))) == (0, ["GetItem", "Query"])
    assert cost(dynamodb, lambda: service.change_sms_number(ada, "+1 555 0101")) == (6, ["GetItem", "Query"])
    assert cost(dynamodb, lambda: service.change_sms_number(ada, "+1-555-0101")) == (1, ["GetItem", "Query"])
    assert cost(dynamodb, lambda: service.disable(ada)) == (1, ["Query"])
    assert cost(dynamodb, lambda: service.erase(ada)) == (8, ["GetItem", "Query"])
    assert (kms.made, kms.decrypted) == (1, 0)


def test_the_names_of_a_page_cost_one_read_of_their_keys_and_one_of_each_customer(dynamodb: Any) -> None:
    customers = [service.register(f"Ada {n}", NUMBER) for n in range(20)]
    assert cost(dynamodb, lambda: service.names(customers)) == (0, ["BatchGetItem", *["Query"] * 20])
