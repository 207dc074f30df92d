"""A trial: code runs in earnest, and what it would do to the outside is noted instead of done.

The forecast of dead letters (composition/forecast.py) sets one in the runtime. A port says how it behaves then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from functions.kernel.domain.errors import UnavailableError


class UnknowableError(UnavailableError):
    """A trial cannot tell what would come of a call. Code treats it as what does not answer now."""


@dataclass
class Trial:
    """What one message would do.

    commits: stream and names of the events, of each commit. rows: how many would be written or deleted. messages: the
    names of those that would be sent, each once for each. calls: of ports, taken to be done ("texts.send"). doubts: why
    the outcome cannot be told; kept here too, since code may swallow the error. given_up: why the message would be a
    dead letter although its handlers went well.
    """

    commits: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    rows: int = 0
    messages: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    given_up: dict[str, str] | None = None

    def doubt(self, why: str) -> NoReturn:
        """Note that the outcome cannot be told. Raises UnknowableError."""
        self.doubts.append(why)
        raise UnknowableError(why)


InTrial = Callable[[str, Trial], Any]


def unknowable(port: str, trial: Trial) -> Any:
    """Of a port that does not say how it behaves in a trial: it cannot be told what it would do."""
    trial.doubt(f"the port {port} is not asked in a forecast")


def accepts(*calls: str) -> InTrial:
    """Of a port whose calls of these names return nothing: they are noted, and taken to be done. Others are unknowable.

    Nothing of the arguments is kept: they may hold a name or a number.
    """
    return lambda port, trial: _Accepting(port, trial, frozenset(calls))


class _Accepting:
    def __init__(self, port: str, trial: Trial, calls: frozenset[str]) -> None:
        self._port, self._trial, self._calls = port, trial, calls

    def __getattr__(self, call: str) -> Callable[..., None]:
        def accept(*_: Any, **__: Any) -> None:
            if call not in self._calls:
                self._trial.doubt(f"{self._port}.{call} is not asked in a forecast")
            self._trial.calls.append(f"{self._port}.{call}")

        return accept
