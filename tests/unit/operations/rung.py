"""Which alarms rang, as a test reads it."""

import pytest


class Rung:
    """What the service prints: a metric for each alarm that rings."""

    def __init__(self, printed: pytest.CaptureFixture[str]) -> None:
        self._printed = printed

    def times(self, metric: str) -> int:
        """How often an alarm rang since the last call."""
        return sum(f'"{metric}":' in line for line in self._printed.readouterr().out.splitlines())
