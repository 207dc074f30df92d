"""The rows of a shard as they are shown, and frames that hold them: small enough for API Gateway."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from functions.kernel.projections.projection import read_many
from functions.kernel.runtime import ids, runtime
from functions.kernel.runtime.json_text import compact
from functions.live import topics, views
from functions.live.frames import BoardRow, Changes, Place, Snapshot
from functions.live.log import Entry, Watch
from functions.live.topics import Key, Shard

# A frame is at most 32 KB, a message 128 KB: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
# So each message is one frame. What a part holds beside its rows is 1,200 bytes at most, for an id of 200 characters.
PART_BYTES = 28_000
ROWS_BYTES = PART_BYTES - 1_500
ITEM_BYTES = 50  # of an item beside its changes
AT_A_TIME = 1_000  # rows of one read


def rows(shard: Shard) -> Iterator[BoardRow]:
    """The rows of a shard, read consistently: those that have not left its board; of one order, all."""
    if shard.topic.startswith(topics.ONE_ORDER):
        keys = topics.keys_of_order(shard.topic)
        found = _in_full(read_many(keys.values(), consistent=True))
        yield from (_shown(id, found[key]) for id, key in keys.items() if key in found)
        return
    partition = topics.board(shard)
    after: dict[str, Any] | None = None
    while True:
        page = runtime.current().views.query(partition, limit=AT_A_TIME, after=after, consistent=True)
        there = zip(page.sorts, page.rows, strict=True)
        found = _in_full({(partition, id): data for id, data in there if not views.has_left(data)})
        yield from (_shown(id, data) for (_, id), data in found.items())
        after = page.after
        if after is None:
            return


def _in_full(found: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows by their places on boards, those of which a stub was found from beside their board. Read consistently."""
    moved = {key: topics.beside(Key(*key)) for key, data in found.items() if views.has_moved(data)}
    if not moved:
        return found
    there = read_many(moved.values(), consistent=True)
    rows = {key: there.get(moved[key]) if key in moved else data for key, data in found.items()}
    return {key: data for key, data in rows.items() if data is not None}  # DynamoDB deletes row and stub one by one


def _shown(id: str, stored: dict[str, Any]) -> BoardRow:
    """The row with a row's stored data, which has the row's version in it."""
    return BoardRow(id=id, version=stored["version"], data=without_version(stored))


def without_version(stored: dict[str, Any]) -> dict[str, Any]:
    """The data of a row as it is sent."""
    return {name: value for name, value in stored.items() if name != "version"}


def snapshot(shard: Shard, watch: Watch, position: int) -> Iterator[str]:
    """The rows of a shard as frames; position: read before. One frame without rows where there are none."""
    id = ids.new()
    parts = split([row.model_dump(by_alias=True) for row in rows(shard)])
    for number, part in enumerate(parts, 1):
        frame = Snapshot(**_place(shard, watch, position), id=id, part=number, parts=len(parts), rows=[])
        yield _with(frame, rows=part)


def changes(shard: Shard, watch: Watch, entry: Entry) -> Iterator[str]:
    """An item of a log as frames."""
    parts = split(entry.changes)
    for number, part in enumerate(parts, 1):
        frame = Changes(**_place(shard, watch, entry.position), part=number, parts=len(parts), changes=[])
        yield _with(frame, changes=part)


def packed(shard: Shard, watch: Watch, entries: Iterable[Entry]) -> Iterator[str]:
    """Items of a log as frames, as many in each as fit; a larger one has frames of its own."""
    run: list[Entry] = []
    filled = 0
    for entry in entries:
        size = len(compact(entry.changes).encode()) + ITEM_BYTES
        if run and filled + size > ROWS_BYTES:
            yield from _run(shard, watch, run)
            run, filled = [], 0
        run.append(entry)
        filled += size
    if run:
        yield from _run(shard, watch, run)


def _run(shard: Shard, watch: Watch, entries: Sequence[Entry]) -> Iterator[str]:
    first, *rest = entries
    if not rest:
        yield from changes(shard, watch, first)
        return
    frame = Changes(**_place(shard, watch, first.position), part=1, parts=1, changes=[])
    more = [{"position": entry.position, "changes": entry.changes} for entry in rest]
    yield _with(frame, changes=first.changes, more=more)


def place(shard: Shard, watch: Watch | None, position: int) -> Place:
    """A position in a shard's log; of a shard that nobody watches, none."""
    return Place(topic=shard.topic, shard=shard.number, epoch=watch.epoch if watch else "", position=position)


def text(frame: BaseModel) -> str:
    """A frame as it is sent."""
    return compact(frame.model_dump(mode="json", by_alias=True))


def split(items: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Runs of items in their order, each small enough for one frame; one run at least. A larger item goes alone."""
    parts: list[list[dict[str, Any]]] = [[]]
    filled = 0
    for item in items:
        size = len(compact(item).encode()) + 1
        if parts[-1] and filled + size > ROWS_BYTES:
            parts.append([])
            filled = 0
        parts[-1].append(item)
        filled += size
    return parts


def _place(shard: Shard, watch: Watch, position: int) -> dict[str, Any]:
    return {"topic": shard.topic, "shard": shard.number, "epoch": watch.epoch, "position": position}


def _with(frame: BaseModel, **items: Sequence[dict[str, Any]]) -> str:
    """A frame with items that are as they are sent: their models need not be made again."""
    return compact({**frame.model_dump(mode="json", by_alias=True, exclude_none=True), **items})
