"""Deploys that break the handler of a message, until another mends it: what fails by it is given up within minutes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from functions.kernel.runtime import runtime
from tests.simulation.deployment import manifests

if TYPE_CHECKING:
    from tests.simulation.cloud import Cloud

FAULT = "handler broken"
Place = tuple[str, str, str]  # service, queue, and the name of the message


class BrokenHandlers:
    """What is broken in a cloud at the moment: by places."""

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self._broken: set[Place] = set()

    def break_handler(self, place: Place) -> None:
        """Deploy code that fails at a message."""
        self._broken.add(place)

    def mend(self, place: Place) -> None:
        """Deploy code that handles it."""
        self._broken.discard(place)

    def fails(self, place: Place) -> bool:
        """Whether the handler at work fails at a message. With the end of all faults all is mended."""
        return place in self._broken and self._cloud.faults.strike(FAULT, f"{self._container(place)} {place[2]}")

    def _container(self, place: Place) -> str:
        containers = self._cloud.functions["/".join(place[:2])].containers
        return next((one.name for one in reversed(containers) if one.runtime is runtime.current()), "a forecast")


def breakable() -> list[Place]:
    """What a deploy may break: the handlers of messages of the bus, but for the robots' and the staff's stream."""
    return sorted(
        (inbox.service, inbox.queue, name)
        for registered in manifests().values()
        for inbox in registered.inboxes
        if inbox.service not in ("fleet", "live")
        for name in inbox.pattern["detail-type"]
        if name in inbox._handlers
    )


@contextmanager
def breakable_handlers(fails: Callable[[Place], bool]) -> Iterator[None]:
    """Within the block, each handler raises where `fails`."""
    before = [(inbox, inbox._handlers) for registered in manifests().values() for inbox in registered.inboxes]
    for inbox, handlers in before:
        inbox._handlers = {
            name: [_breakable((inbox.service, inbox.queue, name), handler, fails) for handler in of_name]
            for name, of_name in handlers.items()
        }
    try:
        yield
    finally:
        for inbox, handlers in before:
            inbox._handlers = handlers


def _breakable(place: Place, handler: Any, fails: Callable[[Place], bool]) -> Any:
    def handle(message: Any) -> object:
        if fails(place):
            raise RuntimeError("the deploy of noon broke this")
        return handler(message)

    return handle
