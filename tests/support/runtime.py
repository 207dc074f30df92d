"""A service's runtime in memory, with a bus and queues that tests can inspect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import token_keys
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime, Unsent
from functions.kernel.runtime.token_keys import TokenKey
from infra.stages import SANDBOX, STAGES
from tests.support.audited import MemoryAudit
from tests.support.keys import MemoryKms


class RecordingBus:
    """Records what was published; while it is `down`, publishing fails."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []
        self.down = False

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        if self.down:
            return [Unsent(position) for position in range(len(messages))]
        self.messages += messages
        return []

    @property
    def names(self) -> list[str]:
        """The names of published messages, in order."""
        return [message.name for message in self.messages]


@dataclass(frozen=True)
class Sent:
    """A message in a queue."""

    body: str
    delay: int = 0
    reason: Mapping[str, str] | None = None
    group: str = ""
    dedup: str = ""


class RecordingQueue:
    """Records what was sent, and when to retry (receipt → seconds); while it is `down`, calls fail."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.retry_in_seconds: dict[str, int] = {}
        self.down = False

    def send(
        self,
        body: str,
        delay: int = 0,
        reason: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
    ) -> None:
        self._check()
        self.sent.append(Sent(body, delay, reason, group, dedup))

    def retry_in(self, receipt: str, seconds: int) -> None:
        self._check()
        self.retry_in_seconds[receipt] = seconds

    def _check(self) -> None:
        if self.down:
            raise ConnectionError("the queue is down")


# The keys of the mall's own tokens: one, which has signed for ever.
TOKEN_KEY = TokenKey(
    kid="key-1",
    private={
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",  # the key of RFC 8037, appendix A.1
    },
    published=0,
)
TOKEN_KEYS = token_keys.write([TOKEN_KEY])
CODE_KEY = b"a key for one-time codes"
NAMED = {"MALLBOTS_PAYMENT_PROVIDER": SANDBOX, "MALLBOTS_BROKER": "broker.example:8883"}  # by who deploys prod
SETTINGS = {**STAGES["prod"].environment, **NAMED}


def memory_views(service: str) -> MemoryViews:
    """Rows in memory, with the indexes that a service declares; other than the mall's services have none."""
    return MemoryViews(_indexes(service))


@cache
def _indexes(service: str) -> tuple[str, ...]:
    return tuple(manifest(service).indexes) if service in services() else ()


def memory_runtime(service: str, *, settings: Mapping[str, str] | None = None, **overrides: Any) -> Runtime:
    """The runtime of a service with all in memory, prod's settings, and the sandbox; `overrides` replace parts."""
    store = overrides.get("store") or MemoryEventStore()
    parts: dict[str, Any] = {
        "store": store,
        "vault": store.vault if isinstance(store, MemoryEventStore) else MemoryVault(),
        "views": memory_views(service),
        "bus": RecordingBus(),
        "queue": RecordingQueue(),
        "dead_letters": RecordingQueue(),
        "secret": lambda: b"a key for tests",
        "token_keys": lambda: TOKEN_KEYS,
        "adapters": {"code_key": CODE_KEY, "audit": MemoryAudit(), **MemoryKms().adapters},
    }
    # Every API notes what staff ask for, whichever ports of its own a test gives it.
    parts |= overrides | {"adapters": {"audit": MemoryAudit(), **overrides.get("adapters", parts["adapters"])}}
    return Runtime(service=service, settings={**SETTINGS, **(settings or {})}, **parts)
