"""A service's state at one moment, to which later messages are replayed in any order."""

from collections.abc import Sequence

from events.envelope import Envelope
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from tests.support.copying import copy_of_store, copy_of_views
from tests.support.mall import Mall
from tests.support.queues import MemoryQueue

RETRIES = 60  # seconds: enough for the retries of a message that arrives too early


class Rehearsal:
    """Saves a service's state when it is created. A replay stops all other services but those that it asks."""

    def __init__(self, mall: Mall, service: str, *asked: str) -> None:
        self.mall = mall
        self.service = service
        self.asked = asked
        self.runtime = mall.runtimes[service]
        assert isinstance(self.runtime.store, MemoryEventStore)
        assert isinstance(self.runtime.views, MemoryViews)
        self.store, self.views = self.runtime.store, self.runtime.views
        self._now = mall.now
        self._saved = copy_of_store(self.store), copy_of_views(self.views)

    def published(self, *names: str) -> list[Envelope]:
        """The one message of each name that the mall has published. Raises AssertionError for none, or several."""
        found = {e.metadata.id: e for e in self.mall.published if e.metadata.name in names}
        by_name = {envelope.metadata.name: envelope for envelope in found.values()}
        assert len(found) == len(by_name) == len(names), [e.metadata.name for e in found.values()]
        return [by_name[name] for name in names]

    def replay(self, messages: Sequence[Envelope]) -> None:
        """Restore the service's state, and deliver messages one after another, each handled before the next.

        The queue retries a message that fails because it arrives too early.
        """
        self._restore()
        for message in messages:
            self.mall.publish(message.detail())
            self.mall.settle()
        self.mall.pass_time(RETRIES)

    def _restore(self) -> None:
        store, views = self._saved
        vars(self.store).update(vars(copy_of_store(store)))
        vars(self.views).update(vars(copy_of_views(views)))
        self.mall.relay_positions[self.service] = len(self.store.log)
        self.mall.stop(*self.mall.runtimes)
        self.mall.start(self.service, *self.asked)
        self.mall.now = self._now
        for queue in (self.runtime.queue, self.runtime.dead_letters, *self.runtime.queues.values()):
            assert isinstance(queue, MemoryQueue)
            queue.messages.clear()
            queue.seen.clear()
