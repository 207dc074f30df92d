"""What must hold of a snapshot: a page takes no change again that its position says it has."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from functions.live import topics
from functions.live.topics import Key, Shard
from tests.simulation.check.violation import Violation

AS_ONE = "what a page takes of a snapshot is all of that one"
AS_LOGGED = "a snapshot has what is in the log up to its position"

Frame = dict[str, Any]
Log = dict[int, tuple[float, list[dict[str, Any]]]]  # by position: when it was appended, in seconds, and its changes


def check_snapshots(
    posts: Sequence[Frame],
    logs: Mapping[tuple[str, int, str], Log],
    stored: Mapping[Key, Mapping[int, dict[str, Any]]],
) -> Iterator[Violation]:
    """Judge the whole snapshots among the posts of an invocation. stored: the rows that there were, by version."""
    snapshots: dict[str, list[Frame]] = {}
    for post in posts:
        if post["type"] == "snapshot":
            snapshots.setdefault(post["id"], []).append(post)
    for parts in snapshots.values():
        if len(parts) == parts[0]["parts"]:
            yield from _check(parts, logs, stored)


def check_taken(
    where: str, sent: Sequence[Frame], versions: Mapping[str, int], shown: Collection[str]
) -> Iterator[Violation]:
    """Judge a page that took a snapshot. sent: its rows; versions, shown: the page's, afterwards.

    A row that leaves its board by itself is left out: it may be told with the version that it had.
    """
    for row in sent:
        id, version = row["id"], row["version"]
        known = versions.get(id, 0)
        if known < version or (known == version and id not in shown and not row["data"].get("leavesAt")):
            yield Violation(AS_ONE, f"{where} took a snapshot with version {version} of {id}, and has {known}")


def _check(
    parts: Sequence[Frame],
    logs: Mapping[tuple[str, int, str], Log],
    stored: Mapping[Key, Mapping[int, dict[str, Any]]],
) -> Iterator[Violation]:
    shard, position = Shard(parts[0]["topic"], parts[0]["shard"]), parts[0]["position"]
    sent = {row["id"]: row["version"] for part in parts for row in part["rows"]}
    log = logs.get((*shard, parts[0]["epoch"]), {})
    logged = {
        change["id"]: change["version"] for number in sorted(log) if number <= position for change in log[number][1]
    }
    for id, version in logged.items():
        has_left = stored[_key(shard, id)][max(stored[_key(shard, id)])].get("leavesAt") is not None
        if sent.get(id, version if has_left else 0) < version:
            where = f"the snapshot of {shard.topic} {shard.number} at {position}"
            yield Violation(AS_LOGGED, f"{where} has version {sent.get(id)} of {id}, the log {version}")


def _key(shard: Shard, id: str) -> Key:
    """Where a row is stored."""
    if shard.topic.startswith(topics.ONE_ORDER):
        return topics.keys_of_order(shard.topic)[id]
    return Key(topics.board(shard), id)
