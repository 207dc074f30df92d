"""What one more commit and one load of a long stream consume: a product whose price is changed over the API.

The repository and the DynamoDB store run on a table in memory that counts units by the sizes of items (AWS's rules,
tests/simulation/cost.py). Each change has an Idempotency-Key, as the API's clients send. A commit is one change with
the load before it; both are averaged over the `INTERVAL` changes that follow, for a snapshot may be in some only.
"""

import time
from typing import Any

from functions.kernel.eventstore.repository import Repository
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import context, ids
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import active
from functions.stores.domain import Product
from functions.stores.publish import publishes
from tests.bench.counting_table import CountingTable
from tests.support.runtime import memory_runtime

INTERVAL = 16
ID = "8f6b2a70-52a5-4d0e-9a3e-0d6f3f0f7c11"
products = Repository(Product, publishes)


def measure(*, lengths: list[int]) -> dict[str, Any]:
    """Of each length of the stream: write units, bytes and read units of a commit; read units of a load.

    Of the last, also the first command after `snapshot_schema` was raised: read units, queries, and CPU in ms.
    """
    table = CountingTable()
    found: dict[str, Any] = {"lengths": lengths, "commit_units": [], "commit_bytes": [], "load_units": []}
    with active(memory_runtime("stores", store=DynamoEventStore(table, "stores"))):  # type: ignore[arg-type]
        _change(products, lambda product: product.add("store-1", "Star Chart", "Northern sky", "PLB-008", 1_200))
        length = 1
        for wanted in lengths:
            while length < wanted:
                _change(products, lambda product: product.increase_price(product.price + 1))
                length += 1
            for name, number in _one_more(table).items():
                found[name].append(number)
            length += INTERVAL
        found |= _after_a_raised_schema(table)
    return found


def _change(of: Repository[Product], decide: Any) -> None:
    cause = Cause(ids.new(), "0" * 64, scope="PUT /api/stores/products/{id}/increasePrice")
    with context.within(Context(cause=cause, actor="anonymous")):
        of.create(ID, decide)


def _one_more(table: CountingTable) -> dict[str, float]:
    """Averages over the changes to come."""
    written, read, size = 0.0, 0.0, 0
    for _ in range(INTERVAL):
        before = table.written, table.read
        products.load(ID)
        read += table.read - before[1]
        _change(products, lambda product: product.increase_price(product.price + 1))
        written += table.written - before[0]
        size += table.size
    return {"commit_units": written / INTERVAL, "commit_bytes": size / INTERVAL, "load_units": read / INTERVAL}


def _after_a_raised_schema(table: CountingTable) -> dict[str, float]:
    before = table.read, table.queries
    _change(_with_schema(Product.snapshot_schema + 1), lambda product: product.increase_price(product.price + 1))
    units, queries = table.read - before[0], table.queries - before[1]
    table.counting = False  # which takes time itself
    begun = time.thread_time()
    _change(_with_schema(Product.snapshot_schema + 2), lambda product: product.increase_price(product.price + 1))
    return {"raised_units": units, "raised_queries": queries, "raised_cpu_ms": 1000 * (time.thread_time() - begun)}


def _with_schema(schema: int) -> Repository[Product]:
    """Products that ignore the snapshots of any other schema."""
    product: type[Product] = type("Product", (Product,), {"snapshot_schema": schema})
    return Repository(product, publishes)
