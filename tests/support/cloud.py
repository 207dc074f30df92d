"""What of the cloud a mall in memory needs: the bus, subscribers, a carrier of texts, and answers of the API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime
from tests.support.queues import MemoryQueue


class Publishes(Protocol):
    """Whoever brings a message to those who subscribe to it."""

    def publish(self, detail: dict[str, Any]) -> None: ...


@dataclass
class MemoryBus:
    """An EventBridge bus: each message goes to every queue whose rule matches."""

    mall: Publishes

    def put(self, messages: Sequence[Outgoing]) -> list[int]:
        for message in messages:
            self.mall.publish(json.loads(json.dumps(message.detail)))
        return []


@dataclass
class Subscriber:
    """An inbox with its queue and the runtime that it works in."""

    inbox: Inbox
    queue: MemoryQueue
    dead_letters: MemoryQueue
    runtime: Runtime

    @cached_property
    def pattern(self) -> dict[str, Any]:
        """Its bus rule's, which is deployed once."""
        return self.inbox.pattern

    def wants(self, detail: dict[str, Any]) -> bool:
        """Whether its bus rule matches."""
        metadata = detail["metadata"]
        return (
            metadata["source"] in self.pattern["source"]
            and metadata["name"] in self.pattern["detail-type"]
            and detail.get("to", self.inbox.service) == self.inbox.service
        )


@dataclass
class Texts:
    """A provider of text messages that honours request ids: number and text by request id."""

    sent: dict[str, tuple[str, str]] = field(default_factory=dict)

    def send(self, number: str, text: str, request_id: str) -> None:
        self.sent.setdefault(request_id, (number, text))


@dataclass(frozen=True)
class Response:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    body: Any
