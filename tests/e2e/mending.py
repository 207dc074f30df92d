"""What an operator does about dead letters, by the routes of operations alone: finds, forecasts, and sends back."""

import uuid
from dataclasses import dataclass
from itertools import accumulate

from clients.mall import Json, Mall, WaitTimeoutError, wait_for
from functions.operations.letters import DONE
from functions.operations.runs import RAMP
from functions.operations.transitions import SENT_BACK

GROUPS = "/api/operations/groups"
FOUND_WITHIN = 240  # seconds: operations stores letters and counts groups once a minute
RUN_WITHIN = 600  # a letter that fails once is received again after six times the timeout of its function: 2 minutes
STEPS = 3  # of a ramp, at the least, that a run must have had


@dataclass
class Mending:
    """The letters of one consumer by one message. redriven: how many were sent back."""

    operator: Mall
    consumer: str
    message: str
    redriven: int = 0

    def found(self, at_least: int) -> Json:
        """The open group with so many open letters, once there is one."""

        def look() -> Json | None:
            of_them = [one for one in self._open_groups() if one["counts"]["open"] >= at_least]
            return of_them[0] if of_them else None

        return wait_for(look, f"{at_least} letters of {self.message}", seconds=FOUND_WITHIN)

    def forecast(self, group: str) -> Json:
        """The forecast of a group's open letters, once it is done."""
        wanted = {"letters": [], "group": group}
        id = self.operator.post("/api/operations/forecasts", wanted, key=str(uuid.uuid4()))["id"]

        def done() -> Json | None:
            found: Json = self.operator.get(f"/api/operations/forecasts/{id}")["forecast"]
            return found if found["state"] == "done" else None

        return wait_for(done, f"forecast {id}", seconds=RUN_WITHIN)

    def redrive(self, forecast: str) -> Json:
        """Send back the very set of a forecast; returns the run, once it has ended by itself."""
        wanted = {"letters": [], "forecast": forecast}
        id = self.operator.post("/api/operations/redrives", wanted, key=str(uuid.uuid4()))["id"]

        def looked() -> Json:
            run: Json = self.operator.get(f"/api/operations/runs/{id}")["run"]
            return run

        def ended() -> Json | None:
            run = looked()
            return None if run["state"] in ("gathering", "running") else run

        try:
            run = wait_for(ended, f"redrive {id}", seconds=RUN_WITHIN)
        except WaitTimeoutError as error:
            raise AssertionError(f"{error}: {looked()}, of letters {self.letters()}") from error
        self.redriven += run["total"]
        return run

    def kept_to_the_ramp(self, run: str) -> bool:
        """Whether each step of a run's ramp began when all letters of the steps before were done."""
        ids = [one["id"] for one in self.operator.pages(f"/api/operations/runs/{run}/letters", "letters")]
        letters = [self.operator.get(f"/api/operations/letters/{id}")["letter"] for id in ids]
        sent, done = ([_time_of(what, one) for one in letters] for what in (SENT_BACK, DONE))
        ends = [end for end in accumulate(RAMP) if end < len(letters)]
        return len(ends) >= STEPS and all(max(done[:end]) <= min(sent[end:]) for end in ends)

    def open_group(self) -> str | None:
        """A group of which letters are open, as the letters themselves say."""
        return next((letter["group"] for letter in self.letters() if letter["state"] == "open"), None)

    def letters(self) -> list[Json]:
        """The letters of the consumer by this message, in any state."""
        path = f"/api/operations/letters?service={self.consumer}&message={self.message}"
        return self.operator.pages(path, "letters")

    def states(self) -> set[str]:
        return {letter["state"] for letter in self.letters()}

    def resolve(self, group: str, cause: str) -> None:
        """Write down what it was, and that it is mended."""
        self.operator.put(f"{GROUPS}/{group}/note", {"text": cause})
        self.operator.put(f"{GROUPS}/{group}/resolve", {})

    def _open_groups(self) -> list[Json]:
        wanted = self.consumer, self.message
        groups = self.operator.pages(f"{GROUPS}?state=open", "groups")
        return [one for one in groups if (one["consumer"], one["message"]) == wanted]


def _time_of(what: str, letter: Json) -> str:
    """When it happened to a letter last."""
    return max(str(one["time"]) for one in letter["history"] if one["what"] == what)
