"""A service's alarms: few, each of one kind for the whole service. A text names the command to run, and its runbook.

They notify the stage's topic when they begin and when they are over. Which metrics there are, and why:
docs/adr/0030-lines-and-metrics.md.

An alarm on several metrics fills each with 0 where it has no value: one on DynamoDB's metrics, which have values only
while it throttles, would keep ringing (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html,
TreatMissingData). Then the newest minute is 0 until its values have come, and an alarm on that minute alone would never
ring: it looks at the last five minutes, and rings by one of them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (FILL)
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.kernel.runtime.observe import ERRORS, STILL_FAILING, Alarm, namespace
from infra.names import OPERATIONS, named, topic_arn
from infra.stages import Stage

MINUTE = Duration.minutes(1)
ITERATOR_AGE_LIMIT = 60_000  # milliseconds: the stream keeps records for 24 hours, so this is early
LONGEST_BACK_OFF = 900  # seconds
NOT_DRAINED = 600  # seconds: operations drains each queue once a minute, and hides what it fails to store for two
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html: a hard limit.
METRICS_OF_AN_ALARM = 10
LATE_MINUTES = 5  # for so long the metrics of a minute may come
SEE = "; then "  # between an alarm's command and its runbook


def runbook(name: str) -> str:
    """The page of an alarm: what it means, what to do, and how to know that it is over."""
    return f"docs/runbooks/{re.sub(r'(?<!^)(?=[A-Z])', '-', name).lower()}.md"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What alarms watch of one service: its functions by construct name, and whatever else it has.

    queues: that its functions consume. dead_letters: queues that operations drains. tables: with their indexes.
    """

    service: str
    functions: Mapping[str, lambda_.IFunction]
    queues: Iterable[sqs.IQueue] = ()
    dead_letters: Iterable[sqs.IQueue] = ()
    tables: Mapping[dynamodb.ITable, Iterable[str]] = field(default_factory=dict)
    own_alarms: Iterable[Alarm] = ()


