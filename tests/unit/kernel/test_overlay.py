"""A trial's commits and rows over a real store, which no trial writes: the same suites, and mixtures of both."""

import random
from typing import Any

import pytest

from functions.kernel.composition.overlay import LIMIT, Overlay
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.overlay import OverlayStore, ReadOnlyVault
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.projections.overlay import OverlayViews
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.json_text import compact, read
from functions.kernel.runtime.runtime import EventStore
from functions.kernel.runtime.trial import Trial, UnknowableError
from functions.kernel.runtime.vault import RowWrite
from functions.kernel.runtime.views import Row, ViewStore
from tests.support.store_suite import EventStoreSuite, a_commit, a_message, a_stream, noise
from tests.support.views_suite import ViewStoreSuite, pages

INDEX = "by_place"


class TestCommitsOfATrial(EventStoreSuite):
    @pytest.fixture
    def store(self) -> EventStore:
        return OverlayStore(MemoryEventStore(), {}, Trial())

    @pytest.mark.parametrize("segments", [1, 3])
    def test_a_scan_returns_every_commit_with_messages_once(self, store: EventStore, segments: int) -> None:
        """It does not: no message leads to one."""
        with pytest.raises(UnknowableError):
            store.scan(0, segments, None, 4)


class TestRowsOfATrial(ViewStoreSuite):
    @pytest.fixture
    def views(self) -> ViewStore:
        return OverlayViews(MemoryViews([INDEX]), {}, Trial())


def through_json(overlay: Overlay) -> Overlay:
    """As the next invocation reads it."""
    return Overlay.read(read(compact(overlay.written())))


@pytest.mark.parametrize("seed", range(60))
def test_rows_of_a_trial_and_real_ones_answer_every_query_as_one_table_would(seed: int) -> None:
    chosen = random.Random(seed)
    real, one_table, overlay = MemoryViews([INDEX]), MemoryViews([INDEX]), Overlay()
    for number in range(120):
        if number == 60:
            real.items = dict(one_table.items)
        if number % 20 == 0:
            overlay = through_json(overlay)
        over = OverlayViews(real, overlay.rows, Trial())
        partition, sort = chosen.choice("pq"), f"{chosen.randrange(12):02}"
        if chosen.random() < 0.15:
            one_table.delete(partition, sort)
            if number >= 60:
                over.delete(partition, sort)
            continue
        place = {INDEX: (chosen.choice("xy"), f"{chosen.randrange(20):02} {partition}{sort}")}
        data: dict[str, Any] | None = None if chosen.random() < 0.05 else {"n": number, "text": "a" * 1_100}
        row, version = Row(partition, sort, data, place if chosen.random() < 0.7 else {}), chosen.randrange(40)
        written = one_table.put(row, version)
        assert number < 60 or over.put(row, version) == written
    over = OverlayViews(real, overlay.rows, Trial())
    places: list[tuple[str, str | None]] = [("p", None), ("q", None), ("x", INDEX), ("y", INDEX)]
    for partition, index in places:
        for how in ({}, {"descending": True}, {"first": "03", "last": "09"}):
            asked: dict[str, Any] = {"index": index, **how}
            assert list(pages(over, partition, 3, **asked)) == list(pages(one_table, partition, 3, **asked))
    keys = [("p", f"{n:02}") for n in range(12)]
    assert over.get_many(keys) == one_table.get_many(keys)
    assert [over.get(*key) for key in keys] == [one_table.get(*key) for key in keys]


def test_commits_of_a_trial_follow_the_real_ones_however_they_are_read() -> None:
    real, stream = MemoryEventStore(), a_stream()
    kept = [a_commit(stream, version, messages=(a_message(),)) for version in (1, 2, 3)]
    real.commit(kept[0])
    real.commit(kept[1])
    overlay = Overlay()
    OverlayStore(real, overlay.commits, Trial()).commit(kept[2])
    over = OverlayStore(real, through_json(overlay).commits, Trial())
    assert list(over.forwards(stream)) == kept
    assert [commit.version for commit in over.backwards(stream, page=1)] == [3, 2, 1]
    assert over.page(stream, 0, 2) == (kept[:2], 2)
    assert over.page(stream, 1, 2) == (kept[1:], None)
    assert over.read(stream, 3) == kept[2]
    assert real.read(stream, 3) is None


def test_a_version_that_a_real_commit_has_is_a_conflict_in_a_trial() -> None:
    real, stream = MemoryEventStore(), a_stream()
    real.commit(a_commit(stream))
    with pytest.raises(ConcurrencyError):
        OverlayStore(real, {}, Trial()).commit(a_commit(stream))


def test_of_a_stream_that_really_changed_after_the_trial_changed_it_nothing_can_be_told() -> None:
    real, stream, trial, overlay = MemoryEventStore(), a_stream(), Trial(), Overlay()
    over = OverlayStore(real, overlay.commits, trial)
    over.commit(a_commit(stream))
    real.commit(a_commit(stream))
    with pytest.raises(UnknowableError):
        list(over.backwards(stream, page=4))
    assert trial.doubts == [f"{stream} has changed since a part of this forecast was made"]


def test_a_trial_reads_the_vault_and_cannot_tell_of_what_would_write_it() -> None:
    real, trial = MemoryVault(), Trial()
    vault = ReadOnlyVault(real, trial)
    real.add("ann", "key", {"key": "k"})
    assert vault.get("ann", "key") == {"key": "k"}
    assert vault.add("ann", "key", {"key": "other"}) == {"key": "k"}
    with pytest.raises(UnknowableError):
        vault.add("bob", "key", {"key": "k"})
    with pytest.raises(UnknowableError):
        OverlayStore(MemoryEventStore(), {}, trial).commit(a_commit(a_stream()), beside=[RowWrite("bob", "key", {})])
    assert real.get_many([("bob", "key")]) == {}


def test_an_overlay_is_full_before_its_json_is_too_large_for_an_invocation() -> None:
    overlay, stream = Overlay(), a_stream()
    over = OverlayStore(MemoryEventStore(), overlay.commits, Trial())
    version = 0
    while not overlay.is_full:
        version += 1
        over.commit(a_commit(stream, version, note=noise(200_000, seed=version)))
    size = len(compact(overlay.written()))
    assert LIMIT * 0.9 < size < LIMIT * 1.2
