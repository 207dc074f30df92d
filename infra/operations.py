"""Operations as deployed: what it addresses of all services, how its functions are run, and what their ports need.

Queues and functions of other stacks are known at synthesis, by what code registers and by their names alone, so that
the stacks need no order. Why three functions that a rule runs, and no mappings of queues: docs/adr/0050.
"""

from collections.abc import Callable, Iterable
from functools import cache

from aws_cdk import Acknowledgment, ArnFormat, Duration, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.kernel.composition.manifest import Manifest, manifest, services
from functions.kernel.messaging.scheduled import Scheduled
from functions.operations.consumers import DEAD_LETTERS, OUTCOMES, RELAY, Consumer, Served, written
from infra.function import ServiceFunction
from infra.names import (
    FORECAST,
    OPERATIONS,
    REPLAY,
    SOME,
    function_address,
    function_arn,
    function_name,
    named,
    queue_arn,
    queue_name,
    queue_url,
    rule_arn,
    topic_arn,
)
from infra.queues import encrypted_queue
from infra.stages import Stage

SCHEDULED_TIMEOUT = 60  # seconds: a run ends before the second after it begins
# A tick that could not be run within a minute is the next one's work.
OLDEST_TICK = Duration.seconds(60)
# An outcome that the redriver cannot store is received once a minute: after so many it waits among the dead letters.
RECEIVES_OF_AN_OUTCOME = 100
IN_A_POLICY = 50  # names, of up to 100 characters each: a managed policy has 6,144
OUTCOME_HIDDEN = Duration.seconds(2 * SCHEDULED_TIMEOUT)


@cache
def all_services() -> dict[str, Served]:
    """The services of a deployment with their consumers, by name."""
    return {name: _served(manifest(name)) for name in services()}


def _served(found: Manifest) -> Served:
    consumers = [
        *(Consumer(found.service, inbox.queue, inbox.fifo) for inbox in found.inboxes),
        *([Consumer(found.service, found.topics.queue)] if found.topics else []),
        *([Consumer(found.service, RELAY)] if found.publisher else []),
        *([Consumer(found.service, OUTCOMES)] if found.service == OPERATIONS else []),
    ]
    return Served(found.service, tuple(consumers), found.makes_rows)


def consumed() -> list[Consumer]:
    """All consumers whose function handles the messages of a queue."""
    return [consumer for one in all_services().values() for consumer in one.consumers if consumer.handles]


