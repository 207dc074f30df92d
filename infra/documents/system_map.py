"""The map of the system that the console draws: who publishes what to which consumer, of what services register."""

import json
from pathlib import Path

from events.registry import Kind, language
from functions.kernel.composition.manifest import manifest, services

ROBOTS = "robots"
"""Who speaks by MQTT: no service, and the source of what a queue of topics holds."""


def graph() -> dict[str, dict[str, list[str]]]:
    """The messages of each consumer, such as `depot/inbox`, by the service that publishes them.

    Reminders and ticks are left out: a service sends them to itself.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for service in services():
        registered = manifest(service)
        for inbox in registered.inboxes:
            sources = found.setdefault(f"{service}/{inbox.queue}", {})
            for message in inbox.messages:
                about = language()[message.about.name].about
                if about.kind is not Kind.TIMER:
                    sources.setdefault(about.source, []).append(about.name)
        if registered.topics:
            found[f"{service}/{registered.topics.queue}"] = {ROBOTS: sorted(registered.topics.kinds)}
    return {
        consumer: {source: sorted(names) for source, names in sorted(sources.items())}
        for consumer, sources in sorted(found.items())
    }


def documents(root: Path) -> dict[Path, str]:
    """The file that the console imports."""
    return {root / "clients" / "pages" / "generated" / "map.json": json.dumps(graph(), indent=1) + "\n"}
