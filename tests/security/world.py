"""The mall that is attacked: who is in it, whose things are there, and how an attack is sent and judged.

The same cases run against the mall in memory, where guards are taken out to prove that each case can fail, and against
a deployment under enforced roles.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


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


class World(Protocol):
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

    def state(self) -> str:
        """A digest of every row and commit of every table, and of how many messages were published."""

    def sign(self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own") -> str:
        """A token of the mall's own with these claims.

        key: "own" (the mall's), "other", "none", or "public" (HS256).
        """

    def sign_for_pool(
        self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own"
    ) -> str:
        """An access token of the user pool with these claims. Raises NotHereError on a deployment."""

    def publish(self, service: str, entry: Mapping[str, Any]) -> str:
        """Put an entry on the bus as the role of a service's relay; "" when it was accepted, else the refusal."""

    def at_once(self, requests: Sequence[tuple[str, str, str, object]]) -> list[Answer]:
        """Requests at the same time, each (who, method, path, body); one after the other in memory."""

    def last_text(self, number: str) -> str:
        """The text that was sent to a number last."""

    def pass_time(self, seconds: int) -> None:
        """Let time pass. Raises NotHereError on a deployment."""

    def settle(self) -> None:
        """Wait until every message is handled."""

    def now(self) -> int:
        """The mall's time (Unix)."""

    def logs(self) -> str:
        """Every line that was logged so far."""
