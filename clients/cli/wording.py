"""How the command line says numbers and times."""

from datetime import UTC, datetime
from typing import Any


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 letter`, `2 letters`, `1,000 entries`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def lasting(seconds: float | None) -> str:
    """`38 s`, `12 min`, `3 h 10 min`, `4 d 2 h`; a dash where it is not known."""
    if seconds is None:
        return "–"
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7_200:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600} h"


def moment(stamp: str) -> datetime:
    """A time as the API has it."""
    return datetime.fromisoformat(stamp)


def now() -> datetime:
    """The time on this machine's clock."""
    return datetime.now(UTC)


def ago(stamp: str | None) -> str:
    """How long ago a time is: `3 min ago`."""
    if not stamp:
        return "–"
    return f"{lasting((now() - moment(stamp)).total_seconds())} ago"


def money(amount: Any) -> str:
    """An amount of the REST API: `18.90`."""
    return f"{float(amount):,.2f}"
