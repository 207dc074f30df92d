"""DynamoDB Streams: shards read in order, and what Lambda does with a batch that fails."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zlib import crc32

from tests.simulation.batch_response import failed_items
from tests.simulation.containers import BEGIN, Function
from tests.simulation.expressions import Item
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World
from tests.simulation.sqs import Queue
from tests.simulation.templates import DeployedStream

LONGEST_BACK_OFF = 60.0


class Record:
    """One change in a stream: Lambda's record of it, the key, and the time of the change."""

    __slots__ = ("key", "made_us", "number", "payload")

    def __init__(self, number: int, key: list[Any], payload: dict[str, Any], made_us: int) -> None:
        self.number = number
        self.key = key
        self.payload = payload
        self.made_us = made_us


class Shard:
    """One shard with its checkpoint; one batch at a time is in progress."""

    def __init__(self, stream: "Stream", name: str) -> None:
        self._stream = stream
        self._world = stream.world
        self.name = name
        self.records: list[Record] = []
        self.next = 0  # the checkpoint: the position to read next
        self._limit = stream.facts.batch
        self._failures = 0
        self._working = False
        self._planned = False

    def append(self, record: Record) -> None:
        """Add a record."""
        self.records.append(record)
        self._plan(self._world.choices.seconds(0.01, 0.25, "stream poll"))

    @property
    def is_behind(self) -> bool:
        """Whether it has records that were not handled."""
        return self.next < len(self.records)

    def _plan(self, seconds: float) -> None:
        if self._planned or self._working or not self.is_behind:
            return
        if self._world.faults.strikes("stream delay", self.name):
            seconds += self._world.choices.seconds(0.5, 30.0, "stream delay")
        self._planned = True
        self._world.scheduler.call_in(seconds, self._read)

    def _read(self) -> None:
        self._planned = False
        faults, choices = self._world.faults, self._world.choices
        if self.next and faults.strikes("stream restart", self.name):
            self.next = choices.between(max(0, self.next - 5), self.next - 1, "restart")
        limit = self._limit
        if self.is_behind and faults.strikes("stream split", self.name):
            limit = choices.between(1, max(1, min(limit, len(self.records) - self.next)), "split")
        batch = self.records[self.next : self.next + limit]
        if not batch:
            return
        if self._stream.is_old(batch[0]):
            self._give_up(batch[:1])
            return
        if faults.strikes("stream lost", self.name):
            self._give_up(batch)
            return
        event = {"Records": [record.payload for record in batch]}
        cause = [f"{self.name}@{record.number}" for record in batch]
        self._working = self._stream.function.invoke(event, cause, lambda how, answer: self._done(batch, how, answer))
        if not self._working:  # Throttled: this does not count as an attempt.
            self._plan(choices.seconds(1.0, 10.0, "throttled"))

    def _done(self, batch: Sequence[Record], how: str, answer: Any) -> None:
        self._working = False
        failed = None
        if how == "ok":
            numbers = [str(record.number) for record in batch]
            failed = failed_items(answer, numbers) if self._stream.facts.reports_failures else []
        if failed == []:
            if not self._world.faults.strikes("stream again", self.name):
                self._advance(batch)
            self._plan(0.01)
            return
        self._failures += 1
        if failed:  # The records before the lowest failure are done; the retry starts with it.
            first = min(int(number) for number in failed)
            handled = [record for record in batch if record.number < first]
            if handled:
                self._record_batch("delivered", handled)
                self.next += len(handled)
                self._failures = 1
        elif len(batch) > 1 and self._stream.facts.bisects:
            self._limit = (len(batch) + 1) // 2  # bisected, which does not count as an attempt
            self._failures -= 1
        if 0 <= self._stream.facts.retries < self._failures:
            self._give_up(self.records[self.next : self.next + min(len(batch), self._limit)])
            return
        back_off = min(2.0 ** min(self._failures, 6), LONGEST_BACK_OFF)
        self._plan(self._world.choices.seconds(0.1, back_off, "stream retry"))

    def _advance(self, batch: Sequence[Record]) -> None:
        self._record_batch("delivered", batch)
        self.next += len(batch)
        self._limit, self._failures = self._stream.facts.batch, 0

    def _give_up(self, batch: Sequence[Record]) -> None:
        """Send the records' positions to the failure queue, and continue after them."""
        self._record_batch("lost-to-queue", batch)
        self._stream.send_to_failures(self.name, batch)
        self.next += len(batch)
        self._limit, self._failures = self._stream.facts.batch, 0
        self._plan(0.01)

    def _record_batch(self, what: str, batch: Sequence[Record]) -> None:
        keys = [record.key for record in batch]
        self._world.history.record(
            "stream", what=what, table=self._stream.table, keys=keys, shard=self.name, first=batch[0].number
        )


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute as an event holds it, which is JSON: binary is text in base64."""
    return {"B": b64encode(value["B"]).decode()} if "B" in value else value


def _matches(pattern: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Whether a record passes a filter, of values and "exists" as the deployed ones are.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    """
    for name, wanted in pattern.items():
        found = content.get(name)
        if isinstance(wanted, Mapping):
            if not _matches(wanted, found if isinstance(found, Mapping) else {}):
                return False
        elif not any(
            (found is not None) is each["exists"] if isinstance(each, dict) else found == each for each in wanted
        ):
            return False
    return True


