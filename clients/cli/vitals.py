"""What no route tells of a stage, but its account: alarms that ring, how old messages are, and what it costs.

The ages are CloudWatch's: SQS itself does not say how old the oldest message of a queue is. Those of the last minutes
are asked for; a queue or a stream at which nothing happened has none.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from clients.cli.ending import EndedError
from clients.cli.launching import billed, idle_month
from clients.cli.tool import Tool

MINUTES = 10
PERIOD = 60  # seconds


@dataclass(frozen=True)
class Vitals:
    """alarms: those that ring. oldest: by consumer, how many seconds old its oldest message is. relays: by service,
    how late it publishes. idle: dollars a month, computed; None without a checkout. today: dollars that AWS has billed
    for today so far. unknown: why a part of these is not known, which is None then.
    """

    idle: float | None = None
    today: float | None = 0.0
    alarms: list[str] | None = field(default_factory=list)
    oldest: dict[str, float] | None = field(default_factory=dict)
    relays: dict[str, float] | None = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def vitals(tool: Tool, consumers: Iterable[str], services: Iterable[str]) -> Vitals:
    """Ask the account of a stage: what needs a person first, each part by itself, so that a refusal hides no other.

    A local mall has no account: only what it would cost.
    """
    asked: dict[str, Callable[[], Any]] = {} if tool.stage.is_local else _of_account(tool, consumers, services)
    found: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for part, ask in (asked | {"idle": partial(idle_month, tool)}).items():
        try:
            found[part] = ask()
        except EndedError as error:
            found[part], unknown[part] = None, error.message
    return Vitals(**found, unknown=unknown)


def _of_account(tool: Tool, consumers: Iterable[str], services: Iterable[str]) -> dict[str, Callable[[], Any]]:
    prefix, day = f"mallbots-{tool.stage_name}-", str(datetime.now(UTC).date())
    queues = {f"{prefix}{name.replace('/', '-')}{end}": name for name in consumers for end in ("", ".fifo")}
    relays = {f"{prefix}{name}-relay": name for name in services}
    return {
        "alarms": lambda: tool.account.ringing(),
        "oldest": lambda: _latest(tool, "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queues),
        "relays": lambda: {
            name: age / 1000 for name, age in _latest(tool, "AWS/Lambda", "IteratorAge", "FunctionName", relays).items()
        },
        "today": lambda: sum(one["dollars"] for one in billed(tool) if one["day"] == day),
    }


def _latest(tool: Tool, namespace: str, metric: str, dimension: str, names: Mapping[str, str]) -> dict[str, float]:
    """The last value of each that has any, by what names calls it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    ids = {f"m{number}": name for number, name in enumerate(names)}
    queries = [
        {
            "Id": id,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric,
                    "Dimensions": [{"Name": dimension, "Value": name}],
                },
                "Period": PERIOD,
                "Stat": "Maximum",
            },
        }
        for id, name in ids.items()
    ]
    now = datetime.now(UTC)
    asked = {"StartTime": now - timedelta(minutes=MINUTES), "EndTime": now, "ScanBy": "TimestampDescending"}
    found = tool.account.call("cloudwatch", "get_metric_data", MetricDataQueries=queries, **asked)
    return {names[ids[one["Id"]]]: one["Values"][0] for one in found["MetricDataResults"] if one["Values"]}
