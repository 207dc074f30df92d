"""One client of the API: how it sends requests, and how it retries when the outcome is unknown."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.gateway import Response
from tests.simulation.workload.mall import Mall

# Which Idempotency-Key a retry has: that of the first attempt, a new one, or none; or the client never retries.
RetryKey = Literal["same key", "new key", "no key", "never"]
RETRY_KEYS: tuple[RetryKey, ...] = ("same key", "same key", "same key", "same key", "new key", "no key", "never")

ATTEMPTS = 4
# The request may or may not have taken effect. (A 409 may also mean that the first attempt is still in progress.)
UNKNOWN_OUTCOME = frozenset({None, 429, 500, 502, 503, 504})


@dataclass
class Client:
    """A client with a role and a name, and with its own stream of choices.

    id: of the customer or robot that it acts for, once that is known; others are known by their names. token: what it
    proves that with, if it has one of the mall's own; without, the gateway is told.
    """

    cloud: Cloud
    choices: Choices
    mall: Mall
    role: str
    name: str
    retry_key: RetryKey = "same key"
    id: str = ""
    token: str | None = None
    _keys: int = 0

    @property
    def who(self) -> str:
        """How it is named as a caller: role and id."""
        return f"{self.role}:{self.id or self.name}"

    def draw_retry_key(self) -> None:
        """Decide by chance how this client retries."""
        self.retry_key = self.choices.pick(RETRY_KEYS, "how a client retries")

    def new_key(self) -> str:
        """A new Idempotency-Key of this client; others may use it by mistake."""
        self._keys += 1
        key = f"{self.name} {self._keys}"
        return key

    def request(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, match: int = 0, who: str = ""
    ) -> Response:
        """Send a request, and retry it while the outcome is unknown; the last response.

        key: an Idempotency-Key, if not a new one. match: the version for If-Match. who: the caller, if not this client.
        """
        who = who or self.who
        if method == "GET":
            return self._send(method, path, None, None, 0, who)
        keyed = key is not None or self.retry_key != "no key"
        used = (key or self.new_key()) if keyed else None
        answer = self._send(method, path, body, used, match, who)
        for _ in range(ATTEMPTS - 1):
            if answer.status not in UNKNOWN_OUTCOME or self.retry_key == "never":
                return answer
            self.pause(0.2, 4)
            if self.retry_key == "new key":
                used = self.new_key()
            answer = self._send(method, path, body, used, match, who)
        return answer

    def get(self, path: str) -> Any:
        """The body of a 200, or None."""
        answer = self.request("GET", path)
        return answer.body if answer.status == 200 else None

    def send_twice(self, method: str, path: str, body: Any = None) -> Response:
        """Send one request twice at the same time under one key; the response to the first."""
        key = self.new_key()
        self.cloud.spawn(self._send, method, path, body, key, 0, self.who)
        self.pause(0, 0.1)
        return self.request(method, path, body, key=key)

    def pause(self, low: float, high: float) -> None:
        """Wait for a random time, in seconds."""
        self.cloud.sleep(self.choices.seconds(low, high, "a pause"))

    def chance(self, probability: float, what: str) -> bool:
        """Whether the client does something."""
        return self.choices.chance(probability, what)

    def take_token(self, answer: Response) -> None:
        """From now on prove who it is with the token in an answer, on a day with tokens."""
        if self.mall.has_tokens and answer.status == 200:
            self.token = str(answer.body["token"])
            self.mall.tokens.append((self.who, self.token))

    def resume_sagas(self) -> None:
        """Resume every parked saga, as staff do."""
        found = self.get("/api/checkout/sagas?status=parked&limit=20") or {"sagas": []}
        for saga in found["sagas"]:
            self.request("PUT", f"/api/checkout/sagas/{saga['orderId']}/resume")

    def _send(self, method: str, path: str, body: Any, key: str | None, match: int, who: str) -> Response:
        headers = {"idempotency-key": key} if key else {}
        if match:
            headers["if-match"] = f'"{match}"'
        if self.token and who == self.who:
            headers["authorization"] = f"Bearer {self.token}"
        return self.cloud.request(method, path, body, headers, who=who)
