"""Who asks, and whether such a caller may: the one place that knows."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from functions.kernel.domain.errors import ForbiddenError

STAFF = "staff"
KIOSK = "kiosk"
CUSTOMER = "customer"
BOT = "bot"


@dataclass(frozen=True)
class Caller:
    """Who asks: a role, and the id of the one who has it. Without a role, nobody has asked who it is."""

    role: str | None = None
    id: str = ""

    @property
    def actor(self) -> str:
        """How commits and messages name the caller."""
        return f"{self.role}:{self.id}" if self.role else "anonymous"


def caller(event: dict[str, Any]) -> Caller:
    """The caller of a request. The gateway does not ask yet who it is, so nobody has a role."""
    return Caller()


def admit(who: Caller, may: Collection[str]) -> None:
    """Raises ForbiddenError unless a role in `may` is the caller's; whoever was not asked may all."""
    if may and who.role is not None and who.role not in may:
        raise ForbiddenError(f"this is not for a {who.role}: it takes {' or '.join(sorted(may))}")
