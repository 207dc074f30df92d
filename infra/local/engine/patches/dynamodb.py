"""DynamoDB: the cost of reads.

Restored behaviour of AWS: a GetItem, Query or Scan consumes, by the total size of the items read, half a unit (a whole
one when consistent) for each 4 KB. The engine counts one request, whatever its size, so a stream that grows without
limit would seem cheap. Only returned items are counted; AWS also counts what a filter dropped.
"""

from typing import Any

from infra.local.engine.seams import Seams, module

BYTES_PER_UNIT = 4096


def apply() -> None:
    seams = Seams("dynamodb")
    tables = module("services.dynamodb")
    seams.need(tables, "_item_size_bytes")
    count = seams.take(tables, "_add_consumed_capacity")

    def count_by_size(
        result: dict[str, Any], data: dict[str, Any], table: str, write: bool = False, **details: Any
    ) -> None:
        count(result, data, table, write=write, **details)
        consumed = result.get("ConsumedCapacity")
        if write or not consumed:
            return
        items = result.get("Items") or ([result["Item"]] if result.get("Item") else [])
        size = sum(tables._item_size_bytes(item) for item in items)
        multiply(consumed, max(1, -(-size // BYTES_PER_UNIT)))

    seams.replace(tables, "_add_consumed_capacity", count_by_size)


def multiply(consumed: dict[str, Any], by: int) -> None:
    """Multiply all units in a `ConsumedCapacity`: the total, the table's and each index's."""
    for name, value in consumed.items():
        if name == "CapacityUnits":
            consumed[name] = value * by
        elif isinstance(value, dict):
            multiply(value, by)
