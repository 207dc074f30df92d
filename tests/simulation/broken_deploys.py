"""Deploys that break the handler of a message, or a projection, until another mends it.

What fails by it is given up within minutes, or set aside where it fails in a generation alone that is not read.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Generations
from functions.kernel.projections.projection import Projection
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
        self._views: dict[tuple[str, str], bool] = {}

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

    def break_view(self, service: str, view: str, *, unread_alone: bool) -> None:
        """Deploy a projection that fails at each message; unread_alone: in generations alone that are not read."""
        self._views[service, view] = unread_alone

    def mend_view(self, service: str, view: str) -> None:
        """Deploy a projection that works."""
        self._views.pop((service, view), None)

    def fails_in(self, view: View) -> bool:
        """Whether the projection at work fails, in the generation in which it is at work."""
        running = runtime.current()
        unread_alone = self._views.get((running.service, view.name))
        if unread_alone is None or (unread_alone and not _is_unread(view)):
            return False
        return self._cloud.faults.strike(FAULT, f"{self._at_work(running.service)} {view.name}")

    def _at_work(self, service: str) -> str:
        """The container that is at work; a forecast and a replay have runtimes of their own."""
        functions = (one for name, one in self._cloud.functions.items() if name.startswith(f"{service}/"))
        containers = (container for function in functions for container in reversed(function.containers))
        return next((one.name for one in containers if one.runtime is runtime.current()), "a forecast or a replay")


def _is_unread(view: View) -> bool:
    rows = runtime.current().views
    return isinstance(rows, Generations) and rows.read(view) != rows.pointer(view).live


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
def breakable_code(broken: BrokenHandlers) -> Iterator[None]:
    """Within the block, each handler and each projection of a view raises while it is broken."""
    with _breakable_handlers(broken.fails), _breakable_projections(broken.fails_in):
        yield


@contextmanager
def _breakable_projections(fails: Callable[[View], bool]) -> Iterator[None]:
    projections = {one: one._own for registered in manifests().values() for one in _parts(registered.projections)}
    for projection, own in projections.items():
        projection._own = {
            message: [_breakable_maker(projection.view, maker, fails) for maker in makers]
            for message, makers in own.items()
        }
    try:
        yield
    finally:
        for projection, own in projections.items():
            projection._own = own


def _parts(projections: Iterable[Projection]) -> Iterator[Projection]:
    """Those with a view, of these and of what they include."""
    return (part for projection in projections for part in projection.parts if part.view)


def _breakable_maker(view: View | None, maker: Any, fails: Callable[[View], bool]) -> Any:
    def make(message: Any, metadata: Any) -> object:
        if view and fails(view):
            raise RuntimeError("the deploy of noon broke this")
        return maker(message, metadata)

    return make


@contextmanager
def _breakable_handlers(fails: Callable[[Place], bool]) -> Iterator[None]:
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
