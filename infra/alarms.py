"""A service's alarms: few, each of one kind for the whole service, with a text that says where to look.

They notify the stage's topic when they begin and when they are over. An alarm that sums metrics fills each with 0 where
it has no value: the sum of a value and none would be none, and ring nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.kernel.runtime.observe import Alarm, namespace
from infra.names import topic_arn
from infra.stages import Stage

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)
ITERATOR_AGE_LIMIT = 60_000  # milliseconds: the stream keeps records for 24 hours, so this is early
OLDEST_MESSAGE_LIMIT = 900  # seconds: as long as the longest back-off
SERVER_ERRORS_LIMIT = 3  # in five minutes: one may be a throttled call that its client repeats


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What alarms watch of one service: its functions by construct name, and whatever else it has.

    queues: that its functions consume. tables: with their indexes. api_id: of the gateway in front of all services.
    """

    service: str
    functions: Mapping[str, lambda_.IFunction]
    queues: Iterable[sqs.IQueue] = ()
    dead_letters: Iterable[sqs.IQueue] = ()
    tables: Mapping[dynamodb.ITable, Iterable[str]] = field(default_factory=dict)
    own_alarms: Iterable[Alarm] = ()
    api_id: str | None = None


def add_alarms(scope: Construct, stage: Stage, watched: Watched) -> None:
    """Add one alarm of each kind for the whole service; each notifies the topic."""
    stack = Stack.of(scope)
    topic = actions.SnsAction(sns.Topic.from_topic_arn(scope, "Notified", topic_arn(stack, stage)))

    def alarm(name: str, metrics: list[cloudwatch.IMetric], threshold: float, text: str, most: bool = False) -> None:
        """An alarm on the sum of metrics, or on the largest of them."""
        if not metrics:
            return
        new_alarm = cloudwatch.Alarm(
            scope,
            name,
            metric=metrics[0] if len(metrics) == 1 else _together(name, metrics, _largest if most else _sum),
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{watched.service}: {text}",
        )
        new_alarm.add_alarm_action(topic)
        new_alarm.add_ok_action(topic)

    outputs = f"aws cloudformation describe-stacks --stack-name {stack.stack_name} --query Stacks[0].Outputs"
    logs = f"the errors: aws logs tail GROUP --since 1h --filter-pattern ERROR, with each group of: {outputs} (…Logs)"
    read = "aws sqs receive-message --message-attribute-names All --visibility-timeout 0 --queue-url URL"
    letters = "make dead-letters" if stage.name == "local" else f"{read}, with each URL of: {outputs}"
    functions = watched.functions.values()

    dead = [_of_queue(queue, "ApproximateNumberOfMessagesVisible") for queue in watched.dead_letters]
    alarm("DeadLettersAlarm", dead, 1, f"messages were given up (DeadLetters, Undelivered, RelayFailures): {letters}")
    ages = [_of_queue(queue, "ApproximateAgeOfOldestMessage") for queue in watched.queues]
    waits = f"a message has waited for 15 minutes: its function is failing, throttled or not invoked; {logs}"
    alarm("OldestMessageAlarm", ages, OLDEST_MESSAGE_LIMIT, waits, most=True)
    if "Relay" in watched.functions:
        lag = watched.functions["Relay"].metric("IteratorAge", period=MINUTE, statistic="Maximum")
        alarm("RelayLagAlarm", [lag], ITERATOR_AGE_LIMIT, f"messages are published more than a minute late; {logs}")
    errors = [function.metric_errors(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ErrorsAlarm", errors, 1, f"a function failed; {logs}")
    throttles = [function.metric_throttles(period=MINUTE, statistic="Sum") for function in functions]
    quota = "aws lambda get-account-settings shows the account's"
    alarm("ThrottlesAlarm", throttles, 1, f"a function was throttled: it reached a concurrency limit; {quota}")
    throttled = [metric for table, indexes in watched.tables.items() for metric in _throttles(table, indexes)]
    hot = "a table was throttled: a key too hot, or growth faster than DynamoDB splits it"
    alarm("TableThrottlesAlarm", throttled, 1, f"{hot}; the metrics are those of the tables of: {outputs}")
    if watched.api_id:
        failures = cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name="5xx",
            dimensions_map={"ApiId": watched.api_id},
            period=FIVE_MINUTES,
            statistic="Sum",
        )
        routes = f"aws logs tail GROUP --since 1h --filter-pattern status, with RequestLogs of: {outputs}"
        alarm("ServerErrorsAlarm", [failures], SERVER_ERRORS_LIMIT, f"the API answers 5xx; its routes: {routes}")
    for own_alarm in watched.own_alarms:
        occurrences = cloudwatch.Metric(
            namespace=namespace(stage.name),
            metric_name=own_alarm.metric,
            dimensions_map={"service": watched.service},
            period=MINUTE,
            statistic="Sum",
        )
        find = f"aws logs tail GROUP --since 1h --filter-pattern {own_alarm.metric}, with each group of: {outputs}"
        alarm(f"{own_alarm.metric}Alarm", [occurrences], 1, f"a warning in the logs says what it is about: {find}")


def _together(
    name: str, metrics: list[cloudwatch.IMetric], expression: Callable[[list[str]], str]
) -> cloudwatch.MathExpression:
    ids = [f"m{i}" for i in range(len(metrics))]
    return cloudwatch.MathExpression(
        expression=expression([f"FILL({each}, 0)" for each in ids]),
        using_metrics=dict(zip(ids, metrics, strict=True)),
        period=MINUTE,
        label=name,
    )


def _sum(terms: list[str]) -> str:
    return " + ".join(terms)


def _largest(terms: list[str]) -> str:
    return f"MAX([{', '.join(terms)}])"


def _of_queue(queue: sqs.IQueue, metric: str) -> cloudwatch.IMetric:
    return queue.metric(metric, period=MINUTE, statistic="Maximum")


def _throttles(table: dynamodb.ITable, indexes: Iterable[str]) -> list[cloudwatch.IMetric]:
    """Reads and writes of a table, and writes of its indexes: a throttled index holds back the table's writes."""
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
