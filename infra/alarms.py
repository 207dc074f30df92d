"""What wakes somebody up: dead letters, a relay that falls behind, errors, throttles."""

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns

from functions.kernel.runtime.observe import NAMESPACE
from infra.names import shared

if TYPE_CHECKING:
    from infra.service import Service

MINUTE = Duration.minutes(1)
ITERATOR_AGE_LIMIT = 60_000  # milliseconds: the stream keeps records for 24 hours, so this is early


def alarms(service: "Service") -> None:
    """One alarm of a kind for a whole service, told to the platform's topic."""
    topic = sns.Topic.from_topic_arn(service, "AlarmTopic", shared(service._stack, service.stage, "alarms"))
    functions = [function.function for function in service.functions.values()]
    queues = [q for inbox in service.inboxes.values() for q in (inbox.dead_letters, inbox.undelivered)]
    if service.relay_failures:
        queues.append(service.relay_failures)

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
            service,
            name,
            metric=metrics[0] if len(metrics) == 1 else total,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{service.manifest.service}: {why}",
        )
        made.add_alarm_action(actions.SnsAction(topic))

    depth = [
        queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum") for queue in queues
    ]
    alarm("DeadLettersAlarm", depth, 1, "messages have failed for good; see `make dead-letters`")
    if "Relay" in service.functions:
        age = service.functions["Relay"].function.metric("IteratorAge", period=MINUTE, statistic="Maximum")
        alarm("RelayLagAlarm", [age], ITERATOR_AGE_LIMIT, "messages leave more than a minute late")
    errors = [function.metric_errors(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ErrorsAlarm", errors, 1, "a function has failed")
    throttles = [function.metric_throttles(period=MINUTE, statistic="Sum") for function in functions]
    alarm("ThrottlesAlarm", throttles, 1, "a function was throttled")
    for own in service.manifest.alarms:
        happened = cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=own.metric,
            dimensions_map={"service": service.manifest.service, "message": own.message},
            period=MINUTE,
            statistic="Sum",
        )
        alarm(f"{own.metric}Alarm", [happened], 1, "see the log for which")
