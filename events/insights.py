"""Messages of the insights service, which publishes nothing: its timer."""

from events.registry import Timer
from events.shapes import Time


class SumsDue(Timer, source="insights", key="time"):
    """The schedule for summing up what baskets and orders reached since the last time."""

    time: Time
