"""DynamoDB: the cost of reads, and how far back a table can be restored.

Restored behaviour of AWS:

- A GetItem, Query or Scan consumes, by the total size of the items read, half a unit (a whole one when consistent) for
  each 4 KB. The engine counts one request, whatever its size, so a stream that grows without limit would seem cheap.
  Only returned items are counted; AWS also counts what a filter dropped.
- UpdateContinuousBackups keeps `RecoveryPeriodInDays`, 1 to 35 days, 35 where none is given, and
  DescribeContinuousBackups tells it. The engine knows only whether point-in-time recovery is enabled.
  https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html

Mended besides: an expression is parsed once, where the engine parses it again for each item that a query looks at.
"""

import json
from functools import lru_cache
from typing import Any

from infra.local.engine.seams import Seams, module

BYTES_PER_UNIT = 4096
LONGEST_RECOVERY = 35  # days
EXPRESSIONS = 4096  # that are kept parsed


def apply() -> None:
    seams = Seams("dynamodb")
    tables = module("services.dynamodb")
    count_reads_by_size(seams, tables)
    keep_the_recovery_period(seams, tables)
    parse_expressions_once(seams, tables)


def count_reads_by_size(seams: Seams, tables: Any) -> None:
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


def keep_the_recovery_period(seams: Seams, tables: Any) -> None:
    """The engine keeps for each table whether recovery is enabled; now the days, of which none is 0."""
    settings, name_of = seams.take(tables, "_pitr_settings"), seams.take(tables, "_normalize_table_name")
    refuse = seams.take(tables, "error_response_json")
    update, describe = (seams.take(tables, f"_{verb}_continuous_backups") for verb in ("update", "describe"))

    def update_with_period(data: dict[str, Any]) -> Any:
        specification = data.get("PointInTimeRecoverySpecification") or {}
        days = specification.get("RecoveryPeriodInDays", LONGEST_RECOVERY)
        if not 1 <= days <= LONGEST_RECOVERY:
            return refuse("ValidationException", f"RecoveryPeriodInDays must be 1 to {LONGEST_RECOVERY}", 400)
        answer = update(data)
        if answer[0] == 200 and specification.get("PointInTimeRecoveryEnabled"):
            settings[name_of(data["TableName"])] = days
        return describe_with_period(data) if answer[0] == 200 else answer

    def describe_with_period(data: dict[str, Any]) -> Any:
        status, headers, body = describe(data)
        days = settings.get(name_of(data.get("TableName")), 0)
        if status != 200 or not days:
            return status, headers, body
        described = json.loads(body)
        recovery = described["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        recovery["RecoveryPeriodInDays"] = int(days)
        return status, headers, json.dumps(described).encode()

    seams.replace(tables, "_update_continuous_backups", update_with_period)
    seams.replace(tables, "_describe_continuous_backups", describe_with_period)


def parse_expressions_once(seams: Seams, tables: Any) -> None:
    """A query of 200 items takes a quarter of the time to evaluate its key condition."""
    split = lru_cache(EXPRESSIONS)(seams.take(tables, "_tokenize"))
    seams.replace(tables, "_tokenize", lambda expression: list(split(expression)))
    check = seams.take(tables, "_condition_syntax_error")
    seams.replace(tables, "_condition_syntax_error", lru_cache(EXPRESSIONS)(check))
