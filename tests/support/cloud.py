"""The parts of the cloud that a mall in memory needs: bus, subscribers, text messages, and API responses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.topics import Topics
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime, Unsent
from tests.support.queues import MemoryQueue


class Publishes(Protocol):
    """Delivers a message to its subscribers."""

    def publish(self, detail: dict[str, Any]) -> None: ...


@dataclass
class MemoryBus:
    """An EventBridge bus: each message goes to every queue whose rule matches."""

    mall: Publishes

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        for message in messages:
            self.mall.publish(json.loads(json.dumps(message.detail)))
        return []


@dataclass
class Subscriber:
    """An inbox with its queue and its runtime."""

    inbox: Inbox
    queue: MemoryQueue
    dead_letters: MemoryQueue
    runtime: Runtime

    @cached_property
    def pattern(self) -> dict[str, Any]:
        """The pattern of its bus rule; like a deployment, it is computed once."""
        return self.inbox.pattern

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Handle a batch."""
        return self.inbox.handle(event)

    def wants(self, detail: dict[str, Any]) -> bool:
        """Whether its bus rule matches."""
        metadata = detail["metadata"]
        return (
            metadata["source"] in self.pattern["source"]
            and metadata["name"] in self.pattern["detail-type"]
            and detail.get("to", self.inbox.service) == self.inbox.service
        )


@dataclass
class TopicsSubscriber(Subscriber):
    """The topics of a service with their queue; its inbox takes nothing from the bus."""

    topics: Topics

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        return self.topics.handle(event)


@dataclass
class Texts:
    """A provider of text messages that deduplicates by request id. sent: request id → (number, text)."""

    sent: dict[str, tuple[str, str]] = field(default_factory=dict)

    def send(self, number: str, text: str, request_id: str) -> None:
        self.sent.setdefault(request_id, (number, text))


@dataclass(frozen=True)
class Response:
    """A response of the API."""

    status: int
    headers: Mapping[str, str]
    body: Any
