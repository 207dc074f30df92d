"""Logs and metrics: JSON lines on standard output, which CloudWatch reads.

A deployment names its service (MALLBOTS_SERVICE); without it (a test, the simulation, a script) nothing is printed.
Powertools is imported on first use, by what fails: a function without failures never spends the CPU of that.

A metric costs by its name and dimensions, so there is one only where an alarm watches it or the dashboard shows it
(docs/telemetry.md lists all), and the service is its only dimension. Messages and routes are properties of the lines,
for queries on logs. What is handled has one line for each batch or request, what fails a line of its own
(docs/adr/0030-lines-and-metrics.md).

Names and phone numbers of customers do not belong in logs. The text of our own errors is logged. A library's error may
quote its input (pydantic and SNS do), so only its type and code are logged.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, TextIO, cast

from functions.kernel.runtime.bound import Bound

if TYPE_CHECKING:
    from events.envelope import Metadata

OURS = ("events.", "functions.")

# The metrics of every service, beside those of its own alarms. An error of ours: a handler or route failed in a way
# that no retry mends. A message that still fails: by what may pass, for longer than the longest back-off.
ERRORS = "Errors"
STILL_FAILING = "StillFailing"


_fields: ContextVar[Mapping[str, str] | None] = ContextVar("log_fields", default=None)
_silent: ContextVar[bool | None] = ContextVar("silent", default=None)


class _Output(logging.StreamHandler[TextIO]):
    """Writes to what standard output is at the moment of writing, with the fields of the block at work."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        vars(record).update(_fields.get() or {})
        super().emit(record)


_making = Lock()  # Powertools hands a logger that another thread is making out before it has its formatter


def logger() -> logging.Logger:
    """The service's logger: `logger().info("what happened", extra={"order_id": …})`, never with a name or a number."""
    with _making:
        return _logger(_service())


def _service() -> str:
    """Whose lines are printed; empty where none are."""
    return "" if _silent.get() else os.environ.get("MALLBOTS_SERVICE", "")


def silent() -> Bound[bool]:
    """Within the block, nothing is logged and no metric counted: what is only tried must ring no alarm."""
    return Bound(_silent, True)


@cache
def _logger(service: str) -> logging.Logger:
    if not service:
        quiet = logging.getLogger("mallbots.quiet")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        return quiet
    from aws_lambda_powertools.logging import Logger

    return cast(logging.Logger, Logger(service=service, utc=True, use_rfc3339=True, logger_handler=_Output()))


def log_fields(**keys: str) -> Bound[Mapping[str, str]]:
    """Within the block, every log line has these fields; so have those of what it does side by side."""
    return Bound(_fields, {**(_fields.get() or {}), **keys})


def handling(metadata: "Metadata") -> Bound[Mapping[str, str]]:
    """Within the block, every log line names the message that is handled, what it is about, and its flow."""
    return log_fields(
        correlation_id=metadata.correlation_id,
        causation_id=metadata.causation_id or "",
        message_id=metadata.id,
        message_name=metadata.name,
        stream=metadata.stream,
        stream_version=str(metadata.stream_version),
    )


def namespace(stage: str) -> str:
    """Where the metrics of a stage are: stages in one account share none."""
    return f"MallBots/{stage}"


def batch(handled: list[str], seconds: float) -> None:
    """A batch of a queue or stream is over, in so many seconds; `handled`: what is said of each that went well.

    Which queue or stream it was, its log group says.
    """
    if handled:
        _line(handled=handled, ms=_milliseconds(seconds))


def received(metadata: "Metadata") -> str:
    """What a consumer's line says of a message: name, stream, version, flow and id, with a space between.

    A stream has its aggregate's id, which is the order's for most, so a search for an order finds what was done for it.
    Its cause is in the line of the relay that sent it: several consumers handle a message, and it is sent once.
    """
    return f"{metadata.name} {metadata.stream} {metadata.stream_version} {metadata.correlation_id} {metadata.id}"


def sent(metadata: Mapping[str, Any]) -> str:
    """What the relay's line says of a message: the same, and its cause; the first of a flow has none."""
    cause = f" {metadata['causation_id']}" if metadata["causation_id"] else ""
    return (
        f"{metadata['name']} {metadata['stream']} {metadata['stream_version']} {metadata['correlation_id']} "
        f"{metadata['id']}{cause}"
    )


def reported(topic: str, robot: str, correlation_id: str) -> str:
    """What a line says of a robot's messages of a topic, which have no id."""
    return f"{topic} {robot} {correlation_id}"


