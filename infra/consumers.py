"""Consumers since the last release: one goes only after a release in which no message came to it any more.

A consumer's name is that of its queues (docs/adr/0050), which ends in `.fifo` where they are FIFO. Without it, or under
another name, the stack of its service deletes them with what is in them. So a release moves its messages to another
queue, or drains them, and the next one removes it: docs/operations.md has the steps. `make release` writes what is
released into released_consumers.json.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from functions.kernel.composition.manifest import manifest, services
from functions.operations.consumers import FIFO
from functions.operations.subscriptions import FILE
from infra.documents import subscriptions

RECORD = Path(__file__).parent / "released_consumers.json"

Consumers = Mapping[str, int]
"""Consumer, such as `depot/inbox` or `depot/dispatcher.fifo` → to how many messages, or topics, it subscribes."""


def current() -> dict[str, int]:
    """The consumers that the code has now."""
    found: dict[str, list[str]] = json.loads(subscriptions.documents()[FILE])
    fifo = {f"{one}/{inbox.queue}" for one in services() for inbox in manifest(one).inboxes if inbox.fifo}
    return {consumer + FIFO if consumer in fifo else consumer: len(names) for consumer, names in found.items()}


def released() -> Consumers:
    """Those of the last release."""
    found: Consumers = json.loads(RECORD.read_text())
    return found


def gone_too_soon(before: Consumers, now: Consumers) -> list[str]:
    """The consumers that are gone, though messages came to them. A service may go as a whole: its stack is deleted."""
    gone = (consumer for consumer, names in before.items() if names and consumer not in now)
    return [consumer for consumer in gone if consumer.partition("/")[0] in services()]


def main(record: Path = RECORD) -> int:
    """Record the consumers as released. Returns 1 if one is gone whose queue may have messages."""
    refused = gone_too_soon(json.loads(record.read_text()), current())
    for consumer in refused:
        print(f"{consumer} is gone, and its queue may have messages: move or drain them first (docs/operations.md)")
    if not refused:
        record.write_text(json.dumps(current(), indent=2) + "\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
