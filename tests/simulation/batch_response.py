"""What Lambda makes of the answer of a function that reports the failures of a batch one by one."""

from collections.abc import Sequence
from typing import Any


def failed_items(answer: Any, batch: Sequence[str]) -> list[str] | None:
    """The ids of a batch that failed; [] when all went well; None when an answer that is not valid fails them all.

    An answer of nothing, or without a list, is a success. An id that is none of the batch's fails it.
    """
    if answer is None or answer == {}:
        return []
    if not isinstance(answer, dict):
        return None
    reported = answer.get("batchItemFailures", [])
    if reported is None:
        return []
    ids: list[Any] = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in reported]
    return ids if all(id in batch for id in ids) else None
