"""Operations whose consumers are paused and resumed, as a test lets time pass."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.operations import backlogs, intake
from functions.operations.cloud import Held
from functions.operations.runner import runner
from tests.support.mappings import MemoryBacklogs, MemoryMappings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEPOT = "depot/inbox"


class Operations:
    """Operations with a clock, the mappings of consumers, their queues, and what notices it was."""

    def __init__(self) -> None:
        self.now = NOON
        self.mappings, self.backlogs = MemoryMappings(), MemoryBacklogs()
        self.notices: list[tuple[str, str]] = []
        self.notifies = True
        self.started: list[str] = []
        self.outcomes: list[Held] = []

    def publish(self, subject: str, text: str) -> None:
        if "dead letters" in subject:  # the daily summary
            return
        if not self.notifies:
            raise UnavailableError("the topic does not answer")
        self.notices.append((subject, text))

    def start(self, function: str) -> None:
        self.started.append(function)

    def receive(self) -> list[Held]:
        return self.outcomes[:10]

    def delete(self, held: list[Held]) -> None:
        self.outcomes = [one for one in self.outcomes if one not in held]

    def minute(self) -> None:
        """A minute later the runner runs."""
        self.now += timedelta(minutes=1)
        runner.handle({})

    def ask(self, **changes: Any) -> None:
        """A consumer asks for a pause, and the redriver takes it."""
        said = {
            "pause": DEPOT,
            "share": 0.75,
            "messages": 24,
            "sample": "OrderApproved message-7",
            "error": "RuntimeError: the shelf is gone",
            "since": clock.stamp(self.now - timedelta(minutes=1)),
            "at": clock.stamp(self.now),
        }
        self.outcomes.append(Held(f"held-{len(self.outcomes)}", "receipt", json.dumps({**said, **changes})))
        intake.take()


def of_depot() -> backlogs.Overview:
    return next(one for one in backlogs.overviews() if one.consumer == DEPOT)
