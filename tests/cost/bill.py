"""The bill of a run: what its calls cost a million orders, by service and by line of AWS's bill.

A duration is made of what calls wait for and of CPU, which a function has by its memory: 1,769 MB have one vCPU
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). No call of AWS was timed here: WAITS are
assumed. CPU was measured: 104 ms for the 248 calls of an order (docs/performance.md, own CPU).
"""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from functions.kernel.runtime import observe
from infra import access_log, prices
from infra.stages import STAGES
from tests.cost.flow import Run

MILLION = 1e6
WAITS = {"PutEvents": 0.015, "SendMessage": 0.010, "SendMessageBatch": 0.010, "Invoke": 0.040}  # seconds, assumed
WAIT = 0.005  # seconds of other calls, those of DynamoDB above all, assumed
CPU = 0.104 / 248  # seconds of a whole vCPU for each call, the handler's own share included
VCPU_MB = 1_769
ARCHIVE_MONTHS = STAGES["prod"].archive_days / 30
INDEXED = 100  # bytes that DynamoDB adds to each item and entry of an index, as it bills what it stores

WRITES, INDEXES, REFUSED, READS = (
    "DynamoDB writes",
    "DynamoDB index writes",
    "DynamoDB refused writes",
    "DynamoDB reads",
)
ENTRIES, ARCHIVE = "EventBridge entries", "EventBridge archive, GB"
REQUESTS, FIFO = "SQS requests", "SQS FIFO requests"
INVOCATIONS, SECONDS, HTTP, KMS = "Lambda invocations", "Lambda GB-seconds", "API Gateway requests", "KMS requests"
LOGS = "CloudWatch logs, GB"
STORED, RECOVERY = "DynamoDB kept for a month, GB", "DynamoDB recovery for a month, GB"

PRICES = {
    WRITES: prices.WRITE_UNIT,
    INDEXES: prices.WRITE_UNIT,
    REFUSED: prices.WRITE_UNIT,
    READS: prices.READ_UNIT,
    ENTRIES: prices.BUS_ENTRY,
    ARCHIVE: prices.ARCHIVE_GB + prices.ARCHIVE_GB_MONTH * ARCHIVE_MONTHS,
    REQUESTS: prices.QUEUE_REQUEST,
    FIFO: prices.FIFO_REQUEST,
    INVOCATIONS: prices.INVOCATION,
    SECONDS: prices.GB_SECOND,
    HTTP: prices.HTTP_REQUEST,
    KMS: prices.KEY_REQUEST,
    LOGS: prices.LOG_GB,
    STORED: prices.TABLE_GB,
    # By the size of the table and its local indexes, of which there are none: not by that of global indexes.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
    RECOVERY: prices.BACKUP_GB,
}
USE = 0.4  # of capacity that is provisioned, assumed: it must hold peaks
PROVISIONED = {
    WRITES: prices.WRITE_CAPACITY_HOUR / 3600 / USE,
    INDEXES: prices.WRITE_CAPACITY_HOUR / 3600 / USE,
    REFUSED: prices.WRITE_CAPACITY_HOUR / 3600 / USE,
    READS: prices.READ_CAPACITY_HOUR / 3600 / USE,
}
FIFO_QUEUES = frozenset({"depot/dispatcher"})


@dataclass(frozen=True)
class Bill:
    """units: of one order, by service and line of AWS's bill."""

    units: Counter[tuple[str, str]]

    def usd(self, *, provisioned: bool = False) -> dict[tuple[str, str], float]:
        """Dollars of a million orders, by service and line."""
        rates = PRICES | (PROVISIONED if provisioned else {})
        return {(service, line): MILLION * n * rates[line] for (service, line), n in self.units.items()}

    def of(self, *lines: str) -> float:
        """The units of an order of these lines, of all services."""
        return sum(number for (_, line), number in self.units.items() if line in lines)

    def without(self, service: str) -> "Bill":
        """The bill of the others."""
        return Bill(Counter({what: number for what, number in self.units.items() if what[0] != service}))


def bill(run: Run, memory_mb: int) -> Bill:
    """What an order of a run is billed, by the call log."""
    units: Counter[tuple[str, str]] = Counter()
    add: Any = units.update
    for call in run.calls:
        service = service_of(call.where)
        add({(service, _line(call.kind, call.where, call.part)): call.units})
        if call.kind == "bus_entries":
            add({(service, ARCHIVE): call.bytes / 1e9})
    for _, kind, fields in run.history:
        if kind == "request":
            service = fields["path"].split("/")[2]
            add({(service, HTTP): 1, (service, LOGS): (len(access_log.line()) + 1) / 1e9})
    for function, seconds in durations(run, memory_mb).items():
        add({(service_of(function), SECONDS): seconds * memory_mb / 1024})
    for service, size in logged(run).items():
        add({(service, LOGS): size / 1e9})
    for what in units:
        units[what] /= run.orders  # type: ignore[assignment]
    left = run.left
    for line, items, sizes in ((STORED, left.items, left.bytes), (RECOVERY, left.own_items, left.own_bytes)):
        for table in sizes:
            add({(service_of(table), line): (sizes[table] + INDEXED * items[table]) / 1e9})
    return Bill(units)


def service_of(where: str) -> str:
    """The service of a table, queue, function or source."""
    return where.removeprefix("mallbots.").partition("/")[0]


def _line(kind: str, where: str, part: str) -> str:
    if kind == "write_units":
        return {"items": WRITES, "indexes": INDEXES, "refused": REFUSED}[part]
    if kind == "queue_requests":
        return FIFO if where in FIFO_QUEUES else REQUESTS
    return {"read_units": READS, "bus_entries": ENTRIES, "invocations": INVOCATIONS, "kms_requests": KMS}[kind]


def durations(run: Run, memory_mb: int) -> Counter[str]:
    """The seconds for which each function ran."""
    seconds: Counter[str] = Counter()
    for (function, operation), number in run.asked.items():
        wait = WAITS.get(operation, WAIT) + CPU * VCPU_MB / memory_mb
        seconds[function] += number * wait  # type: ignore[assignment]
    return seconds


def logged(run: Run) -> Counter[str]:
    """The bytes that functions logged, by service."""
    size: Counter[str] = Counter()
    for container, parts in run.logged:
        match parts:
            case [None, dict() as about]:
                service = service_of(container)
                size[service] += len(observe.text(about).encode())
            case _:
                raise AssertionError(f"nothing fails here, and {container} logged {json.dumps(parts, default=str)}")
    return size
