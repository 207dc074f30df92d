"""The protocol header that every message begins with (section 7.2)."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from events.vda5050.shape import Shape, Timestamp, UInt32

VERSION = "3.0.0"
MANUFACTURER = "mallbots"


class Header(Shape):
    """The first fields of every message; header ids count up by one for each topic and sender, from 0 after a start.

    Of the version only the major must be ours: minor versions add what a reader may ignore.
    """

    header_id: UInt32
    timestamp: Timestamp
    version: Annotated[str, Field(pattern=r"^3\.\d+\.\d+$")] = VERSION
    manufacturer: str = MANUFACTURER
    serial_number: str


def timestamp(when: datetime) -> str:
    """A moment as the standard writes it, in UTC with milliseconds: 2026-11-27T09:30:00.250Z."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
