"""What operations addresses of all services, their queues and functions: known at synthesis by what code registers."""

from functools import cache

from functions.kernel.composition.manifest import Manifest, manifest, services
from functions.operations.consumers import OUTCOMES, RELAY, Consumer, Served
from infra.names import OPERATIONS


@cache
def all_services() -> dict[str, Served]:
    """The services of a deployment with their consumers, by name."""
    return {name: _served(manifest(name)) for name in services()}


def _served(found: Manifest) -> Served:
    consumers = [
        *(Consumer(found.service, inbox.queue, inbox.fifo) for inbox in found.inboxes),
        *([Consumer(found.service, found.topics.queue)] if found.topics else []),
        *([Consumer(found.service, RELAY)] if found.publisher else []),
        *([Consumer(found.service, OUTCOMES)] if found.service == OPERATIONS else []),
    ]
    return Served(found.service, tuple(consumers), found.makes_rows)