def detail(what: str, **about: object) -> None:
    """A line about what is being done, of the flows that the stage samples: those whose ids begin as MALLBOTS_DEBUG.

    It has no level: by that of DEBUG Lambda would drop it. One flow has all of its details in every service, or none.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    sampled = os.environ.get("MALLBOTS_DEBUG")
    if not sampled or not _service():
        return
    fields = _fields.get() or {}
    if fields.get("correlation_id", "").startswith(sampled):
        sys.stdout.write(text({"debug": what, **fields, **about}))


def failed(name: str, error: Exception, receives: int) -> None:
    """A message of this name failed, at its first, second, third… receive."""
    log_error(f"{name} failed", error, tries=receives)


def request_done(route: str, status: int, seconds: float, correlation_id: str) -> None:
    """A request was answered. `route` is a method and a path template, so that there are few of them.

    503 is no error of ours: something that the service needs does not answer now, and the gateway's alarm counts it.
    """
    ours = status >= 500 and status != 503
    metric = ERRORS if ours else None
    _line(metric, route=route, status=status, ms=_milliseconds(seconds), correlation_id=correlation_id)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def count(metric: str, message: str, times: int = 1) -> None:
    """Count occurrences of something that an alarm watches; the line names the message."""
    _line(metric, times, message=message)


@dataclass(frozen=True)
class Figure:
    """A metric that is counted whether all is well or not, for a dashboard. unit: one of CloudWatch's."""

    metric: str
    unit: str = "Count"


MOST_VALUES = 100  # of one metric in a line


def figures(time: datetime, values: Mapping[Figure, Sequence[float]]) -> None:
    """Print what a minute's figures were, in one line: each a list of values, of which CloudWatch makes statistics.

    A line takes 100 values of one metric; of more, the hundred are printed that stand evenly among them by size.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    service = _service()
    if not service or not values:
        return
    metrics = [{"Name": figure.metric, "Unit": figure.unit} for figure in values]
    where = {"Namespace": namespace(os.environ.get("MALLBOTS_STAGE", "")), "Dimensions": [["service"]]}
    directive = {"Timestamp": int(time.timestamp() * 1000), "CloudWatchMetrics": [{**where, "Metrics": metrics}]}
    told = {figure.metric: _some_of(found) for figure, found in values.items()}
    sys.stdout.write(text({"_aws": directive, "service": service, **told}))


def _some_of(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    step = max(len(ordered) / MOST_VALUES, 1)
    return [ordered[int(n * step)] for n in range(min(len(ordered), MOST_VALUES))]


@dataclass(frozen=True)
class Alarm:
    """An alarm that the code itself raises: a metric that the deployment watches, and the message that leads to it."""

    metric: str
    message: str

    def ring(self, **about: object) -> None:
        """Count an occurrence, and log what it is about."""
        count(self.metric, self.message)
        logger().warning(self.metric, extra=about)


def log_error(text: str, error: BaseException, **fields: object) -> None:
    """Log an error with its reason and its stack, without quoting what was being handled."""
    if not _service():  # to read a stack takes longer than most handlers do
        return
    logger().error(text, extra={"reason": reason(error), "error": type(error).__name__, "stack": stack(error)} | fields)


def reason(error: BaseException) -> str:
    """Why it was raised, without personal data: our own text (or a RuntimeError's), AWS's error code, or the type."""
    if type(error).__module__.startswith(OURS) or type(error) is RuntimeError:
        return str(error) or type(error).__name__
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return f"{response.get('Error', {}).get('Code')} in {getattr(error, 'operation_name', 'a call')}"
    return type(error).__name__


def stack(error: BaseException) -> list[str]:
    """The frames of an error and of those that led to it, the first one first, each with its reason."""
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    lines.append(f"{type(error).__name__}: {reason(error)}")
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return [*stack(before), *lines] if before else lines


def text(about: Mapping[str, object]) -> str:
    """A line that counts nothing, as it is printed.

    Its bytes are billed: so it has no spaces, and does not name the service, which its log group does.
    """
    return json.dumps(about, separators=(",", ":")) + "\n"


def _line(metric: str | None = None, times: int = 1, /, **about: object) -> None:
    """Print one line about the service's work; with a metric it counts, in CloudWatch's embedded metric format."""
    service = _service()
    if not service:
        return
    if metric is None:
        sys.stdout.write(text(about))
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics(namespace=namespace(os.environ.get("MALLBOTS_STAGE", "")), service=service)
    metrics.add_metric(metric, MetricUnit.Count, times)
    for key, fact in about.items():
        metrics.add_metadata(key, fact)
    metrics.flush_metrics()
