"""A read model that is rebuilt while it is read and written ends as one that was never down."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.kernel.projections.generations import (
    CHANGED_AFTER,
    CHANGING,
    IDLE,
    KNOWN_AFTER,
    Generations,
    with_generations,
)
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from tests.support.jars import JarFilled, JarSealed
from tests.support.shelf import NOON, SHELF, JarBroken, Shelf, detail, history, in_pages, number_of

LONG_AGO = NOON - timedelta(days=30)
SEEDS = range(12)


def begin(shelf: Shelf, run: str = "run-1") -> int:
    """A further generation that every container knows of."""
    generation: int = shelf.asks({"begin": {"view": "shelf", "run": run}})["generation"]
    shelf.passes(KNOWN_AFTER)
    return generation


def fill(shelf: Shelf, generation: int, messages: list[dict[str, Any]]) -> None:
    for page in in_pages(messages, 7):
        answer = shelf.asks({"apply": {"messages": page, "view": "shelf", "generation": generation}})
        assert answer == {"applied": len(page), "failed": []}


def switch(shelf: Shelf, generation: int) -> None:
    shelf.asks({"switch": {"view": "shelf", "generation": generation}})
    shelf.passes(CHANGED_AFTER)


def rows_of(shelf: Shelf) -> Generations:
    views = shelf.running.views
    assert isinstance(views, Generations)
    return views


def test_rows_of_before_are_the_first_generation_and_need_no_pointer() -> None:
    table = MemoryViews(["by_state"])
    table.put(Row("jars", "jar-1", {"coins": 1}, indexes={"by_state": ("open", "jar-1")}), 1)
    rows = Generations(table, [SHELF])
    assert rows.get("jars", "jar-1") == {"coins": 1}
    assert rows.query("open", index="by_state").rows == [{"coins": 1}]


def test_a_service_without_views_has_its_rows_as_they_are() -> None:
    table = MemoryViews()
    assert with_generations(table, []) is table


def test_rows_of_no_view_are_the_same_in_every_generation() -> None:
    shelf = Shelf()
    with clock.fixed(lambda: shelf.now), active(shelf.running) as running:
        running.views.put(Row("heartbeats", "robot", {"at": 1}), 1)
    switch(shelf, begin(shelf))
    with clock.fixed(lambda: shelf.now), active(shelf.running) as running:
        assert running.views.get("heartbeats", "robot") == {"at": 1}
        running.views.delete("heartbeats", "robot")
    assert [key for key in shelf.table.items if "heartbeats" in key[0]] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rebuild_under_live_messages_ends_equal_to_a_view_that_was_never_down(seed: int) -> None:
    chance = random.Random(seed)
    shelf, never_down = Shelf(), Shelf()
    messages = sorted(history(chance, 60, NOON - timedelta(days=5)), key=lambda one: one["metadata"]["time"])
    past, coming = messages[: len(messages) // 2], messages[len(messages) // 2 :]
    shelf.handles(past)
    never_down.handles(past)
    damage(chance, shelf)
    generation = begin(shelf)
    never_down.now = shelf.now
    replayed = [*past, *(one for one in coming if chance.random() < 0.3)]
    chance.shuffle(replayed)
    chance.shuffle(coming)
    for page in in_pages(replayed, chance.randint(1, 9)):
        for _ in range(chance.randint(1, 2)):  # a page that was applied is applied again after a crash
            shelf.asks({"apply": {"messages": page, "view": "shelf", "generation": generation}})
        some = [coming.pop() for _ in range(min(len(coming), chance.randint(0, 4)))]
        for one in (shelf, never_down):
            one.handles([*some, *some[:1]])
    for one in (shelf, never_down):
        one.handles(coming)
    switch(shelf, generation)
    never_down.now = shelf.now
    assert shelf.shown() == never_down.shown()
    for one in (shelf, never_down):
        one.handles([detail(JarFilled(jar_id="jar-1", coins=50, added=9), "Jar#jar-1", 50, shelf.now)])
    assert shelf.shown() == never_down.shown()


def damage(chance: random.Random, shelf: Shelf) -> None:
    """Lose half of the rows, and expire what is over."""
    shelf.deletes_what_expired()
    for key in list(shelf.table.items):
        if chance.random() < 0.5:
            del shelf.table.items[key]


def test_while_one_is_built_the_other_is_read_and_both_are_written_each_behind_its_own_gate() -> None:
    shelf = Shelf()
    old, new = (detail(JarFilled(jar_id="jar-1", coins=n, added=n), "Jar#1", n, shelf.now) for n in (1, 2))
    shelf.handles([old])
    generation = begin(shelf)
    assert shelf.shown()["jars jar-1"] == {"coins": 1, "at": 1}
    shelf.handles([new])
    fill(shelf, generation, [old])  # older than what is there: refused by the gate of the generation that is built
    assert shelf.shown()["jars jar-1"] == {"coins": 2, "at": 2}
    assert {number_of(key) for key in shelf.table.items if key[0].endswith("jars")} == {0, 1}
    switch(shelf, generation)
    assert shelf.shown()["jars jar-1"] == {"coins": 2, "at": 2}
    assert shelf.shown()["coins of jar-1 0001"] == {"coins": 1}


def test_a_tombstone_comes_along_and_nothing_older_replaces_it() -> None:
    shelf = Shelf()
    filled = detail(JarFilled(jar_id="jar-1", coins=1, added=1), "Jar#1", 1, shelf.now)
    broken = detail(JarBroken(jar_id="jar-1"), "Jar#1", 2, shelf.now)
    generation = begin(shelf)
    fill(shelf, generation, [broken, filled])
    switch(shelf, generation)
    assert "jars jar-1" not in shelf.shown()
    assert shelf.shown()["index"] == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_row_whose_time_is_over_is_not_made_again_and_nothing_older_comes_in_its_place(
    order: tuple[int, int],
) -> None:
    shelf = Shelf()
    messages = [
        detail(JarFilled(jar_id="jar-1", coins=1, added=1), "Jar#1", 1, LONG_AGO),
        detail(JarSealed(jar_id="jar-1", coins=1), "Jar#1", 2, LONG_AGO),
    ]
    generation = begin(shelf)
    fill(shelf, generation, [messages[place] for place in order])
    switch(shelf, generation)
    shown = shelf.shown()
    assert (shown.get("jars jar-1"), shown["index"]) == (None, [])
    assert shown["coins of jar-1 0001"] == {"coins": 1}
    [over] = [item for key, item in shelf.table.items.items() if key == ("g1/jars", "jar-1")]
    assert (
        int(over["expires"]["N"]) > shelf.now.timestamp()
    )  # it keeps older versions out for as long as a run may take


def test_a_row_that_lives_keeps_when_it_expires() -> None:
    shelf = Shelf()
    sealed = detail(JarSealed(jar_id="jar-1", coins=1), "Jar#1", 2, shelf.now)
    shelf.handles([sealed])
    generation = begin(shelf)
    fill(shelf, generation, [sealed])
    expires = [item["expires"] for key, item in shelf.table.items.items() if key[1] == "jar-1"]
    assert len(expires) == 2
    assert expires[0] == expires[1]


def test_a_paging_token_goes_on_in_its_generation_until_that_is_dropped() -> None:
    shelf = Shelf()
    past = [
        detail(JarFilled(jar_id=f"jar-{n}", coins=n, added=1), f"Jar#{n}", 1, shelf.now - timedelta(minutes=9))
        for n in range(5)
    ]
    shelf.handles(past)
    with clock.fixed(lambda: shelf.now):
        first = rows_of(shelf).query("open", index="by_state", limit=2)
    generation = begin(shelf)
    fill(shelf, generation, past[:3])
    switch(shelf, generation)
    with clock.fixed(lambda: shelf.now):
        rest = rows_of(shelf).query("open", index="by_state", limit=9, after=first.after)
        assert [row["coins"] for row in rest.rows] == [2, 3, 4]  # of the generation before, which had all five
        assert len(rows_of(shelf).query("open", index="by_state").rows) == 3
    drop_all(shelf)
    shelf.passes(CHANGED_AFTER)
    with clock.fixed(lambda: shelf.now), pytest.raises(InvalidError, match="built anew"):
        rows_of(shelf).query("open", index="by_state", limit=9, after=first.after)


def drop_all(shelf: Shelf, at_a_time: int = 3) -> int:
    """Do what a run does until the generation before is gone; how many rows were deleted."""
    deleted, cursor, in_pass = 0, None, 0
    while True:
        answer = shelf.asks({"drop": {"view": "shelf", "cursor": cursor, "limit": at_a_time}})
        if answer["wait_until"]:
            shelf.now = max(shelf.now, clock.read(answer["wait_until"]))
            continue
        if answer["dropping"] is None:
            return deleted
        deleted += answer["deleted"]
        in_pass += answer["deleted"]
        cursor = answer["cursor"]
        if cursor is None:
            if in_pass == 0:
                shelf.asks({"dropped": {"view": "shelf"}})
            in_pass = 0


def test_the_generation_before_is_kept_for_an_hour_and_then_deleted_and_nothing_else_is() -> None:
    shelf = Shelf()
    past = history(random.Random(1), 10, shelf.now - timedelta(hours=1))
    shelf.handles(past)
    with clock.fixed(lambda: shelf.now):
        rows_of(shelf).put(Row("heartbeats", "robot", {"at": 1}), 1)
    generation = begin(shelf)
    fill(shelf, generation, past)
    shown = shelf.shown()
    switched = shelf.now
    switch(shelf, generation)
    assert drop_all(shelf) > 0
    assert shelf.now >= switched + timedelta(hours=1)
    assert {number_of(key) for key in shelf.table.items} == {0, generation}
    assert {key[0] for key in shelf.table.items if number_of(key) == 0} == {"heartbeats", "generations"}
    shelf.passes(CHANGED_AFTER)
    assert shelf.shown().keys() == shown.keys()


def test_one_that_is_given_up_is_deleted_and_the_one_that_is_read_is_not() -> None:
    shelf = Shelf()
    past = history(random.Random(2), 10, shelf.now - timedelta(hours=1))
    shelf.handles(past)
    before = shelf.shown()
    generation = begin(shelf)
    fill(shelf, generation, past)
    shelf.asks({"abort": {"view": "shelf", "generation": generation}})
    assert drop_all(shelf) > 0
    assert {number_of(key) for key in shelf.table.items} == {0}
    assert shelf.shown().keys() <= before.keys()
    again = begin(shelf, "run-2")
    assert again > generation  # a number is never used again


def test_a_rebuild_of_one_run_is_not_begun_by_another_and_each_step_may_be_asked_for_again() -> None:
    shelf = Shelf()
    first = begin(shelf, "run-1")
    assert begin(shelf, "run-1") == first
    assert shelf.asks({"begin": {"view": "shelf", "run": "run-2"}}) == {"building_for": "run-1"}
    with pytest.raises(RefusedError, match="not being built"):
        shelf.asks({"switch": {"view": "shelf", "generation": first + 1}})
    for _ in range(2):
        shelf.asks({"switch": {"view": "shelf", "generation": first}})
    assert shelf.asks({"abort": {"view": "shelf", "generation": first}})["live"] == first
    with pytest.raises(InvalidError, match="there is no view drawer"):
        shelf.asks({"begin": {"view": "drawer", "run": "run-1"}})


def test_a_run_that_was_given_up_begins_no_other_generation_by_a_call_that_comes_late() -> None:
    shelf = Shelf()
    generation = begin(shelf, "run-1")
    shelf.asks({"abort": {"view": "shelf", "generation": generation}})
    with pytest.raises(RefusedError, match="is over"):
        shelf.asks({"begin": {"view": "shelf", "run": "run-1"}})
    assert begin(shelf, "run-2") == generation + 1


def test_a_generation_is_taken_over_from_the_run_that_is_named_alone_and_its_rows_are_deleted() -> None:
    shelf = Shelf()
    past = history(random.Random(3), 10, shelf.now - timedelta(hours=1))
    shelf.handles(past)
    left = begin(shelf, "run-1")
    fill(shelf, left, past)
    other = {"view": "shelf", "run": "run-2", "instead_of": "run-0"}
    assert shelf.asks({"begin": other}) == {"building_for": "run-1"}
    assert shelf.asks({"begin": {**other, "instead_of": "run-1"}})["generation"] == left + 1
    shelf.passes(KNOWN_AFTER)
    fill(shelf, left + 1, past)
    assert drop_all(shelf) > 0
    assert {number_of(key) for key in shelf.table.items} == {0, left + 1}


def test_containers_that_know_the_generations_as_of_before_lose_no_message() -> None:
    """One that does not know yet of the generation, and one that does not know of the switch."""
    shelf = Shelf()
    ignorant = shelf.container()
    shelf.handles([], within=ignorant)
    early = detail(JarFilled(jar_id="jar-1", coins=1, added=1), "Jar#1", 1, shelf.now)
    shelf.handles([early], within=ignorant)
    generation = shelf.asks({"begin": {"view": "shelf", "run": "run-1"}})["generation"]
    late = detail(JarFilled(jar_id="jar-2", coins=1, added=1), "Jar#2", 1, shelf.now)
    shelf.handles([late], within=ignorant)  # of the generation that it knows: the history that follows has it
    assert {number_of(key) for key in shelf.table.items if "jar-2" in key} == {0}
    shelf.passes(KNOWN_AFTER)
    fill(shelf, generation, [early, late])
    shelf.shown(ignorant)
    shelf.asks({"switch": {"view": "shelf", "generation": generation}})
    last = detail(JarFilled(jar_id="jar-3", coins=1, added=1), "Jar#3", 1, shelf.now)
    shelf.handles([last], within=ignorant)  # reads the one before still, and writes both
    assert {number_of(key) for key in shelf.table.items if "jar-3" in key} == {0, generation}
    assert {"jars jar-1", "jars jar-2", "jars jar-3"} <= shelf.shown(shelf.container()).keys()


def test_the_pointers_are_read_once_in_five_minutes_and_once_in_ten_seconds_while_there_are_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf()
    reads: list[tuple[str, str]] = []
    get: Callable[..., Any] = MemoryViews.get

    def noted(table: MemoryViews, partition: str, sort: str) -> Any:
        reads.append((partition, sort))
        return get(table, partition, sort)

    monkeypatch.setattr(MemoryViews, "get", noted)

    def pointer_reads(seconds: int) -> int:
        reads.clear()
        for _ in range(seconds):
            shelf.passes(timedelta(seconds=1))
            shelf.shown()
        return len([key for key in reads if key[0] == "generations"])

    shelf.shown()
    assert pointer_reads(600) == 2
    begin(shelf)
    assert pointer_reads(60) == 6
    assert timedelta(minutes=5) == IDLE
    assert timedelta(seconds=10) == CHANGING


def test_a_comparison_tells_how_many_rows_each_has_and_shows_some_that_differ() -> None:
    shelf = Shelf()
    past = history(random.Random(3), 20, shelf.now - timedelta(hours=20))
    shelf.handles(past)
    generation = begin(shelf)
    fill(shelf, generation, past)
    equal = compared(shelf, generation)
    assert equal["rows"][0] == equal["rows"][1] > 20
    assert (equal["hashes"][0] == equal["hashes"][1], equal["different"]) == (True, 0)
    [key] = [key for key in shelf.table.items if key[0] == "g1/coins of jar-3"][:1]
    del shelf.table.items[key]
    differing = compared(shelf, generation)
    assert differing["hashes"][0] != differing["hashes"][1]
    [sample] = differing["samples"]
    assert (sample["partition"], sample["sort"], sample["built"]) == ("coins of jar-3", key[1], None)
    again = shelf.asks({"compare": {**AS_READ, "generation": generation, "keys": [["coins of jar-3", key[1]]]}})
    assert again["different"] == 1


AS_READ: dict[str, Any] = {"view": "shelf", "cursor": None, "limit": 1}


def compared(shelf: Shelf, generation: int) -> dict[str, Any]:
    """A whole comparison, page by page, added up."""
    total: dict[str, Any] = {"rows": [0, 0], "hashes": [0, 0], "different": 0, "samples": []}
    cursor = None
    while True:
        page = shelf.asks({"compare": {"view": "shelf", "generation": generation, "cursor": cursor, "limit": 5}})
        total["rows"] = [sum(pair) for pair in zip(total["rows"], page["rows"], strict=True)]
        hashes = [int(one, 16) for one in page["hashes"]]
        total["hashes"] = [sum(pair) % 2**128 for pair in zip(total["hashes"], hashes, strict=True)]
        total["different"] += page["different"]
        total["samples"] += page["samples"]
        cursor = page["cursor"]
        if cursor is None:
            return total


def test_two_who_change_the_pointers_at_once_each_have_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    put: Callable[..., bool] = MemoryViews.put
    refusals = iter([False, False])

    def refusing(table: MemoryViews, row: Row, version: int) -> bool:
        return put(table, row, version) if row.partition != "generations" or next(refusals, True) else False

    monkeypatch.setattr(MemoryViews, "put", refusing)
    assert begin(shelf) == 1
    monkeypatch.setattr(MemoryViews, "put", lambda table, row, version: False)
    with pytest.raises(UnavailableError):
        shelf.asks({"switch": {"view": "shelf", "generation": 1}})


def crash_after(running: Runtime, calls: int) -> None:
    """Have the table of a runtime take so many writes, and no more."""
    rows = running.views
    assert isinstance(rows, Generations)
    store, left = rows.store, iter(range(calls))

    class Failing(MemoryViews):
        def __init__(self) -> None:
            assert isinstance(store, MemoryViews)
            self.indexes, self.items = store.indexes, store.items

        def put(self, row: Row, version: int) -> bool:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return super().put(row, version)

    rows.store = Failing()


@pytest.mark.parametrize("calls", range(10))
def test_a_container_that_ends_between_two_generations_leaves_what_a_retry_completes(calls: int) -> None:
    shelf = Shelf()
    begin(shelf)
    messages = [detail(JarFilled(jar_id="jar-1", coins=n, added=1), "Jar#1", n, shelf.now) for n in (1, 2)]
    crashing = shelf.container()
    crash_after(crashing, calls)
    with pytest.raises(KeyboardInterrupt):
        shelf.handles(messages, within=crashing)
    shelf.handles(messages)
    live = {key: item for key, item in shelf.table.items.items() if number_of(key) == 0 and key[0] != "generations"}
    built = {(key[0].removeprefix("g1/"), key[1]): item for key, item in shelf.table.items.items() if number_of(key)}
    assert {key: item["data"] for key, item in live.items()} == {key: item["data"] for key, item in built.items()}
    assert len(live) == 5


def test_what_is_shown_of_a_row_that_differs_is_its_beginning() -> None:
    """A run keeps 50 of them in one item, which holds 400 KB."""
    shelf = Shelf()
    generation = begin(shelf)
    shelf.table.put(Row("jars", "jar-1", {"note": "x" * 300_000}), 1)
    [sample] = compared(shelf, generation)["samples"]
    assert len(sample["live"]) == 1_000
    assert sample["built"] is None
