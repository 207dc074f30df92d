"""Whether a robot is connected to the broker (sections 6.5 and 7.7); retained, and the robot's last will."""

from enum import StrEnum

from events.vda5050.header import Header


class ConnectionState(StrEnum):
    """A robot's connection, as the robot or its last will tells it."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    HIBERNATING = "HIBERNATING"
    CONNECTION_BROKEN = "CONNECTION_BROKEN"


class Connection(Header):
    """A robot's connection. In a last will, timestamp and header id are those of the time when it was left."""

    connection_state: ConnectionState
