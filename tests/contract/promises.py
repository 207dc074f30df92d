"""The contracts of all consumers, and what of a message they would miss."""

from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module

from events.registry import Message
from functions.kernel.composition.manifest import services
from tests.contract.kinds import WHOLE, kinds_in

UNNEEDED = {"null", "absent"}  # a consumer that is ready for these does not miss them


def contract(service: str) -> dict[str, dict[str, str]]:
    """What a service reads: message → path → kind."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for names, kinds in import_module(f"tests.contract.consumers.{service}").READS.items():
        for name in names:
            found[name] |= kinds
    return found


def consumers(name: str) -> list[str]:
    """Who has a contract about a message."""
    return [service for service in services() if name in contract(service)]


def missed(message: type[Message]) -> list[str]:
    """What consumers read of a message and would not find as they expect it, a sentence each."""
    return [sentence for service in consumers(message.about.name) for sentence in _missed_by(service, message)]


def _missed_by(service: str, message: type[Message]) -> Iterator[str]:
    said = kinds_in(message)
    for path, kind in contract(service)[message.about.name].items():
        reads = f"{service} reads {message.about.name}.{path}"
        if path in WHOLE:
            continue
        if path not in said:
            yield f"{reads}, which is not there"
            continue
        expected, found = set(kind.split(" or ")), set(said[path].split(" or "))
        if found - expected:
            yield f"{reads} as {kind}: it may now be {' or '.join(sorted(found - expected))}"
        if expected - found - UNNEEDED:
            yield f"{reads} as {kind}: it can no longer be {' or '.join(sorted(expected - found - UNNEEDED))}"
