"""The use cases of the robots' gateway."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """An error that a robot reports, as the console shows it. references: keys and values."""

    type: str
    level: str
    hint: str
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shown:
    """A robot as the console shows it. What it has not reported yet is None or empty; battery in percent, metres."""

    id: str
    name: str
    connection: str
    last_reported_at: str | None
    node: str | None
    x: float | None
    y: float | None
    driving: bool
    paused: bool
    operating_mode: str | None
    battery: float | None
    list_id: str | None
    assignment: int | None
    errors: tuple[Problem, ...]


def robots(limit: int, after: dict[str, Any] | None) -> tuple[list[Shown], dict[str, Any] | None]:
    """A page of robots, by their ids, and where the next begins (None at the end)."""
    raise NotImplementedError


def robot(id: str) -> Shown:
    """A robot. Raises NotFoundError, also for one that was retired."""
    raise NotImplementedError


def pause(id: str) -> None:
    """Ask a robot to pause. Raises NotFoundError, and UnavailableError while the broker does not answer."""
    raise NotImplementedError


def resume(id: str) -> None:
    """Ask a robot to go on. Raises as `pause` does."""
    raise NotImplementedError


def retry(id: str, action_id: str) -> None:
    """Ask a robot to try an action again that failed and waits. Raises as `pause` does, and RefusedError."""
    raise NotImplementedError


def skip(id: str, action_id: str) -> None:
    """Ask a robot to give up an action that failed and waits. Raises as `retry` does."""
    raise NotImplementedError


def is_known(id: str) -> None:
    """Raises NotFoundError for a robot that is not known here, and RefusedError for one that was retired."""
    raise NotImplementedError
