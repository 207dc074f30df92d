"""What each consumer subscribes to, for operations, which may not import the services that register it."""

import json
from pathlib import Path

from functions.kernel.composition.manifest import manifest, services
from functions.operations.subscriptions import FILE


def documents() -> dict[Path, str]:
    """The file of operations with the names that each consumer handles."""
    found: dict[str, list[str]] = {}
    for service in services():
        registered = manifest(service)
        for inbox in registered.inboxes:
            found[f"{service}/{inbox.queue}"] = [message.about.name for message in inbox.messages]
        if registered.topics:
            found[f"{service}/{registered.topics.queue}"] = registered.topics.kinds
    return {FILE: json.dumps(found, indent=1, sort_keys=True) + "\n"}
