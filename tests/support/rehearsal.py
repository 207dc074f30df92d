"""A service as it was at one moment, to be told afterwards what happened from then on, in any order."""

from collections.abc import Sequence

from events.envelope import Envelope
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from tests.support.copying import store_copied, views_copied
from tests.support.mall import Mall
from tests.support.queues import MemoryQueue

RETRIES = 60  # seconds that a message has to come again in, when it came too early


class Rehearsal:
    """Remembers a service of a mall when it is made. Rehearsing stops all others, and leaves the mall to itself."""

    def __init__(self, mall: Mall, service: str) -> None:
        self.mall = mall
        self.service = service
        self.runtime = mall.runtimes[service]
        assert isinstance(self.runtime.store, MemoryEventStore)
        assert isinstance(self.runtime.views, MemoryViews)
        self.store, self.views = self.runtime.store, self.runtime.views
        self._now = mall.now
        self._state = store_copied(self.store), views_copied(self.views)

    def heard(self, *names: str) -> list[Envelope]:
        """The one message of each name that the mall has published. Raises AssertionError for none, or several."""
        found = {e.metadata.id: e for e in self.mall.published if e.metadata.name in names}
        by_name = {envelope.metadata.name: envelope for envelope in found.values()}
        assert len(found) == len(by_name) == len(names), [e.metadata.name for e in found.values()]
        return [by_name[name] for name in names]

    def tell(self, messages: Sequence[Envelope]) -> None:
        """Take the service back to its moment, and let messages come one after another, each handled before the next.

        One that fails because it came too early comes again, as the queue sees to.
        """
        self._restore()
        for message in messages:
            self.mall.publish(message.detail())
            self.mall.settle()
        self.mall.pass_time(RETRIES)

    def _restore(self) -> None:
        store, views = self._state
        vars(self.store).update(vars(store_copied(store)))
        vars(self.views).update(vars(views_copied(views)))
        self.mall.relayed[self.service] = len(self.store.log)
        self.mall.stop(*self.mall.runtimes)
        self.mall.start(self.service)
        self.mall.now = self._now
        for queue in (self.runtime.queue, self.runtime.dead_letters, *self.runtime.queues.values()):
            assert isinstance(queue, MemoryQueue)
            queue.messages.clear()
            queue.seen.clear()
