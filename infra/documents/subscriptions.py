"""What each consumer subscribes to, and feeds, for operations, which may not import the services that register it."""

import json
from pathlib import Path

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.messaging.inbox import Inbox
from functions.operations.subscriptions import FEEDS, FILE


def documents() -> dict[Path, str]:
    """The files of operations with the names that each consumer handles, and the views that it feeds."""
    handled: dict[str, list[str]] = {}
    fed: dict[str, list[str]] = {}
    for service in services():
        registered = manifest(service)
        for inbox in registered.inboxes:
            consumer = f"{service}/{inbox.queue}"
            handled[consumer] = [message.about.name for message in inbox.messages]
            if views := _fed_by(inbox):
                fed[consumer] = views
        if registered.topics:
            handled[f"{service}/{registered.topics.queue}"] = registered.topics.kinds
    return {FILE: _written(handled), FEEDS: _written(fed)}


def _fed_by(inbox: Inbox) -> list[str]:
    """The views of whose messages some come to an inbox: not those of which all moved to another."""
    parts = [part for projection in inbox.projections for part in projection.parts]
    subscribed = set(inbox.messages)
    return sorted(part.view.name for part in parts if part.view and subscribed & set(part.own_messages))


def _written(found: dict[str, list[str]]) -> str:
    return json.dumps(found, indent=1, sort_keys=True) + "\n"
