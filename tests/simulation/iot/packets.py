"""What passes through the broker: publications, wills, and topic filters."""

from dataclasses import dataclass
from functools import lru_cache

LARGEST = 131_072  # bytes of a payload (https://docs.aws.amazon.com/general/latest/gr/iot-core.html)


@dataclass(frozen=True, slots=True)
class Publication:
    """A published message of QoS 1.

    client: who published it over MQTT, "" where it came by the API or from the broker itself. expires_us: when it is no
    longer delivered (0: never). properties: user properties, each a name and a value; rules here read none.
    """

    number: str
    topic: str
    payload: bytes
    client: str
    at_us: int
    retain: bool = False
    expires_us: int = 0
    properties: tuple[tuple[str, str], ...] = ()

    def is_over(self, now_us: int) -> bool:
        """Whether its expiry has passed."""
        return bool(self.expires_us) and now_us >= self.expires_us


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes for a client whose connection ends without a DISCONNECT."""

    topic: str
    payload: bytes
    retain: bool = False


@lru_cache(maxsize=4_096)
def matches(pattern: str, topic: str) -> bool:
    """Whether a topic filter matches a topic; a wildcard at its beginning matches no topic that begins with `$`."""
    wanted, given = pattern.split("/"), topic.split("/")
    if given[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(given) or level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)
