"""Lambda and DynamoDB Streams: how a function consumes a table's stream, and what happens when it fails.

Restored behaviour of AWS, per event source mapping:

- A failed batch is retried with back-off until `MaximumRetryAttempts` or `MaximumRecordAgeInSeconds` is exceeded; then
  it goes to the failure destination, and the records after it are delivered. The engine retries without limit.
- `ReportBatchItemFailures`: records before the lowest reported sequence number are done, the rest is retried. The
  engine treats a partial failure as a success.
- `BisectBatchOnFunctionError`: a failed batch is split in two, which does not count as a retry.
- Mappings do not wait for each other.
- Records not yet delivered survive a restart of the engine (see stream_state.py).

Simpler than AWS: one shard for each table, so one batch at a time; no batching window.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from infra.local.engine.patches import stream_state
from infra.local.engine.seams import Seams, module

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0

Record = dict[str, Any]


@dataclass
class Progress:
    """A mapping's progress with the batches that it has read and not finished."""

    batches: list[int] = field(default_factory=list)
    """The sizes, in records of the stream, of the batches that a split or a partial failure left, in order."""
    failures: int = 0
    """How often the first of them has failed, without splits."""
    not_before: float = 0.0
    busy: bool = False

    def finish(self) -> None:
        """The first batch is settled."""
        self.batches = self.batches[1:]
        self.failures = 0
        self.not_before = 0.0

    def keep_from(self, done: int, size: int) -> None:
        """The first `done` records of the batch are settled; the rest becomes a batch of its own."""
        self.batches = [size - done, *self.batches[1:]]
        if done:
            self.failures = 0

    def split(self, size: int) -> None:
        """The first batch, of that size, becomes two."""
        self.batches = [(size + 1) // 2, size // 2, *self.batches[1:]]

    def back_off(self) -> None:
        """The first batch is retried after a delay that grows with each failure."""
        self.not_before = time.time() + min(FIRST_DELAY_SECONDS * 2**self.failures, LONGEST_DELAY_SECONDS)


def apply() -> None:
    seams = Seams("streams")
    functions, tables = module("services.lambda_svc"), module("services.dynamodb")
    seams.need(
        functions,
        "_apply_filter_criteria",
        "_dynamodb_stream_positions",
        "_dynamodb_stream_positions_lock",
        "_dynamodb_stream_table_from_arn_spec",
        "_esm_wake",
        "_execute_function",
        "_get_func_record_for_qualifier",
        "_iter_all_esms",
        "_request_account_id",
        "_request_region",
        "_send_ddb_stream_failure_record",
        "logger",
    )
    seams.need(tables, "_tables", "stream_start_position", "stream_end_position", "stream_records_since")
    stream_state.apply(seams)
    feeder = Feeder(functions, tables)
    seams.replace(functions, "_poll_dynamodb_streams", feeder.poll)


class Feeder:
    """Delivers the streams of tables to functions; the engine's poll loop calls `poll`."""

    def __init__(self, functions: Any, tables: Any) -> None:
        self.functions = functions
        self.tables = tables
        self.progress: dict[str, Progress] = {}

    def poll(self) -> bool:
        """Start a thread for each mapping that has work. Returns whether there was one."""
        now, started = time.time(), False
        for account, region, mapping in self.functions._iter_all_esms():
            if ":dynamodb:" not in mapping.get("EventSourceArn", ""):
                continue
            progress = self.progress.setdefault(mapping["UUID"], Progress())
            if progress.busy or progress.not_before > now or not mapping.get("Enabled", True):
                continue
            feed = MappingInItsRegion(self, account, region, mapping, progress)
            if feed.in_its_region(feed.has_records):
                progress.busy = started = True
                threading.Thread(target=feed.run, name="stream-feed", daemon=True).start()
        waiting = [progress.not_before for progress in self.progress.values() if progress.not_before > now]
        if waiting and not started:
            # The loop sleeps for a second when there was no work: wake it when the first retry is due.
            threading.Timer(min(waiting) - now, self.functions._esm_wake.set).start()
        return started


class MappingInItsRegion:
    """One event source mapping, at one poll."""

    def __init__(self, feeder: Feeder, account: str, region: str, mapping: dict[str, Any], progress: Progress) -> None:
        self.functions, self.tables = feeder.functions, feeder.tables
        self.account, self.region = account, region
        self.mapping, self.progress = mapping, progress
        self.table = ""

    def in_its_region(self, work: Any) -> Any:
        """Run `work` as a request of the mapping's account and region would."""
        account = self.functions._request_account_id.set(self.account)
        region = self.functions._request_region.set(self.region)
        try:
            return work()
        finally:
            self.functions._request_account_id.reset(account)
            self.functions._request_region.reset(region)

    def has_records(self) -> bool:
        """Whether the mapping is for a table's stream with records after the mapping's position."""
        arns = module("core.arn")
        source = self.mapping.get("EventSourceArn", "")
        try:
            stream = self.functions._dynamodb_stream_table_from_arn_spec(arns.parse_arn(source))
        except arns.ArnParseError:
            return False
        if stream is None:
            return False
        self.table = stream[0]
        table = self.tables._tables.get(self.table)
        if not table or table.get("LatestStreamArn") != source:
            return False
        return bool(self.position() < self.tables.stream_end_position(self.table))

    def position(self) -> int:
        """The index in the stream of the first record that is not settled."""
        start = self.tables.stream_start_position(self.table)
        end = self.tables.stream_end_position(self.table)
        with self.functions._dynamodb_stream_positions_lock:
            positions = self.functions._dynamodb_stream_positions
            position = positions.get(self.mapping["UUID"])
            if position is None:
                position = start if self.mapping.get("StartingPosition") == "TRIM_HORIZON" else end
            if position > end:
                position = start  # a kill lost the stream's records: those that exist now are new
            positions[self.mapping["UUID"]] = max(position, start)
            return int(positions[self.mapping["UUID"]])

    def advance(self, records: int) -> None:
        with self.functions._dynamodb_stream_positions_lock:
            self.functions._dynamodb_stream_positions[self.mapping["UUID"]] += records

    def run(self) -> None:
        try:
            self.in_its_region(self.feed_one_batch)
        finally:
            self.progress.busy = False
            self.functions._esm_wake.set()

    def feed_one_batch(self) -> None:
        """Read a batch, invoke the function with it, and settle as much of it as the answer allows."""
        function, _config = self.functions._get_func_record_for_qualifier(
            self.mapping["FunctionName"], self.mapping.get("Qualifier")
        )
        if function is None:
            self.progress.back_off()
            return
        size = self.progress.batches[0] if self.progress.batches else int(self.mapping.get("BatchSize") or 100)
        batch = self.tables.stream_records_since(self.table, self.position(), size)
        wanted = self.functions._apply_filter_criteria(batch, self.mapping)
        if not wanted:
            self.settle(len(batch))
            return
        result = self.functions._execute_function(function, {"Records": wanted})
        reports_items = "ReportBatchItemFailures" in self.mapping.get("FunctionResponseTypes", [])
        failed = first_failure(wanted, result, reports_items)
        if failed is None:
            self.mapping["LastProcessingResult"] = "OK"
            self.settle(len(batch))
            return
        self.mapping["LastProcessingResult"] = "FAILED"
        self.fail(function, batch, wanted[failed:], result)

    def settle(self, size: int) -> None:
        self.advance(size)
        self.progress.finish()

    def fail(self, function: Any, batch: list[Record], failed: list[Record], result: dict[str, Any]) -> None:
        """Retry the records that failed, or give them up."""
        done = next(index for index, record in enumerate(batch) if record is failed[0])
        self.advance(done)
        self.progress.keep_from(done, len(batch))
        left = len(batch) - done
        if result.get("error") and self.mapping.get("BisectBatchOnFunctionError") and left > 1:
            self.progress.split(left)
            return
        self.progress.failures += 1
        condition = self.give_up_condition(failed[0])
        if condition is None:
            self.progress.back_off()
            return
        source = self.mapping["EventSourceArn"]
        self.functions._send_ddb_stream_failure_record(self.mapping, function, failed, source, result, condition)
        self.functions.logger.warning("stream %s: gave up a batch of %d: %s", source, left, condition)
        self.settle(left)

    def give_up_condition(self, oldest: Record) -> str | None:
        """Why the batch is given up, as named in the failure destination's message; None: it is retried."""
        attempts, age = self.mapping.get("MaximumRetryAttempts"), self.mapping.get("MaximumRecordAgeInSeconds")
        if attempts is not None and 0 <= int(attempts) < self.progress.failures:
            return "RetryAttemptsExhausted"
        created = float(oldest["dynamodb"].get("ApproximateCreationDateTime", time.time()))
        if age is not None and 0 < int(age) < time.time() - created:
            return "MaxRecordAgeExceeded"
        return None


def first_failure(records: list[Record], result: dict[str, Any], reports_items: bool) -> int | None:
    """The index of the first record that the function failed on, or None when all are done.

    As in AWS, an item that is not in the batch, or has no identifier, fails the whole batch.
    """
    if result.get("error"):
        return 0
    if not reports_items:
        return None
    body = result.get("body")
    answer = json.loads(body) if isinstance(body, str) and body else body
    reported = (answer or {}).get("batchItemFailures") if isinstance(answer, dict) else None
    if not reported:
        return None
    index_of = {record["dynamodb"]["SequenceNumber"]: index for index, record in enumerate(records)}
    return min(index_of.get(item.get("itemIdentifier") or "", 0) for item in reported)
