"""The vault: rows of a table that has no stream and is backed up for a day, for what must be gone once it is deleted.

Keys of personal data are there, and what leads from a person to an id. Rows are written beside a commit, in its
transaction, so what they say is true of the stream; only what leads to nothing by itself may be added before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Table = Literal["vault", "erasures"]
Key = tuple[str, str]  # partition and sort


@dataclass(frozen=True)
class RowWrite:
    """A row that is written in the transaction of a commit, or deleted there if it has no data.

    table: "erasures" is the ledger of what was erased, which is in no backup, so that a restored table learns of it.
    """

    partition: str
    sort: str
    data: dict[str, Any] | None
    table: Table = "vault"


class Vault(Protocol):
    """Where such rows are kept. Every implementation passes one suite of tests. Reads are consistent."""

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """The data of a row; None when there is none."""

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        """The data of rows by their keys, of those that are there. Raises UnavailableError."""

    def sorts(self, partition: str, limit: int, before: str | None = None) -> Sequence[str]:
        """The last sort keys of a partition, at most `limit`, in descending order; of those before one, if given."""

    def add(self, partition: str, sort: str, data: dict[str, Any]) -> dict[str, Any]:
        """Write a row unless there is one. Returns what is there now. Raises UnavailableError."""