class Alarms:
    """Makes the alarms of one service in a stack; each notifies the stage's topic."""

    def __init__(self, scope: Construct, stage: Stage, service: str) -> None:
        self._scope, self._stage, self._service = scope, stage, service
        topic = sns.Topic.from_topic_arn(scope, "Notified", topic_arn(Stack.of(scope), stage))
        self._topic = actions.SnsAction(topic)

    def logs(self, find: str = "", *, service: str = "") -> str:
        """The command for log lines of this stage with a text, or of its errors: `mallbots logs depot --errors …`."""
        wanted = f"--find {shlex.quote(find)}" if find else "--errors"
        return f"mallbots logs {service or self._service} {wanted} --stage {self._stage.name}"

    def sum_of(self, name: str, metrics: list[cloudwatch.IMetric], text: str) -> cloudwatch.Alarm:
        """An alarm that rings when the sum of metrics is 1 or more within a minute."""
        return self._of_minutes(name, metrics, " + ".join, 1, text)

    def largest_of(self, name: str, metrics: list[cloudwatch.IMetric], threshold: float, text: str) -> cloudwatch.Alarm:
        """An alarm on the largest of metrics."""
        return self._of_minutes(name, metrics, lambda terms: f"MAX([{', '.join(terms)}])", threshold, text)

    def _of_minutes(
        self, name: str, metrics: list[cloudwatch.IMetric], expression: Callable[[list[str]], str], at: float, text: str
    ) -> cloudwatch.Alarm:
        if len(metrics) == 1:
            return self.add(name, metrics[0], at, text)
        return self.add(name, _together(name, metrics, expression), at, text, of_periods=LATE_MINUTES)

    def add(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        text: str,
        *,
        periods: int = 1,
        of_periods: int = 0,
        page: str = "",
    ) -> cloudwatch.Alarm:
        """An alarm that rings when a metric is at its threshold or above it for so many periods of the metric's.

        of_periods: they need not follow each other within so many. page: the name that its runbook has, if another.
        """
        return self._notifying(
            name,
            text,
            page=page,
            metric=metric,
            threshold=threshold,
            evaluation_periods=max(periods, of_periods),
            datapoints_to_alarm=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def silent(self, name: str, metric: cloudwatch.IMetric, text: str, periods: int = 4) -> cloudwatch.Alarm:
        """An alarm that rings when nothing was counted for so many periods of the metric; no data counts as nothing.

        A new stage rings it until the first count.
        """
        return self._notifying(
            name,
            text,
            metric=metric,
            threshold=1,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def part(
        self, name: str, metric: cloudwatch.IMetric, threshold: float, text: str, *, of: str, of_periods: int = 1
    ) -> cloudwatch.Alarm:
        """An alarm that notifies by a composite one alone, whose name is `of`. of_periods: as for `add`."""
        return self._made(
            name,
            self._described(of, text),
            metric=metric,
            threshold=threshold,
            evaluation_periods=of_periods,
            datapoints_to_alarm=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def composite(self, name: str, rule: cloudwatch.IAlarmRule, text: str) -> None:
        """An alarm that rings by what others do."""
        described = self._described(name, text)
        made = cloudwatch.CompositeAlarm(
            self._scope,
            f"{name}Alarm",
            # The CDK's own has no stage in it: two stages of an account would share it.
            composite_alarm_name=named(self._stage, self._service, name),
            alarm_rule=rule,
            alarm_description=described,
        )
        self._notify(made)

    def _notifying(self, name: str, text: str, *, page: str = "", **properties: Any) -> cloudwatch.Alarm:
        made = self._made(name, self._described(page or name, text), **properties)
        self._notify(made)
        return made

    def _described(self, name: str, text: str) -> str:
        return f"{self._service}: {text}{SEE}{runbook(name)}"

    def _made(self, name: str, described: str, **properties: Any) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(self._scope, f"{name}Alarm", alarm_description=described, **properties)

    def _notify(self, made: cloudwatch.AlarmBase) -> None:
        made.add_alarm_action(self._topic)
        made.add_ok_action(self._topic)

    def own(self, metric: str, period: Duration = MINUTE, statistic: str = "Sum") -> cloudwatch.IMetric:
        """A metric that the service's code counts."""
        return cloudwatch.Metric(
            namespace=namespace(self._stage.name),
            metric_name=metric,
            dimensions_map={"service": self._service},
            period=period,
            statistic=statistic,
        )


def add_alarms(scope: Construct, stage: Stage, watched: Watched) -> cloudwatch.Alarm:
    """Add one alarm of each kind for the whole service; returns that on errors, at which a deployment rolls back."""
    alarms = Alarms(scope, stage, watched.service)
    logs = alarms.logs()
    if waiting := [_of_queue(queue, "ApproximateAgeOfOldestMessage") for queue in watched.dead_letters]:
        # Of what operations stores its own code rings (functions/operations/alarms.py), and of what it receives and
        # cannot store, which this age leaves out from the third receive on. Here is what it never receives.
        # A queue that is dead-letter queue of another counts from when a message came into it: the page below.
        stays = f"a dead letter has waited for {NOT_DRAINED} s: operations does not receive from its queue"
        find = alarms.logs("drained", service=OPERATIONS)
        alarms.largest_of("DeadLetters", waiting, NOT_DRAINED, f"{stays}; {find}")
    if ages := [_of_queue(queue, "ApproximateAgeOfOldestMessage") for queue in watched.queues]:
        # Of a standard queue it leaves out what was received three times and not deleted, hence the alarm below.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        # What is put off counts as well, hence a limit that is longer than anything waits on purpose.
        limit = stage.longest_wait + LONGEST_BACK_OFF
        waits = f"a message has waited for {limit} s: its function is throttled or not invoked"
        alarms.largest_of("OldestMessage", ages, limit, f"{waits}; {logs}")
        still = f"a message has failed for 15 minutes, by what may pass; it is retried for hours: {logs}"
        alarms.sum_of(STILL_FAILING, [alarms.own(STILL_FAILING)], still)
    if "Relay" in watched.functions:
        lag = watched.functions["Relay"].metric("IteratorAge", period=MINUTE, statistic="Maximum")
        late = f"messages are published more than a minute late: mallbots status --all --stage {stage.name}"
        alarms.add("RelayLag", lag, ITERATOR_AGE_LIMIT, late)
    throttled = _of_functions(watched, "Throttles")
    quota = "the account's is in: aws lambda get-account-settings"
    alarms.sum_of("Throttles", throttled, f"a function was throttled: it reached a concurrency limit; {quota}")
    # No function of ours has the loop setting Allow: what goes on for ever is driven by schedules (0024, 0025).
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    chain = "Lambda stopped a function that invokes itself through a queue; what it dropped is among"
    loops = _of_functions(watched, "RecursiveInvocationsDropped")
    dropped = f"mallbots dead list --service {watched.service} --stage {stage.name}"
    alarms.sum_of("RecursiveInvocations", loops, f"{chain}: {dropped}")
    if hot := [metric for table, indexes in watched.tables.items() for metric in _throttles(table, indexes)]:
        stack = f"aws cloudformation describe-stacks --stack-name {Stack.of(scope).stack_name}"
        text = "a table was throttled: a key too hot, or growth faster than DynamoDB splits it; tables (…Table) by"
        alarms.sum_of("TableThrottles", hot, f"{text}: {stack} --query Stacks[0].Outputs")
    for own_alarm in watched.own_alarms:
        find = alarms.logs(own_alarm.metric)
        alarms.sum_of(own_alarm.metric, [alarms.own(own_alarm.metric)], f"a warning says what it is about: {find}")
    errors = [*_of_functions(watched, "Errors"), alarms.own(ERRORS)]
    return alarms.sum_of(
        "Errors", errors, f"a function died, or a request or message failed by an error of ours; {logs}"
    )


def _together(
    name: str, metrics: list[cloudwatch.IMetric], expression: Callable[[list[str]], str]
) -> cloudwatch.IMetric:
    """One metric of several. Raises ValueError for more than CloudWatch evaluates in one alarm."""
    if len(metrics) > METRICS_OF_AN_ALARM:
        raise ValueError(f"the alarm {name} has {len(metrics)} metrics, and CloudWatch allows {METRICS_OF_AN_ALARM}")
    ids = [f"m{i}" for i in range(len(metrics))]
    return cloudwatch.MathExpression(
        expression=expression([f"FILL({each}, 0)" for each in ids]),
        using_metrics=dict(zip(ids, metrics, strict=True)),
        period=MINUTE,
        label=name,
    )


def _of_functions(watched: Watched, metric: str) -> list[cloudwatch.IMetric]:
    """A metric of each function, for all its versions together."""
    return [function.metric(metric, period=MINUTE, statistic="Sum") for function in watched.functions.values()]


def _of_queue(queue: sqs.IQueue, metric: str) -> cloudwatch.IMetric:
    return queue.metric(metric, period=MINUTE, statistic="Maximum")


def _throttles(table: dynamodb.ITable, indexes: Iterable[str]) -> list[cloudwatch.IMetric]:
    """Reads and writes of a table, and writes of its indexes: a throttled index holds back the table's writes.

    Reads of indexes are left out, for $0.10 a month each: who is refused one answers 503 or tries again, which rings.
    """
    of_indexes = [
        cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name="WriteThrottleEvents",
            dimensions_map={"TableName": table.table_name, "GlobalSecondaryIndexName": index},
            period=MINUTE,
            statistic="Sum",
        )
        for index in indexes
    ]
    both = ("ReadThrottleEvents", "WriteThrottleEvents")
    return [*(table.metric(name, period=MINUTE, statistic="Sum") for name in both), *of_indexes]
