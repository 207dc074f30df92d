"""Garbage in inboxes: what no service can read, and what newer code alone would handle."""

import json

from events.registry import language
from tests.simulation.workload.client import Client

UNREADABLE = (
    "no JSON",
    '"a text"',
    "[]",
    "{}",
    '{"detail": {}}',
    '{"detail": "a text"}',
    '{"detail": {"metadata": {}, "data": {}}}',
    '{"detail": {"metadata": {"id": "of nothing"}, "data": {}}}',
    '{"detail-type": "NobodysTick"}',
)
# Who has nothing registered for an event.
UNSUBSCRIBED = {
    "ProductAdded": ("checkout/inbox", "ordering/inbox", "payments/inbox"),
    "OrderCreated": ("baskets/inbox", "depot/inbox", "stores/inbox"),
}
WAITS = 100.0  # seconds for which such a message is tried, before an operator takes it out of its queue


class Litterer(Client):
    """Somebody who puts into inboxes what does not belong there."""

    def litter(self, after: float, pieces: int) -> None:
        """Begin after so many seconds, and put so many pieces into inboxes, seconds apart."""
        self.cloud.sleep(after)
        inboxes = sorted(name for name in self.cloud.queues if name.endswith("/inbox"))
        for _ in range(pieces):
            queue = self.cloud.queues[self.choices.pick(inboxes, "which inbox")]
            queue.send(self.choices.pick(UNREADABLE, "what is put into it"))
            self.pause(0.5, 10)
        self._send_an_event()

    def _send_an_event(self) -> None:
        """Put an event into an inbox of who does not subscribe to it; after a time it is taken out."""
        name = self.choices.pick(tuple(UNSUBSCRIBED), "which event")
        queue = self.cloud.queues[self.choices.pick(UNSUBSCRIBED[name], "into which inbox")]
        published = self.cloud.last_published(name)
        if published is None or published["metadata"]["version"] != language()[name].about.version:
            return
        metadata = {**published["metadata"], "id": self.cloud.new_id()}
        content = {"source": metadata["source"], "detail-type": name, "detail": {**published, "metadata": metadata}}
        id = queue.send(json.dumps(content))
        self.cloud.sleep(WAITS)
        if message := queue.messages.get(id):
            queue.delete(id, message.receipt)
