"""The topics (sections 4.2 and 4.3): {interface}/v3/{manufacturer}/{serial number}/{kind}."""

import re
from dataclasses import dataclass
from enum import StrEnum

from events.vda5050.header import MANUFACTURER

MAJOR = "v3"
_SERIAL = re.compile(r"[A-Za-z0-9_.:-]+", re.ASCII)
_LEVEL = re.compile(r"[^/+#$]+")


class Kind(StrEnum):
    """The topics that are in use, by their names in the standard."""

    ORDER = "order"
    INSTANT_ACTIONS = "instantActions"
    STATE = "state"
    CONNECTION = "connection"
    FACTSHEET = "factsheet"
    VISUALIZATION = "visualization"


@dataclass(frozen=True)
class Topics:
    """The topics of one deployment's robots.

    Raises ValueError for an interface or manufacturer that cannot be a topic level.
    """

    interface: str
    manufacturer: str = MANUFACTURER

    def __post_init__(self) -> None:
        for level in (self.interface, self.manufacturer):
            if not _LEVEL.fullmatch(level):
                raise ValueError(f"{level!r} cannot be a level of a topic")

    def of(self, kind: Kind, serial: str) -> str:
        """The topic of a kind for one robot; raises ValueError for a serial number that the standard does not allow."""
        if not _SERIAL.fullmatch(serial):
            raise ValueError(f"{serial!r} is no serial number: it may have A-Z a-z 0-9 _ . : - alone")
        return f"{self.interface}/{MAJOR}/{self.manufacturer}/{serial}/{kind}"

    def order(self, serial: str) -> str:
        """Where a robot receives orders."""
        return self.of(Kind.ORDER, serial)

    def instant_actions(self, serial: str) -> str:
        """Where a robot receives what it is to do at once."""
        return self.of(Kind.INSTANT_ACTIONS, serial)

    def state(self, serial: str) -> str:
        """Where a robot reports its state."""
        return self.of(Kind.STATE, serial)

    def connection(self, serial: str) -> str:
        """Where a robot, or its last will, says whether it is connected."""
        return self.of(Kind.CONNECTION, serial)

    def factsheet(self, serial: str) -> str:
        """Where a robot says what it can do."""
        return self.of(Kind.FACTSHEET, serial)

    def visualization(self, serial: str) -> str:
        """Where a robot shows its position."""
        return self.of(Kind.VISUALIZATION, serial)

    def parse(self, topic: str) -> tuple[str, Kind]:
        """The serial number and kind of a topic; raises ValueError for one that is not of these robots."""
        match topic.split("/"):
            case [self.interface, major, self.manufacturer, serial, kind] if major == MAJOR and _SERIAL.fullmatch(
                serial
            ):
                return serial, Kind(kind)
        raise ValueError(f"{topic!r} is no topic of {self.interface}/{MAJOR}/{self.manufacturer}")
