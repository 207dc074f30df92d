"""Rows of a trial over those of a real store of read models, which is only read."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from functions.kernel.projections import gate
from functions.kernel.projections.generations import Rows
from functions.kernel.projections.view_store import Item, read_item, to_item
from functions.kernel.runtime.json_text import compact, fitting
from functions.kernel.runtime.trial import Trial
from functions.kernel.runtime.views import Page, Row

Key = tuple[str, str]
Tried = dict[Key, Item | None]  # what a trial wrote, by partition and sort, as a table would hold it; None: deleted

# A row as a query finds it: where it is in the order, the key from which a page behind it begins, and its data.
Found = tuple[tuple[str, str, str], dict[str, Any], dict[str, Any]]


class OverlayViews:
    """A view store whose rows go into `tried`; each is gated by what is there already, tried or real."""

    def __init__(self, real: Rows, tried: Tried, trial: Trial) -> None:
        self._real, self._tried, self._trial = real, tried, trial

    def put(self, row: Row, version: int) -> bool:
        """Gate, then note."""
        item, there = to_item(row, version), self._there((row.partition, row.sort))
        if not gate.opens(there, version):
            return False
        self._note((row.partition, row.sort), item)
        return True

    def delete(self, partition: str, sort: str) -> None:
        """Note that the row is gone."""
        self._note((partition, sort), None)

    def _note(self, key: Key, item: Item | None) -> None:
        self._tried[key] = item
        self._trial.rows += 1

    def _there(self, key: Key) -> Item | None:
        return self._tried[key] if key in self._tried else next(iter(self._real.stored([key])), None)

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """The row of the trial, or the real one."""
        key = partition, sort
        return read_item(self._tried[key]) if key in self._tried else self._real.get(*key)

    def stored(self, keys: Iterable[Key]) -> list[Item]:
        """Those of the trial, or the real ones."""
        return [item for key in dict.fromkeys(keys) if (item := self._there(key))]

    def all_items(self, cursor: str | None, limit: int) -> tuple[list[Item], str | None]:
        """Raises UnknowableError: no message leads to it."""
        self._trial.doubt("a table is not read whole in a forecast")

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> dict[Key, dict[str, Any]]:
        """Those of the trial and the real ones."""
        different = list(dict.fromkeys(keys))
        real = self._real.get_many([key for key in different if key not in self._tried], consistent=consistent)
        tried = {key: read_item(self._tried[key]) for key in different if key in self._tried}
        return {**real, **{key: data for key, data in tried.items() if data is not None}}

    def query(
        self,
        partition: str,
        *,
        index: str | None = None,
        first: str | None = None,
        last: str | None = None,
        limit: int = 50,
        after: dict[str, Any] | None = None,
        descending: bool = False,
        consistent: bool = False,
    ) -> Page:
        """Both in one order. A real row that the trial has written or deleted is left out."""
        bounds: dict[str, Any] = {"first": first, "last": last, "descending": descending}
        real = self._query_real(partition, index, limit, after, consistent=consistent, **bounds)
        tried = self._query_tried(partition, index, after, **bounds)
        both = merge(real, tried, key=lambda found: found[0], reverse=descending)
        return _page(list(islice(both, limit + 1)), limit, index)

    def _query_real(
        self, partition: str, index: str | None, limit: int, after: dict[str, Any] | None, **how: Any
    ) -> Iterator[Found]:
        while True:
            page = self._real.query(partition, index=index, limit=limit, after=after, **how)
            for key, data in zip(page.keys, page.rows, strict=True):
                if (key["partition"]["S"], key["sort"]["S"]) not in self._tried:
                    yield _place(key, index), key, data
            after = page.after
            if after is None:
                return

    def _query_tried(
        self,
        partition: str,
        index: str | None,
        after: dict[str, Any] | None,
        *,
        first: str | None,
        last: str | None,
        descending: bool,
    ) -> list[Found]:
        of = f"{index}_partition" if index else "partition"
        found: list[Found] = []
        for item in self._tried.values():
            data = read_item(item)
            if item is None or data is None or item.get(of, {}).get("S") != partition:
                continue
            place = _place(item, index)
            if (first or "") <= place[0] and (last is None or place[0] <= last):
                found.append((place, {name: item[name] for name in _key_names(index)}, data))
        if after:
            begin = _place(after, index)
            found = [one for one in found if (one[0] < begin if descending else one[0] > begin)]
        return sorted(found, key=lambda one: one[0], reverse=descending)


def _key_names(index: str | None) -> tuple[str, ...]:
    return "partition", "sort", *((f"{index}_partition", f"{index}_sort") if index else ())


def _place(item: Item, index: str | None) -> tuple[str, str, str]:
    """Where an item is in the order of a partition; in an index, of rows with one sort key by their own keys."""
    return item[f"{index}_sort" if index else "sort"]["S"], item["partition"]["S"], item["sort"]["S"]


def _page(found: list[Found], limit: int, index: str | None) -> Page:
    """As a view store makes one: at most `limit` rows, and no more than fit into a function's answer."""
    shown = found[: min(limit, fitting(compact(data) for _, _, data in found))] if found else []
    keys = tuple(key for _, key, _ in shown)
    further = keys[-1] if len(found) > len(shown) else None
    return Page([data for _, _, data in shown], further, tuple(key["sort"]["S"] for key in keys), keys)
