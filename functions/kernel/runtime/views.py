"""Rows of read models and where they are kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Row:
    """One row of a read model, with one source stream.

    partition, sort: where it is found (`sort` orders a partition as text). data: JSON-ready; None is a tombstone: once
    written, no version of its epoch replaces it. indexes: partition and sort in each index that has the row; the row is
    in no other. expires: seconds since 1970 after which it may go. over: its time was over before it was made again
    from history: it is not read, and keeps older versions out until it expires.
    """

    partition: str
    sort: str
    data: dict[str, Any] | None
    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    expires: int | None = None
    over: bool = False


@dataclass(frozen=True)
class Page:
    """Rows in order, where the next page begins (None at the end), and the sort key of each row in its partition.

    keys: where a page would begin that follows each row.
    """

    rows: Sequence[dict[str, Any]]
    after: dict[str, Any] | None
    sorts: Sequence[str] = ()
    keys: Sequence[dict[str, Any]] = ()


class ViewStore(Protocol):
    """Where read models are kept. Every implementation passes one suite of tests."""

    def put(self, row: Row, version: int) -> bool:
        """Write a row unless what is there is a tombstone of its epoch, or as new; whether it was written."""

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """The data of a row; None when it is not there or a tombstone."""

    def delete(self, partition: str, sort: str) -> None:
        """Delete a row, if it is there. Unlike a tombstone, it keeps no later `put` of any version from writing it."""

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """The data of rows by their keys (partition, sort); those that are not there, or tombstones, are left out.

        Without `consistent` a row may be as it was a moment ago, for half the price. Raises UnavailableError.
        """

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
        """The rows of a partition (of an index), by sort key from `first` to `last` inclusive; no tombstones.

        consistent: every row that was written before is found. An index cannot be read so.
        """
