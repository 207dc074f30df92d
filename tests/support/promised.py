"""The messages in a service's outbox, which its commits promise to publish, and their delivery to an inbox."""

from collections.abc import Sequence

from events.registry import Message, decode
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Outgoing
from tests.support.delivery import attributes, body_of


def promised() -> list[Outgoing]:
    """Every message in the commits of the memory store, oldest first."""
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    return [message for item in store.log for message in messages_of(item)]


def read(outgoing: Outgoing) -> Message:
    """A message as a consumer reads it."""
    return decode(outgoing.name, outgoing.detail["metadata"]["version"], outgoing.detail["data"])


def hand_over(inbox: Inbox, messages: Sequence[Outgoing]) -> None:
    """Deliver messages to an inbox, one by one, in this order; only those of its rule, and none may fail."""
    wanted = set(inbox.pattern["detail-type"])
    for message in messages:
        if message.name not in wanted:
            continue
        record = {
            "messageId": message.id,
            "receiptHandle": message.id,
            "body": body_of(message.detail),
            "attributes": attributes(),
        }
        assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
