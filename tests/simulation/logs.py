"""What functions log, kept as it is logged; in the cloud it is JSON lines.

Without the name of a service, functions.kernel.runtime.observe prints nothing, because that takes longer than most
handlers do. Here its facts are kept instead: lines, and errors with the reason of each error that led to them.
"""

import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from functions.kernel.runtime import observe
from functions.kernel.runtime.bound import Bound

Sink = Callable[[tuple[object, ...]], None]

_sink: ContextVar[Sink | None] = ContextVar("logged", default=None)
_STANDARD = frozenset(vars(logging.makeLogRecord({})))  # what every record has


def kept(sink: Sink) -> Bound[Sink]:
    """Within the block, what is logged goes to `sink`, as the parts of a line."""
    return Bound(_sink, sink)


class _Keeping(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if sink := _sink.get():
            fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
            sink((record.levelname, record.getMessage(), fields))


def _install() -> None:
    line, log_error = observe._line, observe.log_error

    def kept_line(metric: str | None = None, times: int = 1, /, **about: Any) -> None:
        if sink := _sink.get():
            sink((metric, about))
        line(metric, times, **about)

    def kept_error(text: str, error: BaseException, **fields: object) -> None:
        if sink := _sink.get():
            sink((text, *_reasons(error), fields))
        log_error(text, error, **fields)

    observe._line, observe.log_error = kept_line, kept_error
    logging.getLogger("mallbots.quiet").addHandler(_Keeping())
    logging.getLogger("mallbots.quiet").setLevel(logging.DEBUG)


def _reasons(error: BaseException) -> Iterator[str]:
    """The reasons that `observe.stack` logs."""
    cause: BaseException | None = error
    while cause is not None:
        yield f"{type(cause).__name__}: {observe.reason(cause)}"
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


_install()
