"""What the templates must say of queues, rules, streams and schedules, for any set of services."""

import json
import re

from events.registry import language
from functions.kernel.composition.manifest import manifest, services
from tests.infra.conftest import Resource, Templates, arn_of, listed
from tests.infra.policies import Names


def test_every_queue_has_a_dead_letter_queue_or_is_one(both: Templates) -> None:
    queues = both.resources("AWS::SQS::Queue")
    dead_letters = {
        (stack, arn_of(queue["RedrivePolicy"]["deadLetterTargetArn"]))
        for stack, _, queue in queues
        if "RedrivePolicy" in queue
    }
    of_rules = {
        (stack, arn_of(target["DeadLetterConfig"]["Arn"]))
        for stack, _, rule in both.resources("AWS::Events::Rule")
        for target in rule.get("Targets", [])
        if "DeadLetterConfig" in target
    }
    of_streams = {
        (stack, arn_of(source["DestinationConfig"]["OnFailure"]["Destination"]))
        for stack, _, source in both.resources("AWS::Lambda::EventSourceMapping")
        if "DestinationConfig" in source
    }
    of_topics = {
        (stack, rule["TopicRulePayload"]["ErrorAction"]["Sqs"]["QueueUrl"]["Ref"])
        for stack, _, rule in both.resources("AWS::IoT::TopicRule")
    }
    assert len(queues) >= 3 * len(services())
    for stack, name, queue in queues:
        assert "RedrivePolicy" in queue or (stack, name) in dead_letters | of_rules | of_streams | of_topics, name


def test_every_dead_letter_queue_keeps_its_messages_for_14_days(both: Templates) -> None:
    assert {queue["MessageRetentionPeriod"] for _, _, queue in both.resources("AWS::SQS::Queue")} == {14 * 86_400}


def test_every_target_of_a_rule_has_a_dead_letter_queue(both: Templates) -> None:
    """But the run of a function that does all that is due: the next comes soon (infra/identity.py, operations.py)."""
    rules = [rule for stack, _, rule in both.resources("AWS::Events::Rule") if stack not in ("platform", "operations")]
    assert len(rules) >= len(services()) - 1
    for rule in rules:
        for target in rule["Targets"]:
            assert "DeadLetterConfig" in target, rule


def test_every_stream_source_has_a_limit_of_age_and_a_failure_destination(both: Templates) -> None:
    sources = [
        source
        for _, _, source in both.resources("AWS::Lambda::EventSourceMapping")
        if "StreamArn" in json.dumps(source["EventSourceArn"])
    ]
    assert len(sources) == sum(1 for name in services() if manifest(name).publisher)
    for source in sources:
        assert source["DestinationConfig"]["OnFailure"]["Destination"]
        # What is committed before Lambda polls a new mapping, which may take minutes, is published as well.
        # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert source["BisectBatchOnFunctionError"] is True
        assert source["MaximumRetryAttempts"] == -1  # a count of tries would be used up within minutes of an outage
        assert source["MaximumRecordAgeInSeconds"] == 43_200
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        [pattern] = (json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"])
        assert pattern == {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"messages": {"S": [{"exists": True}]}}}}


def function_of(templates: Templates, stack: str, source: Resource) -> str:
    """The logical id of the function that a mapping invokes: where versions shift gradually, by its alias."""
    [found] = re.findall(r'"Ref": "(\w+)"', json.dumps(source["FunctionName"]))
    resource = templates.stacks[stack]["Resources"][found]
    invoked: str = resource["Properties"]["FunctionName"]["Ref"] if resource["Type"] == "AWS::Lambda::Alias" else found
    return invoked


def queue_sources(templates: Templates) -> list[tuple[str, Resource]]:
    """The mappings of queues to functions, with their stacks."""
    return [
        (stack, source)
        for stack, _, source in templates.resources("AWS::Lambda::EventSourceMapping")
        if "StreamArn" not in json.dumps(source["EventSourceArn"])
    ]


def test_every_queue_source_reports_failures_one_by_one_and_bounds_its_concurrency_unless_it_gathers(
    both: Templates,
) -> None:
    sources = [source for _, source in queue_sources(both)]
    found = [manifest(name) for name in services()]
    assert len(sources) == sum(len(one.inboxes) + (one.topics is not None) for one in found)
    unbounded = 0
    for source in sources:
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["BatchSize"] == 10 or source["MaximumBatchingWindowInSeconds"] >= 1
        if "ScalingConfig" in source:
            assert source["ScalingConfig"]["MaximumConcurrency"] >= 2
        else:
            unbounded += 1
    inboxes = [inbox for name in services() for inbox in manifest(name).inboxes]
    assert unbounded == sum(inbox.fifo or inbox.window > 0 for inbox in inboxes)


def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_take(both: Templates) -> None:
    queues = {(stack, name): queue for stack, name, queue in both.resources("AWS::SQS::Queue")}
    functions = {(stack, name): function for stack, name, function in both.resources("AWS::Lambda::Function")}
    assert queue_sources(both)
    for stack, source in queue_sources(both):
        function = functions[stack, function_of(both, stack, source)]
        least = 6 * function["Timeout"] + source.get("MaximumBatchingWindowInSeconds", 0)
        assert queues[stack, arn_of(source["EventSourceArn"])]["VisibilityTimeout"] >= least, source


