"""Snapshots: often enough that a load is one read of four commits, and for a further KB no more often than that."""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.violation import Violation

OFTEN_ENOUGH = "of four commits of a stream in a row one at least has a snapshot"
NOT_TOO_OFTEN = "a snapshot that takes a further KB is stored only where the three commits before have none"

EVERY = 4
KB = 1_024
CLOSE = 32  # bytes by which what is deflated here may be shorter than what the service would have stored


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Streams that a load reads further back than it should, and commits that cost more than they must."""
    for stream, commits in history.streams.items():
        schemas = [_schema(commit) for commit in commits]
        without = 0
        for commit, schema in zip(commits, schemas, strict=True):
            without = without + 1 if schema is None else 0
            if without == EVERY:
                text = f"{commit.where} is the fourth commit in a row without a snapshot"
                yield Violation(OFTEN_ENOUGH, text, {"stream": stream})
    for service in dict.fromkeys(commit.service for commit in history.commits):
        for item in history.table(f"{service}/events"):
            yield from _worth_it(item, history.streams.get(item["stream"]["S"], []))


def _schema(commit: Commit) -> int | None:
    """The schema of a commit's snapshot; None where it has none."""
    snapshot = commit.item.get("snapshot")
    return int(json.loads(snapshot["S"])[0]) if snapshot else None


def _worth_it(item: Mapping[str, dict[str, Any]], commits: list[Commit]) -> Iterator[Violation]:
    """Whether a stored snapshot was due, or cost nothing. Code of another schema sees no snapshot."""
    size = _size(item)
    if "body" not in item or size <= KB:
        return
    body = json.loads(zlib.decompress(item["body"]["B"]))
    if "snapshot" not in body:
        return
    del body["snapshot"]
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    without = size - len(item["body"]["B"]) + len(zlib.compress(text, 9)) + CLOSE
    if -(-without // KB) >= -(-size // KB):
        return
    version = int(item["version"]["N"])
    at = next(position for position, commit in enumerate(commits) if commit.version == version)
    before = [_schema(commit) for commit in commits[max(0, at - EVERY + 1) : at]]
    if len(before) < EVERY - 1 or _schema(commits[at]) in before:
        text_ = f"{commits[at].where} takes {size} bytes with a snapshot that was not due, and {without} without"
        yield Violation(NOT_TOO_OFTEN, text_, {"stream": commits[at].stream})


def _size(item: Mapping[str, dict[str, Any]]) -> int:
    """What a write is billed by: names and values; a number takes a byte for two digits and one more."""
    size = 0
    for name, value in item.items():
        [(kind, content)] = value.items()
        size += len(name)
        size += len(content) // 2 + 2 if kind == "N" else len(content.encode() if isinstance(content, str) else content)
    return size
