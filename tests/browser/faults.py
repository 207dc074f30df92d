"""The faults of the browser tests' mall: nothing breaks but what is told of it."""

from typing import Any

from infra.local.process import LocalCloudError


class Faults:
    def __init__(self) -> None:
        self.engine = "up"
        self.poisoned = 0
        self.refuses = ""  # why nothing can be broken
        self._broken: dict[str, dict[str, Any]] = {}

    def broken(self) -> dict[str, dict[str, Any]]:
        return dict(self._broken)

    def break_(self, name: str) -> None:
        if self.refuses:
            raise LocalCloudError(self.refuses)
        if name == "message":
            self.poisoned += 1
        else:
            self._broken[name] = {"since": "2030-01-14T14:02:00.000Z"}
        if name == "engine":
            self.engine = "down"

    def mend(self, name: str) -> None:
        self._broken.pop(name, None)
        if name == "engine":
            self.engine = "up"
