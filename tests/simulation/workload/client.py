"""How one person uses the API: what they do when they hear nothing, or that somebody is busy."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud, Response
from tests.simulation.workload.mall import Scene

# What a client repeats a request with: the key of the first, a key of its own each time, none at all, or not ever.
Repeats = Literal["same key", "new key", "no key", "never"]
HABITS: tuple[Repeats, ...] = ("same key", "same key", "same key", "same key", "new key", "no key", "never")

TRIES = 4
# These say that it may or may not have happened; 409 is also "the first is still at work", which nobody can tell apart.
UNHEARD = frozenset({None, 429, 500, 502, 503, 504})


@dataclass
class Client:
    """Somebody with a role and a name, who decides by a stream of choices of their own."""

    cloud: Cloud
    choices: Choices
    scene: Scene
    role: str
    name: str
    repeats: Repeats = "same key"
    _keys: int = 0

    def drawn(self) -> "Client":
        """The same, with a habit of repeating that is a matter of chance."""
        self.repeats = self.choices.pick(HABITS, "how a client repeats")
        return self

    def new_key(self) -> str:
        """A key that nobody else uses, unless they come by it in some other way."""
        self._keys += 1
        key = f"{self.name} {self._keys}"
        self.scene.keys.append(key)
        return key

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, match: int = 0, who: str = ""
    ) -> Response:
        """Send a request, and again while nobody says how it went; the last answer, whatever it is.

        key: an Idempotency-Key of somebody's choice. match: the version that it must still be, as If-Match. who: whose
        token is used, if not their own.
        """
        who = who or f"{self.role}:{self.name}"
        if method == "GET":
            return self._send(method, path, None, None, 0, who)
        keyed = key is not None or self.repeats != "no key"
        used = (key or self.new_key()) if keyed else None
        answer = self._send(method, path, body, used, match, who)
        for _ in range(TRIES - 1):
            if answer.status not in UNHEARD or self.repeats == "never":
                return answer
            self.pause(0.2, 4)
            if self.repeats == "new key":
                used = self.new_key()
            answer = self._send(method, path, body, used, match, who)
        return answer

    def get(self, path: str) -> Any:
        """What is there, or None when nobody says."""
        answer = self.ask("GET", path)
        return answer.body if answer.status == 200 else None

    def twice_at_once(self, method: str, path: str, body: Any = None) -> Response:
        """Send one request from two places under one key; what the first of them hears."""
        key = self.new_key()
        who = f"{self.role}:{self.name}"
        self.cloud.spawn(self._send, method, path, body, key, 0, who, name=f"{self.name}, pressing again")
        self.pause(0, 0.1)
        return self.ask(method, path, body, key=key)

    def pause(self, low: float, high: float) -> None:
        """Wait for some seconds."""
        self.cloud.sleep(self.choices.seconds(low, high, "a pause"))

    def may(self, probability: float, what: str) -> bool:
        """Whether they do something."""
        return self.choices.chance(probability, what)

    def _send(self, method: str, path: str, body: Any, key: str | None, match: int, who: str) -> Response:
        headers = {"idempotency-key": key} if key else {}
        if match:
            headers["if-match"] = f'"{match}"'
        return self.cloud.request(method, path, body, headers, who=who)
