"""Partial batch responses: how Lambda reads the answer of a function that reports failed items."""

from collections.abc import Sequence
from typing import Any


def failed_items(answer: Any, batch: Sequence[str]) -> list[str] | None:
    """The failed ids of a batch; [] when all were handled; None when the answer is invalid, so all failed.

    An empty answer, or one without a list, is a success. An id that is not in the batch makes the answer invalid.
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
