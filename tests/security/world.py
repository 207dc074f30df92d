"""The mall that is attacked: who is in it, whose things are there, and how an attack is sent and judged.

The same cases run against the mall in memory, where guards are taken out to prove that each case can fail, and against
a deployment under enforced roles.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.kernel.runtime.commit import Commit


class NotHereError(Exception):
    """This world cannot do what a case needs: nobody has the user pool's private key, or the bus's, of a deployment."""


@dataclass(frozen=True)
class Answer:
    """A response; `text` as it was sent."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        """Its JSON; None for no body."""
        return json.loads(self.text) if self.text else None


@dataclass
class Scene:
    """What there is to attack: tokens by person, ids by thing. `furnish` makes it through the API."""

    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def path(self, template: str) -> str:
        """A path with the ids of things in place of their names: /api/baskets/{bobs_basket}."""
        for name, id in self.ids.items():
            template = template.replace("{" + name + "}", id)
        return template


class World(ABC):
    """A mall that can be attacked."""

    scene: Scene

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request as anyone on the Internet may; a text or bytes body is sent unchanged."""
        sent = {"content-type": "application/json"} | {name.lower(): value for name, value in (headers or {}).items()}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        content = json.dumps(body) if body is not None and not isinstance(body, str | bytes) else body
        return self.deliver(method, path, content, sent)

    @abstractmethod
    def deliver(self, method: str, path: str, content: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request that is ready, with headers in lower case."""

    @abstractmethod
    def state(self) -> dict[str, str]:
        """What is stored and published: a digest by kind.

        A kind is a service with an aggregate ("baskets Basket") or with its rows ("search rows"); in memory also
        messages by name ("published OrderCreated") and the texts that were sent ("texts"). On a deployment, insights
        has a row of each message that is about no order.
        """

    @abstractmethod
    def sign(self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own") -> str:
        """A token of the mall's own with these claims.

        key: "own" (the mall's), "other", "none", or "public" (HS256).
        """

    @abstractmethod
    def sign_for_pool(
        self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own"
    ) -> str:
        """An access token of the user pool with these claims. Raises NotHereError on a deployment."""

    @abstractmethod
    def publish(self, service: str, entry: Mapping[str, Any]) -> str:
        """Put an entry on the bus as the role of a service's relay; "" when it was accepted, else the refusal."""

    @abstractmethod
    def ask(self, service: str, owner: str, request: Mapping[str, Any]) -> Any:
        """Invoke the function that answers for an owner, as the role of a service's API; a text if it is refused."""

    @abstractmethod
    def at_once(self, attacks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """What all answer at the same time; one after the other in memory."""

    @abstractmethod
    def message(self, service: str, stream: str, name: str) -> dict[str, Any]:
        """The newest message of this name that a commit to a stream promised, as it went over the bus."""

    @abstractmethod
    def last_text(self, number: str) -> str:
        """The text that was sent to a number last."""

    @abstractmethod
    def pass_time(self, seconds: int) -> None:
        """Let time pass. Raises NotHereError on a deployment."""

    @abstractmethod
    def settle(self) -> None:
        """Wait until every message is handled."""

    @abstractmethod
    def now(self) -> int:
        """The mall's time (Unix)."""

    @abstractmethod
    def logs(self) -> str:
        """Every line that was logged so far."""


def kind_of(service: str, item: Mapping[str, Any]) -> str:
    """The kind of a stored commit: its service and aggregate."""
    aggregate = str(item["stream"]["S"]).partition("#")[0]
    return f"{service} {aggregate}"


def digests(found: Iterable[tuple[str, object]]) -> dict[str, str]:
    """One digest of all things of a kind, each of them (kind, thing)."""
    made: dict[str, Any] = {}
    for kind, thing in found:
        made.setdefault(kind, hashlib.sha256()).update(repr(thing).encode())
    return {kind: digest.hexdigest() for kind, digest in made.items()}


def newest(commits: Iterable[Commit], name: str) -> dict[str, Any]:
    """The newest message of a name among those of commits."""
    found = [message.detail for commit in commits for message in commit.messages if message.name == name]
    return max(found, key=lambda detail: detail["metadata"]["stream_version"])
