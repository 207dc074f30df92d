"""What each consumer subscribes to and which read models it feeds. `make docs` writes both of what code registers.

subscriptions.json has names of messages, or of topics; feeds.json names of views. A letter may be sent to another
consumer than its own only where that one subscribes to its message.
"""

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
FEEDS = Path(__file__).with_name("feeds.json")


@cache
def subscriptions() -> dict[str, frozenset[str]]:
    """The names by consumer, such as `depot/inbox`."""
    return _read(FILE)


@cache
def feeds() -> dict[str, frozenset[str]]:
    """The views that can be rebuilt, by the consumer that feeds them: of `depot/gathered` that is `depot`."""
    return _read(FEEDS)


def subscribes(consumer: str, name: str) -> bool:
    """Whether a consumer subscribes to messages of this name."""
    return name in subscriptions().get(consumer, frozenset())


def feeder(service: str, name: str, view: str = "") -> str | None:
    """The consumer that makes rows of a service of messages of this name. view: of this one, otherwise of any.

    None where this code knows none: the service may be newer than operations.
    """
    of_service = ((consumer, views) for consumer, views in feeds().items() if consumer.startswith(f"{service}/"))
    feeding = (consumer for consumer, views in of_service if not view or view in views)
    return next((consumer for consumer in feeding if subscribes(consumer, name)), None)


def _read(file: Path) -> dict[str, frozenset[str]]:
    return {consumer: frozenset(names) for consumer, names in json.loads(file.read_text()).items()}