class Stream:
    """The stream of an event table, with its relay as consumer. A filter says which records reach it."""

    def __init__(
        self,
        world: World,
        table: str,
        function: Function,
        failures: Queue,
        shards: int,
        facts: DeployedStream,
    ) -> None:
        self.world = world
        self.table = table
        self.function = function
        self.facts = facts
        self._patterns = [json.loads(pattern) for pattern in facts.patterns]
        self.shards = [Shard(self, f"{table}/{n}") for n in range(shards)]
        self._failures = failures
        self._numbers = 0
        self._inserted: set[tuple[str, int]] = set()  # used for membership tests only: a set has no order

    def append(self, stream: str, version: int, item: Item) -> None:
        """Add an item that was written to the table."""
        self._numbers += 1
        is_new = (stream, version) not in self._inserted
        self._inserted.add((stream, version))
        name = "INSERT" if is_new else "MODIFY"
        change = {"eventName": name, "dynamodb": {"NewImage": item}}
        if not any(_matches(pattern, change) for pattern in self._patterns):
            return
        payload = {
            "eventID": f"{self.table}:{self._numbers}",
            "eventName": name,
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {"stream": item["stream"], "version": item["version"]},
                "NewImage": {name: _as_json(value) for name, value in item.items()},
                "SequenceNumber": str(self._numbers),
                "StreamViewType": "NEW_IMAGE",
            },
        }
        shard = self.shards[crc32(stream.encode("utf-8", "surrogatepass")) % len(self.shards)]
        shard.append(Record(self._numbers, [stream, version], payload, self.world.scheduler.now_us))

    def is_old(self, record: Record) -> bool:
        """Whether the mapping gives a record up for its age."""
        return self.world.scheduler.now_us - record.made_us > self.facts.oldest * SECOND

    @property
    def is_behind(self) -> bool:
        """Whether any shard is."""
        return any(shard.is_behind for shard in self.shards)

    def send_to_failures(self, shard: str, batch: Sequence[Record]) -> None:
        """Send what Lambda sends to a failure destination: the positions of the records, not the records."""
        times = [(BEGIN + timedelta(microseconds=r.made_us)).isoformat(timespec="milliseconds") for r in batch]
        info = {
            "shardId": shard,
            "startSequenceNumber": str(batch[0].number),
            "endSequenceNumber": str(batch[-1].number),
            "approximateArrivalOfFirstRecord": times[0],
            "approximateArrivalOfLastRecord": times[-1],
            "batchSize": len(batch),
            "streamArn": f"arn:aws:dynamodb:::table/{self.table}/stream",
        }
        context = {
            "functionArn": f"arn:aws:lambda:::function:{self.function.name}",
            "condition": "RecordAgeExceeded" if self.is_old(batch[0]) else "RetryAttemptsExhausted",
        }
        body = json.dumps({"requestContext": context, "DDBStreamBatchInfo": info})
        self._failures.send(body, attributes={"reason": "retries or age"}, by="relay")