class Outcomes(Construct):
    """The queue in which consumers say what became of letters; what cannot be stored of it is a dead letter too."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        dead_letters = queue_name(stage, OPERATIONS, OUTCOMES, DEAD_LETTERS)
        self.dead_letters = encrypted_queue(self, "DeadLetters", dead_letters)
        self.queue = encrypted_queue(
            self,
            "Queue",
            queue_name(stage, OPERATIONS, OUTCOMES),
            visibility_timeout=OUTCOME_HIDDEN,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=RECEIVES_OF_AN_OUTCOME),
        )


def run_by_schedule(scope: Construct, stage: Stage, scheduled: Scheduled, function: ServiceFunction) -> None:
    """Have a rule on the account's default bus run a function, which does all that is due each time.

    Without a queue between, and without retries: the next tick is a minute later, and old ones that came all at once
    after an outage would be of no use. EventBridge hands a tick to Lambda, which queues it: each has limits of its own.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
    """
    stack, name = Stack.of(scope), named(stage, scheduled.service, scheduled.name)
    function.live.add_permission(
        "Schedule", principal=iam.ServicePrincipal("events.amazonaws.com"), source_arn=rule_arn(stack, name)
    )
    function.live.configure_async_invoke(max_event_age=OLDEST_TICK, retry_attempts=0)
    rule = events.CfnRule(
        function,
        "Due",
        name=name,
        schedule_expression=scheduled.expression,
        targets=[
            events.CfnRule.TargetProperty(
                arn=function.live.function_arn,
                id="Function",
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=int(OLDEST_TICK.to_seconds()), maximum_retry_attempts=0
                ),
            )
        ],
    )
    rule.node.add_dependency(function.live.node.find_child("Schedule"))


def let_know_services(function: ServiceFunction, stage: Stage) -> None:
    """Tell a function which consumers there are, and by which names (functions/operations/consumers.py)."""
    names = {
        "CONSUMERS": written(all_services().values()),
        "QUEUES": queue_url(Stack.of(function), stage, named(stage, SOME)),
        "FUNCTIONS": function_address(stage, SOME, SOME).replace(f"{SOME}-{SOME}", SOME),
    }
    for name, value in names.items():
        function.function.add_environment(name, value)


def let_report(function: ServiceFunction, stage: Stage) -> None:
    """Let a consumer say what became of a letter that was sent back to it."""
    name, stack = queue_name(stage, OPERATIONS, OUTCOMES), Stack.of(function)
    function.let(["sqs:SendMessage"], queue_arn(stack, name), OUTCOMES_URL=queue_url(stack, stage, name))


def _of_all_services(
    function: ServiceFunction, name: str, arns: Iterable[str], grant: Callable[[list[str]], iam.PolicyStatement]
) -> None:
    """Grant what names something of every service in managed policies, which have room for many services.

    A role takes 10,240 characters of policies in line, and ten managed policies, of 6,144 each; and the CDK divides no
    statement. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

    Nothing is taken away before it is granted elsewhere: what is in line waits for these policies, and each of them for
    the next, to which names move when a service is added. As children of the role they are there before its function.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html
    """
    role, all_arns = function.function.role, list(arns)
    assert role
    before = role.node.try_find_child("DefaultPolicy")
    for begin in range(0, len(all_arns), IN_A_POLICY):
        statement = grant(all_arns[begin : begin + IN_A_POLICY])
        policy = iam.ManagedPolicy(role, f"{name}{begin or ''}", roles=[role], statements=[statement])
        resource = policy.node.default_child
        assert isinstance(resource, iam.CfnManagedPolicy)
        resource.description = None  # CloudFormation would replace the policy whenever the text changes
        if before:
            before.node.add_dependency(policy)
        before = policy


def _let_take(function: ServiceFunction, stage: Stage) -> None:
    """Let a function receive and delete what is in any queue of what was given up."""
    failures = [
        queue for one in all_services().values() for consumer in one.consumers for queue in consumer.failure_queues
    ]
    _let_queues(function, stage, "Take", ["sqs:ReceiveMessage", "sqs:DeleteMessage"], (q.physical for q in failures))


def _let_send(function: ServiceFunction, stage: Stage) -> None:
    """Let a function send to every queue that a letter may have come from: that of outcomes too."""
    known = (consumer for one in all_services().values() for consumer in one.consumers if not consumer.is_relay)
    _let_queues(function, stage, "Send", ["sqs:SendMessage"], (consumer.physical for consumer in known))


def _let_measure(function: ServiceFunction, stage: Stage) -> None:
    """Let a function see how much is in the queue of any consumer."""
    _let_queues(function, stage, "Measure", ["sqs:GetQueueAttributes"], (one.physical for one in consumed()))


def _let_see_uncollected(function: ServiceFunction, stage: Stage) -> None:
    """Let a function see how much the consumers of services with read models gave up that is not collected yet."""
    consumers = (one for service in all_services().values() if service.has_rows for one in service.consumers)
    queues = (queue for one in consumers if one.handles for queue in one.failure_queues if queue.kind == DEAD_LETTERS)
    _let_queues(function, stage, "SeeUncollected", ["sqs:GetQueueAttributes"], (queue.physical for queue in queues))


def _let_queues(
    function: ServiceFunction, stage: Stage, name: str, actions: list[str], physical: Iterable[str]
) -> None:
    stack = Stack.of(function)
    arns = (queue_arn(stack, named(stage, queue)) for queue in sorted(physical))
    _of_all_services(function, name, arns, lambda some: iam.PolicyStatement(actions=actions, resources=some))


def _let_take_outcomes(function: ServiceFunction, stage: Stage) -> None:
    name, stack = queue_name(stage, OPERATIONS, OUTCOMES), Stack.of(function)
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    function.let(actions, queue_arn(stack, name), OUTCOMES_URL=queue_url(stack, stage, name))


def _let_invoke(kind: str, has: Callable[[Served], bool]) -> Callable[[ServiceFunction, Stage], None]:
    """Let a function invoke those of one kind, of all services that have one."""

    def grant(function: ServiceFunction, stage: Stage) -> None:
        stack = Stack.of(function)
        addresses = [function_address(stage, name, kind) for name, one in all_services().items() if has(one)]
        arns = [function_arn(stack, address) for address in addresses]
        _of_all_services(
            function,
            f"Invoke{kind.title()}",
            arns,
            lambda some: iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=some),
        )

    return grant


def _let_start(function: ServiceFunction, stage: Stage) -> None:
    """Let a function run those that a schedule runs."""
    stack = Stack.of(function)
    addresses = [function_address(stage, OPERATIONS, one.name) for one in manifest(OPERATIONS).scheduled]
    function.allow(["lambda:InvokeFunction"], *(function_arn(stack, address) for address in addresses))


def _let_notify(function: ServiceFunction, stage: Stage) -> None:
    arn = topic_arn(Stack.of(function), stage)
    function.let(["sns:Publish"], arn, TOPIC=arn)


def _let_pause(function: ServiceFunction, stage: Stage) -> None:
    """Let a function find the mappings of consumers' queues to their functions, and switch them off and on.

    A mapping's id is made with it, so what it is about is judged by its function: AWS documents `lambda:FunctionArn`
    for actions on a mapping that is named, such as UpdateEventSourceMapping. To list them, IAM knows no resource.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    """
    stack = Stack.of(function)
    consumers = [function_arn(stack, function_name(stage, one.service, one.queue)) for one in consumed()]
    # AWS does not say whether the key has an alias of the function: so with one and without.
    functions = [name for arn in consumers for name in (arn, f"{arn}:*")]
    mapping = stack.format_arn(
        service="lambda", resource="event-source-mapping", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    function.allow(["lambda:ListEventSourceMappings"], "*")
    _of_all_services(
        function,
        "Pause",
        functions,
        lambda some: iam.PolicyStatement(
            actions=["lambda:UpdateEventSourceMapping"],
            resources=[mapping],
            conditions={"ArnLike": {"lambda:FunctionArn": some}},
        ),
    )
    arn = "arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:event-source-mapping:*"
    for resource, reason in {
        "*": "IAM knows no resource for ListEventSourceMappings: * is the narrowest.",
        arn: "A mapping's id is made when it is; a condition names the functions whose mappings may be changed.",
    }.items():
        Validations.of(function).acknowledge(
            Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{resource}]", reason=reason)
        )


# By the name of the port (functions/operations/cloud.py).
GRANTS: dict[str, Callable[[ServiceFunction, Stage], None]] = {
    "failure_queues": _let_take,
    "inboxes": _let_send,
    "backlog": _let_measure,
    "uncollected": _let_see_uncollected,
    "outcomes": _let_take_outcomes,
    "relays": _let_invoke(RELAY, lambda one: one.has_history),
    "relays_now": _let_invoke(RELAY, lambda one: one.has_history),
    "forecasts": _let_invoke(FORECAST, lambda one: one.has_consumers),
    "forecasts_now": _let_invoke(FORECAST, lambda one: one.has_consumers),
    "replays": _let_invoke(REPLAY, lambda one: one.has_rows),
    "replays_now": _let_invoke(REPLAY, lambda one: one.has_rows),
    "starts": _let_start,
    "topic": _let_notify,
    "mappings": _let_pause,
}
