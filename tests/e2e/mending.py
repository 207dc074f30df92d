"""What an operator does about dead letters, by the routes of operations alone: finds, forecasts, and sends back."""

import uuid
from dataclasses import dataclass, field

from clients.mall import Json, Mall, wait_for

GROUPS = "/api/operations/groups"
FOUND_WITHIN = 150  # seconds: operations stores letters and counts groups once a minute
RUN_WITHIN = 150


@dataclass
class Mending:
    """The letters of one consumer by one message. letters: all that were seen; redriven: those that were sent back."""

    operator: Mall
    consumer: str
    message: str
    groups: list[str] = field(default_factory=list)
    redriven: int = 0
    steps: list[str] = field(default_factory=list)

    def found(self, at_least: int) -> Json:
        """The open group with so many open letters, once there is one."""

        def look() -> Json | None:
            of_them = [one for one in self._open_groups() if one["counts"]["open"] >= at_least]
            return of_them[0] if of_them else None

        group = wait_for(look, f"{at_least} letters of {self.message}", seconds=FOUND_WITHIN)
        self.groups.append(group["id"])
        return group

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

        def ended() -> Json | None:
            found = self.operator.get(f"/api/operations/runs/{id}")
            if found["step"] and found["step"] not in self.steps:
                self.steps.append(found["step"])
            run: Json = found["run"]
            return None if run["state"] in ("gathering", "running") else run

        run = wait_for(ended, f"redrive {id}", seconds=RUN_WITHIN)
        self.redriven += run["total"]
        return run

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
