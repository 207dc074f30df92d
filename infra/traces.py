"""Where a stage has traces: the ends of the orders that are sampled come to the exporter, some time after they ended.

The rule samples by how an order's id begins, which is a random or derived UUID: so all flows of one order are in its
trace or none is, and an order that is not sampled is not even delivered. What a rule does not match costs nothing.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from events.envelope import SOURCE_PREFIX
from functions.operations.exporter import ENDS
from infra.alarms import MINUTE, Alarms
from infra.function import ServiceFunction
from infra.names import OPERATIONS, bus_name, named, queue_name, rule_arn
from infra.queues import FUNCTION_TIMEOUT, encrypted_queue
from infra.stages import Stage

TRACES = "traces"
ALARM = "TracesMissing"
SETTLING = Duration.minutes(2)  # after an order's end: what follows from it was committed by then
RECEIVES = 20  # about 40 minutes: then an end is given up, its trace alone is missing, and the alarm rings
VISIBILITY = Duration.seconds(6 * FUNCTION_TIMEOUT)


def pattern(traced: str) -> dict[str, Any]:
    """The rule's pattern: an order's end, of those whose ids begin so; not what is sent again to one consumer."""
    detail: dict[str, Any] = {"to": [{"exists": False}]}
    if traced:
        detail["data"] = {"order_id": [{"prefix": traced}]}
    return {
        "source": [f"{SOURCE_PREFIX}ordering"],
        "detail-type": sorted(end.about.name for end in ENDS),
        "detail": detail,
    }


class TracesQueue(Construct):
    """The rule, the queue that holds an end for a while, and the exporter behind it."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, function: ServiceFunction) -> None:
        super().__init__(scope, construct_id)
        dead_letters = encrypted_queue(self, "DeadLetters", queue_name(stage, OPERATIONS, TRACES, "dead-letters"))
        queue = encrypted_queue(
            self,
            "Queue",
            queue_name(stage, OPERATIONS, TRACES),
            delivery_delay=SETTLING,
            visibility_timeout=VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=RECEIVES),
        )
        stack, bus, name = Stack.of(self), bus_name(stage), named(stage, OPERATIONS, TRACES)
        rule = events.CfnRule(
            self,
            "Rule",
            name=name,
            event_bus_name=bus,
            event_pattern=pattern(stage.traced),
            targets=[events.CfnRule.TargetProperty(arn=queue.queue_arn, id="Queue")],
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule_arn(stack, name, bus)}},
            )
        )
        rule.node.add_dependency(queue.node.find_child("Policy"))  # a rule that may not send yet loses what it matches
        function.function.add_environment("TRACES", stage.traces)
        function.allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue.queue_arn)
        function.live.add_event_source_mapping(
            "TracesSource", event_source_arn=queue.queue_arn, batch_size=10, report_batch_item_failures=True
        )
        self._alarm(stage, dead_letters)

    def _alarm(self, stage: Stage, dead_letters: sqs.Queue) -> None:
        """Ring while an end lies among those that were given up: nothing drains that queue, an operator does."""
        alarms = Alarms(Construct(self, "Alarms"), stage, OPERATIONS)
        waiting = dead_letters.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum")
        find = alarms.logs("exported")
        alarms.add(ALARM, waiting, 1, f"the traces of orders that ended did not reach their backend; {find}")
