"""What no route tells of a stage, but its account: alarms that ring, how old messages are, and what it costs.

The ages are CloudWatch's: SQS itself does not say how old the oldest message of a queue is. Those of the last minutes
are asked for; a queue or a stream at which nothing happened has none.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from clients.cli.launching import billed, idle_month
from clients.cli.tool import Tool

MINUTES = 10
PERIOD = 60  # seconds


@dataclass(frozen=True)
class Vitals:
    """oldest: by consumer, how many seconds old its oldest message is. relays: by service, how late it publishes.

    idle: dollars a month, computed; None without a checkout. today: dollars that AWS has billed for today so far.
    """

    idle: float | None
    today: float
    alarms: list[str] = field(default_factory=list)
    oldest: dict[str, float] = field(default_factory=dict)
    relays: dict[str, float] = field(default_factory=dict)


def vitals(tool: Tool, consumers: Iterable[str], services: Iterable[str]) -> Vitals:
    """Ask the account of a stage. A local mall has no account: only what it would cost. Raises EndedError."""
    if tool.stage.is_local:
        return Vitals(idle_month(tool), 0.0)
    prefix, day = f"mallbots-{tool.stage_name}-", str(datetime.now(UTC).date())
    queues = {f"{prefix}{name.replace('/', '-')}{end}": name for name in consumers for end in ("", ".fifo")}
    relays = {f"{prefix}{name}-relay": name for name in services}
    return Vitals(
        idle_month(tool),
        sum(one["dollars"] for one in billed(tool) if one["day"] == day),
        tool.account.ringing(),
        _latest(tool, "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queues),
        {name: age / 1000 for name, age in _latest(tool, "AWS/Lambda", "IteratorAge", "FunctionName", relays).items()},
    )


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
