"""Reads by id, judged by what clients were answered.

By what is stored they cannot be: a commit has the time at which it was made, and the proxy may hold it up on its way to
the table.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.chaos.journal import Asked

NOTHING_OLDER = "a read by id shows nothing older than what a client was answered before"


def violations(asked: Iterable[Asked]) -> Iterator[str]:
    """Reads that were asked after a later version had been shown, or acknowledged for a write of the same."""
    versions: dict[str, list[tuple[float, int]]] = defaultdict(list)
    answered = [one for one in asked if one.version is not None and one.accepted and not one.taken_back]
    reads = [one for one in answered if not one.writes]
    by_id = {one.path for one in reads}
    for one in answered:
        path = one.path if one.path in by_id else one.path.rpartition("/")[0]
        if one.version is not None and path in by_id:
            versions[path].append((one.answered_at, one.version))
    for read in reads:
        before = max((version for at, version in versions[read.path] if at < read.at), default=0)
        if read.version is not None and read.version < before:
            yield f"{NOTHING_OLDER}: GET {read.path} showed version {read.version} after {before}"
