"""What each consumer subscribes to: names of messages, or of topics. `make docs` writes it of what code registers.

A letter may be sent to another consumer than its own only where that one subscribes to its message.
"""

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")


@cache
def subscriptions() -> dict[str, frozenset[str]]:
    """The names by consumer, such as `depot/inbox`."""
    return {consumer: frozenset(names) for consumer, names in json.loads(FILE.read_text()).items()}


def subscribes(consumer: str, name: str) -> bool:
    """Whether a consumer subscribes to messages of this name."""
    return name in subscriptions().get(consumer, frozenset())
