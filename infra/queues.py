"""A service's queues: each with its dead-letter queue, its bus rule, and the function that consumes it."""

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Duration, Names, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from events.registry import Timer
from functions.kernel.messaging.inbox import FIFO_GROUP, Inbox
from functions.operations.consumers import DEAD_LETTERS, UNDELIVERED
from infra.function import ServiceFunction
from infra.names import bus_name, named, queue_name, rule_arn
from infra.stages import Stage

QUEUE_RETENTION = Duration.days(14)
FUNCTION_TIMEOUT = 20  # seconds, of a function that consumes a queue
# The inbox dead-letters a failing message itself, with a reason. The queue's own redrive policy is for a message whose
# function dies each time before the inbox can report: the alarm on errors shows that long before. It is above the
# receives of a message that the inbox retries for as long as it ever does, 24 hours: 105, and 41 in 8 hours.
RECEIVES_BEFORE_REDRIVE = 200


def encrypted_queue(scope: Construct, construct_id: str, name: str, *, fifo: bool = False, **more: object) -> sqs.Queue:
    """An encrypted queue that accepts TLS only and retains messages for 14 days."""
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=QUEUE_RETENTION,
        fifo=fifo or None,
        **more,
    )


def failure_queue(scope: Construct, construct_id: str, name: str) -> sqs.Queue:
    """A queue for events that a rule could not deliver, or stream batches that a relay gave up: a dead-letter queue."""
    queue = encrypted_queue(scope, construct_id, name)
    reason = "It is itself the dead-letter queue of a rule's target or a stream."
    Validations.of(queue).acknowledge(Acknowledgment(id="AwsSolutions-SQS3", reason=reason))
    return queue


class ConsumedQueue(Construct):
    """A queue that a function consumes, with a dead-letter queue for what it gives up, and for what never came in."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        service: str,
        name: str,
        fifo: bool = False,
        batch_size: int = 10,
        window: int = 0,
    ) -> None:
        """window: the seconds in which a batch is gathered; one of more than ten needs some."""
        super().__init__(scope, construct_id)
        self.service = service
        self.name = name
        self.stage = stage
        self.fifo = fifo
        self._batch_size, self._window, self._is_bounded = batch_size, window, not fifo
        dead_letters = queue_name(stage, service, name, DEAD_LETTERS, fifo=fifo)
        self.dead_letters = encrypted_queue(self, "DeadLetters", dead_letters, fifo=fifo)
        self.undelivered = failure_queue(self, "Undelivered", queue_name(stage, service, name, UNDELIVERED))
        self.queue = encrypted_queue(
            self,
            "Queue",
            queue_name(stage, service, name, fifo=fifo),
            fifo=fifo,
            content_based_deduplication=fifo or None,
            # AWS advises six times the function's timeout and the window, so that no batch is redelivered while it is
            # being processed: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=Duration.seconds(6 * FUNCTION_TIMEOUT + window),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=RECEIVES_BEFORE_REDRIVE),
        )

    def add_consumer(self, consumer: ServiceFunction) -> None:
        """Make a function consume the queue, in batches of which it reports failures one by one.

        Without the CDK's SqsEventSource, which grants more than Lambda needs to poll:
        https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaSQSQueueExecutionRole.html
        """
        consumer.allow(
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            self.queue.queue_arn,
        )
        consumer.live.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(self.queue.node)}",  # the mapping of earlier deployments
            event_source_arn=self.queue.queue_arn,
            batch_size=self._batch_size,
            max_batching_window=Duration.seconds(self._window) if self._window else None,
            report_batch_item_failures=True,
            max_concurrency=self.stage.concurrency if self._is_bounded else None,
        )


class InboxQueue(ConsumedQueue):
    """How messages reach one inbox: bus rule → queue → function, with a dead-letter queue for each step."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, service: str, inbox: Inbox) -> None:
        window = inbox.window if stage.gathers else 0
        super().__init__(
            scope, construct_id, stage=stage, service=service, name=inbox.queue, fifo=inbox.fifo, window=window
        )
        # With a maximum, Lambda gathers five batches at a time, without one as few as two larger ones (docs/adr/0059).
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
        self._is_bounded = not inbox.fifo and not window
        self.inbox = inbox
        self.rule: events.CfnRule | None = None
        for timer, expression in inbox.schedules.items():
            self._schedule(timer, expression)
        if inbox.pattern["detail-type"]:
            self._subscribe()

    def _subscribe(self) -> None:
        name, bus = named(self.stage, self.service, self.inbox.queue), bus_name(self.stage)
        rule = events.CfnRule(
            self,
            "Rule",
            name=name,
            event_bus_name=bus,
            event_pattern=self.inbox.pattern,
            targets=[self._target()],
        )
        self.rule = rule
        self._allow(rule, rule_arn(Stack.of(self), name, bus))

    def give_way(self, others: Iterable["InboxQueue"]) -> None:
        """Change its rule only once those of the queues to which messages of it moved exist.

        Otherwise what is published in between would match neither rule. What matches both is handled twice.
        """
        for other in others:
            if self.rule and other.rule:
                self.rule.node.add_dependency(other.rule)

    def _schedule(self, timer: type[Timer], expression: str) -> None:
        """The rule of a schedule, on the account's default bus. The inbox reads its bare body as a timer."""
        body = f'{{"detail-type": "{timer.about.name}", "version": {timer.about.version}, "time": <time>}}'
        transformer = events.CfnRule.InputTransformerProperty(input_paths_map={"time": "$.time"}, input_template=body)
        target = self._target(input_transformer=transformer)
        name = named(self.stage, self.service, timer.about.name)
        rule = events.CfnRule(self, timer.about.name, name=name, schedule_expression=expression, targets=[target])
        self._allow(rule, rule_arn(Stack.of(self), name))

    def _target(self, **more: object) -> events.CfnRule.TargetProperty:
        return events.CfnRule.TargetProperty(
            arn=self.queue.queue_arn,
            id="Queue",
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.undelivered.queue_arn),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=86_400, maximum_retry_attempts=185
            ),
            sqs_parameters=events.CfnRule.SqsParametersProperty(message_group_id=FIFO_GROUP)
            if self.inbox.fifo
            else None,
            **more,
        )

    def _allow(self, rule: events.CfnRule, arn: str) -> None:
        """Let a rule send to the queue, and to the dead-letter queue of its target, before the rule exists.

        A rule that may not send yet loses what it matches: to its dead-letter queue it may not send either. So the
        policies name the rule by the ARN that it will have.
        """
        for queue in (self.queue, self.undelivered):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sqs:SendMessage"],
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    resources=[queue.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": arn}},
                )
            )
            rule.node.add_dependency(queue.node.find_child("Policy"))
