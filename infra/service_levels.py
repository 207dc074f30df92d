"""Alarms on service levels: they ring by how fast a month's budget of what may come late is used up.

Two paces, each over a long and a short window: the long one says that it matters, the short one that it goes on. The
paces and windows are those of https://sre.google/workbook/alerting-on-slos/ (a budget of 30 days: 2 % of it within an
hour, 5 % within six). A composite alarm of the four notifies; they themselves do not.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from functions.kernel.runtime.levels import ServiceLevel
from infra.alarms import Alarms

FEWEST = 3  # late ones within a window, below which a share says little: where ten orders come in an hour, one is 10 %


@dataclass(frozen=True)
class Pace:
    """How many times faster than would last for a month, over a long window and over a short one."""

    name: str
    times: float
    long: Duration
    short: Duration


PACES = (
    Pace("Fast", 14.4, Duration.hours(1), Duration.minutes(5)),
    Pace("Slow", 6, Duration.hours(6), Duration.minutes(30)),
)


def add_service_level(alarms: Alarms, level: ServiceLevel, handled: sqs.IQueue) -> None:
    """Add the alarms of a level. handled: the queue whose messages are all that it is about, unless it names any."""
    percent = f"{100 * level.share:g} %"
    promised = f"{level.what} comes within {level.seconds:g} s {percent} of the time"
    text = f"{promised}, and now so many are late that the month's budget is used up early"
    text = f"{text}; {alarms.logs(level.metric)}"
    rules = []
    for pace in PACES:
        limit = round(100 * (1 - level.share) * pace.times, 4)
        windows = {f"{level.metric}{pace.name}Long": pace.long, f"{level.metric}{pace.name}Short": pace.short}
        parts = [
            # The long window says for an hour what it says now; the short one would forget what comes late.
            alarms.part(
                name,
                late_share(alarms, level, handled, window),
                limit,
                text,
                of=level.metric,
                of_periods=1 if window is pace.long else 2,
            )
            for name, window in windows.items()
        ]
        rules.append(cloudwatch.AlarmRule.all_of(*parts))
    alarms.composite(level.metric, cloudwatch.AlarmRule.any_of(*rules), text)


def late_share(alarms: Alarms, level: ServiceLevel, handled: sqs.IQueue, window: Duration) -> cloudwatch.IMetric:
    """The percentage of a window that came too late; no value where it is not known yet how many came at all.

    Metric math counts a missing value as 0, and gives no value for a division by it.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    every = (
        alarms.own(level.of, window)
        if level.of
        else handled.metric("NumberOfMessagesDeleted", period=window, statistic="Sum")
    )
    return cloudwatch.MathExpression(
        expression=f"IF(m0 >= {FEWEST}, 100 * m0 / m1, 0)",
        using_metrics={"m0": alarms.own(level.metric, window), "m1": every},
        period=window,
        label=level.metric,
    )
