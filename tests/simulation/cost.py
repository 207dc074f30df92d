"""What a simulated cloud consumes, by the rules that AWS documents for its bills.

| units | rule | source |
|---|---|---|
| bytes of an item | names and values in UTF-8, bytes; a number has 1, and 1 for two digits; a boolean has 1 | [1] |
| read units | one for 4 KB of all items that a call reads, one at least; half where it is eventually consistent | [2] |
| write units | one for 1 KB of the item, before or after, whichever is larger; also if a condition refuses it | [2] |
| … of a transaction | twice as many; one that is retried with its token reads its items instead | [3] [4] |
| … of an index | one for 1 KB of an entry that is put, changed or removed; two where its key changes | [5] |
| bus entries | one for 64 KB of an entry that the bus takes | [6] [7] |
| queue requests | one for 64 KB of what a call sends or receives; one for a call that deletes or delays | [8] |
| invocations | one each, however it ends | [9] |
| KMS requests | one for each call | [10] |

[1] https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
[2] https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
[3] https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
[4] https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
[5] https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
[6] https://aws.amazon.com/eventbridge/pricing/
[7] https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
[8] https://aws.amazon.com/sqs/pricing/
[9] https://aws.amazon.com/lambda/pricing/
[10] https://aws.amazon.com/kms/pricing/

Where AWS documents nothing: a cancelled transaction counts nothing, nor does a write that conflicts with a transaction;
entries of an index count once in a transaction too. Not simulated: Lambda's receives from empty queues.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.simulation.expressions import Item

READ_UNIT, WRITE_UNIT, CHUNK = 4_096, 1_024, 65_536  # bytes


def text_size(text: str) -> int:
    """The bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def item_size(item: Item) -> int:
    """The bytes of an item of texts, numbers, booleans and binary; no other types are simulated."""
    size = 0
    for name, value in item.items():
        [(kind, content)] = value.items()
        size += text_size(name)
        if kind == "S":
            size += text_size(content)
        elif kind == "B":
            size += len(content)
        elif kind == "N":
            size += 1 + math.ceil(len(content.lstrip("-").replace(".", "").strip("0")) / 2)
        else:
            assert kind == "BOOL", f"attributes of the type {kind} are not simulated"
            size += 1
    return size


def message_size(body: str, attributes: Mapping[str, str]) -> int:
    """The bytes of a message in a queue; names, types and values of its attributes count too."""
    named = sum(text_size(name) + len("String") + text_size(value) for name, value in attributes.items())
    return text_size(body) + named


def read_units(items: Sequence[Item], *, consistent: bool) -> float:
    """What one call consumes that reads these items."""
    return _units(sum(map(item_size, items)), READ_UNIT) * (1 if consistent else 0.5)


def write_units(before: Item | None, after: Item) -> int:
    """What a write of an item consumes, without its indexes."""
    return _units(max(item_size(before or {}), item_size(after)), WRITE_UNIT)


def index_units(key: Sequence[str], before: Item | None, after: Item) -> int:
    """What a write of an item consumes in an index of all attributes; it has the items that have its key."""
    old, new = ([item[name] for name in key] if item and item.keys() >= {*key} else None for item in (before, after))
    if old == new:
        return write_units(before, after) if old and before != after else 0
    removed = write_units(None, before) if before and old else 0
    return removed + (write_units(None, after) if new else 0)


def chunks(size: int) -> int:
    """What a payload of so many bytes counts."""
    return _units(size, CHUNK)


def _units(size: int, unit: int) -> int:
    return max(math.ceil(size / unit), 1)


class Call(NamedTuple):
    """One line of what a call is billed. where: the table, queue, function, or service whose message it is.

    part: what kind of it, such as "refused" of a write.
    """

    kind: str
    where: str
    part: str
    units: float
    bytes: int = 0


class Cost:
    """What a world consumes while `counting` is set. Schedules leave it unset: counting takes time."""

    def __init__(self) -> None:
        self.counting = False
        self.calls: list[Call] | None = None
        """The log of calls, where one is kept."""
        self.written: Counter[tuple[str, str]] = Counter()
        """The write units of each table, "items" and "indexes" apart."""
        self._units: defaultdict[str, float] = defaultdict(float)

    def read(self, items: Sequence[Item], *, consistent: bool, table: str) -> None:
        """A call read these items of a table."""
        if self.counting:
            self._add("read_units", table, "consistent" if consistent else "", read_units(items, consistent=consistent))

    def read_again(self, items: Sequence[Item], *, table: str) -> None:
        """A transaction that had written these items was retried with its token. table: the first one's."""
        if self.counting:
            units = sum(2 * read_units([item], consistent=True) for item in items)
            self._add("read_units", table, "again", units)

    def write(
        self,
        before: Item | None,
        after: Item,
        indexes: Sequence[Sequence[str]],
        *,
        table: str,
        transaction: bool = False,
    ) -> None:
        """An item was written to a table that has indexes of these keys."""
        if self.counting:
            self._write(table, "items", write_units(before, after) * (2 if transaction else 1))
            self._write(table, "indexes", sum(index_units(index, before, after) for index in indexes))

    def refuse(self, before: Item | None, after: Item, *, table: str) -> None:
        """The condition of a write did not hold."""
        if self.counting:
            self._write(table, "items", write_units(before, after), refused=True)

    def _write(self, table: str, part: str, units: int, *, refused: bool = False) -> None:
        self.written[table, part] += units
        self._add("write_units", table, "refused" if refused else part, units)

    def _add(self, kind: str, where: str, part: str, units: float, size: int = 0) -> None:
        self._units[kind] += units
        if self.calls is not None and units:
            self.calls.append(Call(kind, where, part, units, size))

    def publish(self, source: str, name: str, detail: str) -> None:
        """The bus took an entry."""
        if self.counting:
            size = sum(map(text_size, (source, name, detail)))
            self._add("bus_entries", source, name, chunks(size), size)

    def request(self, queue: str, *messages: tuple[str, Mapping[str, str]]) -> None:
        """A queue was called, to send or receive these messages (body and attributes)."""
        if self.counting:
            size = sum(message_size(*message) for message in messages)
            self._add("queue_requests", queue, "", chunks(size), size)

    def invoke(self, function: str) -> None:
        """A function was invoked."""
        if self.counting:
            self._add("invocations", function, "", 1)

    def ask_kms(self) -> None:
        """KMS was asked to make or to decrypt a data key."""
        if self.counting:
            self._add("kms_requests", "customers", "", 1)

    def take(self) -> dict[str, float]:
        """The units counted since the last call, by kind."""
        units = dict(self._units)
        self._units.clear()
        return units