def test_a_queue_gives_a_message_up_itself_only_long_after_its_inbox_would(both: Templates) -> None:
    """The inbox retries for 8 hours, or 24 for newer code: 41 and 105 receives (tests/unit/kernel/test_failures.py)."""
    counts = {
        queue["RedrivePolicy"]["maxReceiveCount"]
        for stack, _, queue in both.resources("AWS::SQS::Queue")
        if "RedrivePolicy" in queue and stack != "operations"
    }
    assert counts == {200}


def test_every_relay_may_send_to_the_failure_queue_of_its_stream(both: Templates) -> None:
    functions = {(stack, name): function for stack, name, function in both.resources("AWS::Lambda::Function")}
    policies = {
        (stack, role["Ref"]): policy["PolicyDocument"]["Statement"]
        for stack, _, policy in both.resources("AWS::IAM::Policy")
        for role in policy["Roles"]
    }
    streams = [
        (stack, source)
        for stack, _, source in both.resources("AWS::Lambda::EventSourceMapping")
        if "DestinationConfig" in source
    ]
    assert streams
    for stack, source in streams:
        queue = arn_of(source["DestinationConfig"]["OnFailure"]["Destination"])
        function = functions[stack, function_of(both, stack, source)]
        assert function["Environment"]["Variables"]["DEAD_LETTERS_URL"] == {"Ref": queue}
        sends = [
            resource
            for statement in policies[stack, arn_of(function["Role"])]
            if "sqs:SendMessage" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
        assert queue in [arn_of(resource) for resource in sends]


def test_each_message_is_routed_to_exactly_its_consumers(both: Templates) -> None:
    routed: dict[str, set[str]] = {}
    for stack, _, rule in both.resources("AWS::Events::Rule"):
        for name in rule.get("EventPattern", {}).get("detail-type", []):
            routed.setdefault(name, set()).add(stack)
    wanted: dict[str, set[str]] = {}
    for service in services():
        for inbox in manifest(service).inboxes:
            for name in inbox.pattern["detail-type"]:
                wanted.setdefault(name, set()).add(service)
    assert routed == wanted
    assert {"search", "notifications", "checkout"} <= routed["OrderCreated"]


def test_a_rule_leaves_messages_to_another_queue_only_once_the_rule_to_that_one_exists(both: Templates) -> None:
    """Otherwise what is published while a service is deployed would match neither."""
    moved = {(name, i.queue, to) for name in services() for i in manifest(name).inboxes for to in i.moved.values()}
    assert moved
    for service, giving, taking in moved:
        resources = both.stacks[service]["Resources"]
        rules = {
            resource["Properties"]["Name"].split("-", 2)[2]: (name, resource.get("DependsOn", ()))
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Events::Rule"
        }
        taker, _ = rules[f"{service}-{taking}"]
        assert taker in rules[f"{service}-{giving}"][1]


def test_each_schedule_sends_its_timer_to_the_inbox_of_its_service(both: Templates) -> None:
    scheduled = set()
    for stack, _, rule in both.resources("AWS::Events::Rule"):
        if "ScheduleExpression" in rule and stack not in ("platform", "operations"):
            assert "EventBusName" not in rule, "schedules are on the default bus"
            [target] = rule["Targets"]
            assert target["InputTransformer"]["InputPathsMap"] == {"time": "$.time"}
            timer = json.loads(target["InputTransformer"]["InputTemplate"].replace("<time>", '"2026-03-01T12:00:00Z"'))
            assert timer["version"] == language()[timer["detail-type"]].about.version
            scheduled.add((stack, timer["detail-type"], rule["ScheduleExpression"], arn_of(target["Arn"])[:12]))
    assert scheduled == {
        (name, timer.about.name, expression, "ServiceInbox")
        for name in services()
        for inbox in manifest(name).inboxes
        for timer, expression in inbox.schedules.items()
    }


def test_operations_is_run_each_minute_once_and_what_could_not_be_run_within_a_minute_is_dropped(
    prod: Templates,
) -> None:
    """The next minute does all that is due, so old ticks that come all at once after an outage are of no use."""
    names = Names(prod)
    rules = [rule for stack, _, rule in prod.resources("AWS::Events::Rule") if stack == "operations"]
    run = {}
    for rule in rules:
        [target] = rule["Targets"]
        run[rule["Name"]] = names.of("operations", target["Arn"]).rpartition("function:")[2]
        assert (rule["ScheduleExpression"], rule.get("State")) == ("rate(1 minute)", None)
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert run == {
        f"mallbots-prod-operations-{name}": f"mallbots-prod-operations-{name}:live"
        for name in ("collector", "redriver", "runner")
    }
    limits = prod.resources("AWS::Lambda::EventInvokeConfig")
    assert {
        f"{names.of(stack, one['FunctionName'])}:{names.of(stack, one['Qualifier'])}" for stack, _, one in limits
    } == set(run.values())
    for _, _, one in limits:
        assert (one["MaximumEventAgeInSeconds"], one["MaximumRetryAttempts"]) == (60, 0)
