"""A rebuild of a view, seen from the service that has it: begin, compare, switch, abort, and delete what is over.

Who does it: the service's `replay` function, asked by operations (functions/operations/rebuilds.py), whose run knows
how far it is. Each step may be asked for again: it changes nothing then.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.projections.generation import TOKENS_FOR, Pointer, View, pointers, prefixed, split
from functions.kernel.projections.generations import CHANGED_AFTER, KNOWN_AFTER, PLACE, Generations
from functions.kernel.projections.view_store import Item, text_of
from functions.kernel.runtime import clock
from functions.kernel.runtime.json_text import compact, read
from functions.kernel.runtime.views import Row

TRIES = 6  # of a change of the pointers, which two runs of two views may change at once
MODULUS = 2**128
SAMPLES = 20  # differences that one page shows
LONGEST_SAMPLE = 1_000  # characters of each of their rows: a run keeps 50 of them in one item

Key = tuple[str, str]


def begin(rows: Generations, view: View, run: str, instead_of: str = "") -> dict[str, Any]:
    """Make a further generation of a view, for a run to fill once all containers know of it.

    instead_of: a run that has ended, whose generation is built no further. Returns {"generation", "known_at"}, or
    {"building_for"} while another run builds one. Raises RefusedError where what the run built is over: a call that
    arrives late begins nothing.
    """

    def decide(pointer: Pointer) -> Pointer:
        now = clock.stamp()
        if pointer.building is None:
            if pointer.run == run:
                raise RefusedError(f"what run {run} built of {view.name} is over")
            return pointer.begun(run, now)
        return pointer.aborted(now).begun(run, now) if pointer.run == instead_of else pointer

    pointer = _change(rows, view, decide)
    if pointer.run != run:
        return {"building_for": pointer.run}
    return {"generation": pointer.building, "known_at": clock.stamp(clock.read(pointer.since) + KNOWN_AFTER)}


def switch(rows: Generations, view: View, generation: int) -> dict[str, Any]:
    """Have the generation that was built be read; the one before is kept for paging tokens.

    Returns {"known_at": when all containers read it, "kept_until"}. Raises RefusedError where it is not being built.
    """

    def decide(pointer: Pointer) -> Pointer:
        if pointer.live == generation:
            return pointer
        _must_be_building(pointer, view, generation)
        return pointer.switched(clock.stamp(), clock.stamp(clock.now() + TOKENS_FOR + CHANGED_AFTER))

    pointer = _change(rows, view, decide)
    kept = max((one.until for one in pointer.kept), default=pointer.since)
    return {"known_at": clock.stamp(clock.read(pointer.since) + CHANGED_AFTER), "kept_until": kept}


def abort(rows: Generations, view: View, generation: int) -> dict[str, Any]:
    """Build a generation no further: what there is of it can be deleted.

    Returns the pointer of the view. The generation that is read stays: `live` says which one that is.
    """

    def decide(pointer: Pointer) -> Pointer:
        return pointer.aborted(clock.stamp()) if pointer.building == generation else pointer

    return _change(rows, view, decide).data


def drop(rows: Generations, view: View, cursor: str | None, limit: int) -> dict[str, Any]:
    """Delete a page of the rows of a generation whose time is over, once no container writes it any more.

    Returns {"dropping": which, or None when there is none, "deleted": how many rows, "cursor": of the next page, None
    at the end, "wait_until": where it is too early}. Who asks goes through the table again until nothing was deleted,
    and then says `dropped`.
    """
    pointer = _change(rows, view, lambda pointer: pointer.outdated(clock.stamp()))
    if pointer.dropping is None:
        wait = min((one.until for one in pointer.kept), default=None)
        return {"dropping": None, "deleted": 0, "cursor": None, "wait_until": wait}
    begins = clock.stamp(clock.read(pointer.since) + CHANGED_AFTER)
    if begins > clock.stamp():
        return {"dropping": pointer.dropping, "deleted": 0, "cursor": cursor, "wait_until": begins}
    items, after = rows.store.all_items(cursor, limit)
    mine = [key for item in items for key in [_key(item)] if _is_of(view, pointer.dropping, key[0])]
    for partition, sort in mine:
        rows.store.delete(partition, sort)
    return {"dropping": pointer.dropping, "deleted": len(mine), "cursor": after, "wait_until": None}


def dropped(rows: Generations, view: View) -> dict[str, Any]:
    """Forget the generation whose rows are deleted."""
    return _change(rows, view, lambda pointer: pointer.dropped(clock.stamp())).data


@dataclass
class Comparison:
    """Of two generations: how many rows each has, a hash of them that no order changes, and rows that differ."""

    rows: list[int] = field(default_factory=lambda: [0, 0])
    hashes: list[int] = field(default_factory=lambda: [0, 0])
    different: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """As an answer holds it; hashes as hexadecimal digits, which are added up modulo 2^128."""
        return {**asdict(self), "hashes": [f"{one:032x}" for one in self.hashes]}


def compare(
    rows: Generations, view: View, generation: int, cursor: str | None, limit: int, keys: Sequence[Key] = ()
) -> dict[str, Any]:
    """Compare a page of the rows of the generation that is read with one that is being built, each by its key.

    Left out are rows that have expired, and partitions whose rows depend on the order of messages. keys: these rows
    alone, without a page: a row may have been written in one generation and not yet in the other. Returns a Comparison
    and the cursor of the next page.
    """
    pair = (_stored_pointer(rows, view).live, generation)
    found = Comparison()
    if keys:
        shown = [_shown(rows, view, number, keys) for number in pair]
        for partition, sort in keys:
            _look_at(found, (partition, sort), *(one.get((partition, sort)) for one in shown))
        return {**found.data, "cursor": None}
    items, after = rows.store.all_items(cursor, limit)
    here = [_of_items(view, number, items) for number in pair]
    there = [_shown(rows, view, number, here[1 - side]) for side, number in enumerate(pair)]
    for side, of_side in enumerate(here):
        found.rows[side] += len(of_side)
        found.hashes[side] = sum(map(_hash, of_side.items())) % MODULUS
    for key, one in here[0].items():
        _look_at(found, key, one, there[1].get(key))
    for key, one in here[1].items():
        if key not in there[0]:
            _look_at(found, key, None, one)
    return {**found.data, "cursor": after}


def _look_at(found: Comparison, key: Key, live: dict[str, Any] | None, built: dict[str, Any] | None) -> None:
    if live == built:
        return
    found.different += 1
    if len(found.samples) < SAMPLES:
        found.samples.append({"partition": key[0], "sort": key[1], "live": _text(live), "built": _text(built)})


def _text(content: dict[str, Any] | None) -> str | None:
    """What people see of a row: its beginning."""
    return None if content is None else compact(content)[:LONGEST_SAMPLE]


def _shown(rows: Generations, view: View, generation: int, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    """The rows of a generation by keys that have no prefix."""
    stored = [(prefixed(partition, generation), sort) for partition, sort in keys]
    return _of_items(view, generation, rows.store.stored(stored)) if stored else {}


def _of_items(view: View, generation: int, items: Iterable[Item]) -> dict[Key, dict[str, Any]]:
    """Those of these items that are compared, by keys without a prefix, in a form that is equal where they are."""
    found: dict[Key, dict[str, Any]] = {}
    for item in items:
        of, partition = split(item["partition"]["S"])
        if of == generation and view.is_compared(partition) and not _is_over(item):
            found[partition, item["sort"]["S"]] = _content(item)
    return found


def _content(item: Item) -> dict[str, Any]:
    indexes = {
        name: split(value["S"])[1] if name.endswith("_partition") else value["S"]
        for name, value in sorted(item.items())
        if name.endswith(("_partition", "_sort"))
    }
    data = read(text_of(item)) if "data" in item else None
    return {"data": data, "indexes": indexes, "expires": item.get("expires", {}).get("N")}


def _is_over(item: Item) -> bool:
    """Whether a row is to be read no more; DynamoDB deletes it within days."""
    return "over" in item or ("expires" in item and int(item["expires"]["N"]) <= clock.now().timestamp())


def _hash(row: tuple[Key, dict[str, Any]]) -> int:
    return int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[:16])


def _key(item: Item) -> Key:
    return item["partition"]["S"], item["sort"]["S"]


def _is_of(view: View, generation: int, stored: str) -> bool:
    of, partition = split(stored)
    return of == generation and view.has(partition)


def _must_be_building(pointer: Pointer, view: View, generation: int) -> None:
    if pointer.building != generation:
        raise RefusedError(f"generation {generation} of {view.name} is not being built")


def _stored_pointer(rows: Generations, view: View) -> Pointer:
    return pointers(rows.store.get(*PLACE)).get(view.name, Pointer())


def _change(rows: Generations, view: View, decide: Callable[[Pointer], Pointer]) -> Pointer:
    """Change the pointer of a view, unless it stays as it is. Raises UnavailableError where others are quicker."""
    for attempt in range(TRIES):
        data = rows.store.get(*PLACE) or {"version": 0, "views": {}}
        before = Pointer.of(data["views"].get(view.name, {}))
        after = decide(before)
        if after == before:
            return before
        version = data["version"] + 1
        changed = {"version": version, "views": {**data["views"], view.name: after.data}}
        if rows.store.put(Row(*PLACE, changed), version):
            return after
        clock.back_off(attempt)
    raise UnavailableError("the generations are being changed by others: ask again in a moment")
