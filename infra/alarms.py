"""What wakes somebody up: dead letters, a relay that falls behind, errors, throttles."""

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


@dataclass(frozen=True)
class Watched:
    """What is watched of one service: its functions by construct name, its dead-letter queues, its own alarms."""

    service: str
    functions: Mapping[str, lambda_.IFunction]
    dead_letters: Iterable[sqs.IQueue]
    own: Iterable[Alarm]


def add_alarms(scope: Construct, topic_arn: str, watched: Watched) -> None:
    """One alarm of a kind for a whole service, published to a topic."""
    topic = sns.Topic.from_topic_arn(scope, "AlarmTopic", topic_arn)
    functions = watched.functions.values()

    def alarm(name: str, metrics: list[cloudwatch.IMetric], threshold: float, why: str) -> None:
        if not metrics:
            return
        total = cloudwatch.MathExpression(
            expression="+".join(f"m{i}" for i in range(len(metrics))),
            using_metrics={f"m{i}": metric for i, metric in enumerate(metrics)},
            period=MINUTE,
            label=name,
        )
        made = cloudwatch.Alarm(
            scope,
            name,
            metric=metrics[0] if len(metrics) == 1 else total,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{watched.service}: {why}",
        )
        made.add_alarm_action(actions.SnsAction(topic))

    depth = [
        queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum")
        for queue in watched.dead_letters
    ]
    alarm("DeadLettersAlarm", depth, 1, "messages have failed for good; see `make dead-letters`")
    if "Relay" in watched.functions:
        age = watched.functions["Relay"].metric("IteratorAge", period=MINUTE, statistic="Maximum")
        alarm("RelayLagAlarm", [age], ITERATOR_AGE_LIMIT, "messages leave more than a minute late")
    errors = [function.metric_errors(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ErrorsAlarm", errors, 1, "a function has failed")
    throttles = [function.metric_throttles(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ThrottlesAlarm", throttles, 1, "a function was throttled")
    for own in watched.own:
        happened = cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=own.metric,
            dimensions_map={"service": watched.service, "message": own.message},
            period=MINUTE,
            statistic="Sum",
        )
        alarm(f"{own.metric}Alarm", [happened], 1, "see the log for which")
