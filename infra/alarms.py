"""A service's alarms: dead letters, a relay that falls behind, function errors, throttles, and the service's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.kernel.runtime.observe import NAMESPACE, Alarm

MINUTE = Duration.minutes(1)
ITERATOR_AGE_LIMIT = 60_000  # milliseconds: the stream keeps records for 24 hours, so this is early

DEAD_LETTERS = (
    "messages are in a dead-letter queue (one of the stack's outputs that end in DeadLetters, Undelivered or "
    "RelayFailures); on a local stage `make dead-letters` lists them"
)


@dataclass(frozen=True)
class Watched:
    """What alarms watch of one service: its functions by construct name, its dead-letter queues, its own metrics."""

    service: str
    functions: Mapping[str, lambda_.IFunction]
    dead_letters: Iterable[sqs.IQueue]
    own_alarms: Iterable[Alarm]


def add_alarms(scope: Construct, topic_arn: str, watched: Watched) -> None:
    """Add one alarm of each kind for the whole service; each notifies the topic."""
    topic = sns.Topic.from_topic_arn(scope, "AlarmTopic", topic_arn)
    functions = watched.functions.values()

    def alarm(name: str, metrics: list[cloudwatch.IMetric], threshold: float, description: str) -> None:
        if not metrics:
            return
        total = cloudwatch.MathExpression(
            expression="+".join(f"m{i}" for i in range(len(metrics))),
            using_metrics={f"m{i}": metric for i, metric in enumerate(metrics)},
            period=MINUTE,
            label=name,
        )
        new_alarm = cloudwatch.Alarm(
            scope,
            name,
            metric=metrics[0] if len(metrics) == 1 else total,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{watched.service}: {description}",
        )
        new_alarm.add_alarm_action(actions.SnsAction(topic))

    depth = [
        queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum")
        for queue in watched.dead_letters
    ]
    alarm("DeadLettersAlarm", depth, 1, DEAD_LETTERS)
    if "Relay" in watched.functions:
        age = watched.functions["Relay"].metric("IteratorAge", period=MINUTE, statistic="Maximum")
        alarm("RelayLagAlarm", [age], ITERATOR_AGE_LIMIT, "messages are published more than a minute late")
    errors = [function.metric_errors(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ErrorsAlarm", errors, 1, "a function failed: its log group has the error")
    throttles = [function.metric_throttles(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ThrottlesAlarm", throttles, 1, "a function was throttled: it reached a concurrency limit")
    for own_alarm in watched.own_alarms:
        occurrences = cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=own_alarm.metric,
            dimensions_map={"service": watched.service, "message": own_alarm.message},
            period=MINUTE,
            statistic="Sum",
        )
        where = f"the service's logs have a warning {own_alarm.metric} for each occurrence"
        alarm(f"{own_alarm.metric}Alarm", [occurrences], 1, where)
