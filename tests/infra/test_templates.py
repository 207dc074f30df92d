"""What the templates must contain, for any set of services."""

import json
import re

import pytest

from events.registry import language
from functions.kernel.composition.manifest import manifest, services
from infra.routes import gateway_paths
from infra.stages import stage
from tests.infra.conftest import Resource, Templates, arn_of, listed
from tests.infra.policies import Names


@pytest.fixture(params=["dev", "prod"])
def both(request: pytest.FixtureRequest) -> Templates:
    """A stage that updates functions in place, and one that shifts versions and gathers messages."""
    found: Templates = request.getfixturevalue(request.param)
    return found


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


def test_rows_are_deleted_only_where_what_they_say_is_judged_again(both: Templates) -> None:
    """An older message may write a deleted row once more: a sweep or the dispatcher then decides by the stream, and a
    roll-up by the rows of the minute; no message writes a connection's; of a retired robot only its own row lists what
    it said, and that has a tombstone. A row of the vault is deleted in the transaction of a commit, which decides.
    """
    deleting = {
        (stack, name)
        for stack, name, statement in both.statements()
        if "dynamodb:DeleteItem" in listed(statement["Action"]) and "Vault" not in arn_of(statement["Resource"])
    }
    workers = {"checkout": "InboxWorker", "depot": "Dispatcher", "insights": "InboxWorker", "payments": "InboxWorker"}
    workers["fleet"] = "InboxWorker"
    workers["live"] = "Service"  # the socket, and the worker that finds a connection gone
    workers["operations"] = "Service"  # whose rows are made of no messages
    # A replay deletes what a generation holds that nothing reads any more.
    judging = {(stack, name) for stack, name in deleting if not name.startswith("ServiceReplay")}
    assert {stack for stack, _ in judging} == set(workers)
    assert all(workers[stack] in name for stack, name in judging)


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


# Calls for which IAM knows no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCE = [("fleet", ["iot:CreateCertificateFromCsr"]), ("operations", ["lambda:ListEventSourceMappings"])]


def test_nothing_is_granted_by_wildcard(both: Templates) -> None:
    statements = both.statements()
    assert len(statements) > 100
    for stack, name, statement in statements:
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action], (stack, name)
        if statement.get("NotResource"):
            # A text to a phone number has no resource of its own, so everything but topics is allowed.
            assert (stack, actions) == ("notifications", ["sns:Publish"])
            continue
        resources = [json.dumps(resource) for resource in listed(statement["Resource"])]
        if resources == ['"*"']:
            assert (stack, actions) in WITHOUT_RESOURCE
            continue
        if actions == ["lambda:UpdateEventSourceMapping"]:
            # A mapping's id is made with it: the condition names the functions, with any alias of theirs.
            [functions] = statement["Condition"]["ArnLike"].values()
            assert stack == "operations"
            assert all("*" not in json.dumps(one).replace(':*"]', '"]') for one in functions)
            continue
        # Which connections there will be is not known: any of one API's stage may be posted to, by whom may at all. Nor
        # is which certificates there will be: the id of one is made with it. ListStreams is about all of a table.
        streams = '"/stream/*"' if actions == ["dynamodb:ListStreams"] else ""
        for known in ("/live/POST/@connections/*", ":cert/*" if stack == "fleet" else "", streams):
            resources = [resource.replace(known, "") for resource in resources] if known else resources
        assert not [resource for resource in resources if "*" in resource], (stack, name, statement)


def test_no_role_has_a_managed_policy(both: Templates) -> None:
    """But API Gateway's own, which writes the access log of WebSocket APIs, and CodeDeploy's, which shifts versions."""
    managed = {name[:-8] for _, name, role in both.resources("AWS::IAM::Role") if role.get("ManagedPolicyArns")}
    gradual = any("AWS::Lambda::Alias" in json.dumps(template) for template in both.stacks.values())
    assert managed == {"SocketLoggingRole", *({"ReleaseRole", "ServiceReleaseRole"} if gradual else ())}


def test_a_service_publishes_only_as_itself(both: Templates) -> None:
    publishing = [(stack, s) for stack, _, s in both.statements() if s["Action"] == "events:PutEvents"]
    assert len(publishing) > 8
    for stack, statement in publishing:
        assert statement["Condition"]["StringEquals"]["events:source"] == f"mallbots.{stack}"


def test_only_the_functions_of_a_service_touch_its_tables(both: Templates) -> None:
    """But for the audit's, to which all services append (test_audit.py)."""
    tables = {(stack, name) for stack, name, _ in both.resources("AWS::DynamoDB::Table")}
    touched = [
        (stack, resource)
        for stack, _, statement in both.statements()
        if "dynamodb:" in json.dumps(statement["Action"])
        for resource in listed(statement["Resource"])
        if not re.search(r":table/mallbots-\w+-operations-audit", json.dumps(resource))
    ]
    assert len(touched) > 2 * len(tables)
    for stack, resource in touched:
        [table] = re.findall(r'"Fn::GetAtt": \["(\w+)", "(?:Stream)?Arn"\]', json.dumps(resource)) or ["no table"]
        assert (stack, table) in tables, resource


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


def test_every_declared_route_is_a_route_of_the_gateway(both: Templates) -> None:
    at_gateway = {r["RouteKey"] for s, _, r in both.resources("AWS::ApiGatewayV2::Route") if s != "live"}
    declared = {
        f"{route.method} {route.path}"
        for name in services()
        for api in [manifest(name).api]
        if api
        for route in api.routes
    }
    declared |= {"$default", "GET /health", "GET /api/openapi.json", "GET /api/docs"}
    assert sorted(map(without_names, at_gateway)) == sorted(map(without_names, declared))


def without_names(route: str) -> str:
    return re.sub(r"{\w+}", "{}", route)


def test_a_path_variable_has_one_name_at_its_place(both: Templates) -> None:
    """The gateway refuses a second name: https://github.com/plutomi/plutomi/issues/271."""
    names: dict[str, set[str]] = {}
    for _, _, route in both.resources("AWS::ApiGatewayV2::Route"):
        path = route["RouteKey"].partition(" ")[2]
        for variable in re.finditer(r"{\w+}", path):
            names.setdefault(without_names(path[: variable.start()]), set()).add(variable[0])
    assert len(names) > 10
    assert {place: sorted(found) for place, found in names.items() if len(found) > 1} == {}


def test_the_gateway_is_told_the_first_name_of_a_variable_and_longer_paths_with_it() -> None:
    paths = ["/stores/{id}", "/stores/{storeId}/products/{n}", "/stores/products/{productId}", "/{any}"]
    assert list(gateway_paths(paths).values()) == [
        "/stores/{id}",
        "/stores/{id}/products/{n}",
        "/stores/products/{productId}",
        "/{any}",
    ]


def test_every_table_of_commits_or_rows_recovers_to_any_second_of_35_days(both: Templates) -> None:
    """tests/infra/test_vault.py has the others. 35 days are the default.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html
    """
    tables = [(name, t) for _, name, t in both.resources("AWS::DynamoDB::Table") if "Vault" not in name]
    assert len(tables) > len(services())
    for name, table in tables:
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name


def test_rows_are_deleted_by_dynamodb_once_they_have_expired(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        views = [table for _, name, table in templates.resources("AWS::DynamoDB::Table") if "Views" in name]
        assert len(views) >= sum(manifest(name).makes_rows for name in services())
        expiring = [{"AttributeName": "expires", "Enabled": True}] * len(views)
        assert [table.get("TimeToLiveSpecification") for table in views] == expiring


def test_the_bus_keeps_every_message_of_ours_for_14_days(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        [(_, _, archive)] = templates.resources("AWS::Events::Archive")
        assert (archive["RetentionDays"], archive["EventPattern"]) == (14, {"source": [{"prefix": "mallbots."}]})


def test_every_function_has_a_log_group_of_its_own_that_keeps_its_lines_as_long_as_the_stage_says(
    dev: Templates, prod: Templates
) -> None:
    for templates, days in ((dev, 14), (prod, 90)):
        groups = {(stack, name): group for stack, name, group in templates.resources("AWS::Logs::LogGroup")}
        used = [
            (stack, function["LoggingConfig"]["LogGroup"]["Ref"])
            for stack, _, function in templates.resources("AWS::Lambda::Function")
        ]
        assert len(set(used)) == len(used)
        assert {groups[of_function]["RetentionInDays"] for of_function in used} == {days}


def test_the_functions_run_on_arm_and_the_newest_python(both: Templates) -> None:
    functions = [function for _, _, function in both.resources("AWS::Lambda::Function")]
    assert {(f["Runtime"], tuple(f["Architectures"])) for f in functions} == {("python3.14", ("arm64",))}


def test_every_service_has_its_alarms(both: Templates) -> None:
    for name in services():
        alarms = {alarm for stack, alarm, _ in both.resources("AWS::CloudWatch::Alarm") if stack == name}
        kinds = ["DeadLetters", "Errors", "Throttles", "TableThrottles", "RecursiveInvocations"]
        kinds += ["RelayLag"] if manifest(name).publisher else []
        kinds += ["OldestMessage", "StillFailing"] if manifest(name).has_consumers else []
        for kind in (*kinds, *(alarm.metric for alarm in manifest(name).alarms)):
            assert any(kind in alarm for alarm in alarms), (name, kind)
    for _, name, alarm in both.resources("AWS::CloudWatch::Alarm"):
        if not re.search(r"Late(Fast|Slow)(Long|Short)Alarm", name):  # those notify as one
            assert alarm["AlarmActions"] == alarm["OKActions"] != [], name


def test_the_alarms_on_a_service_level_notify_as_one(prod: Templates) -> None:
    alarms = prod.resources("AWS::CloudWatch::Alarm")
    silent = {(stack, name) for stack, name, alarm in alarms if "AlarmActions" not in alarm}
    named = set()
    for stack, _, composite in prod.resources("AWS::CloudWatch::CompositeAlarm"):
        assert composite["AlarmActions"] == composite["OKActions"] != []
        named |= {(stack, name) for name in re.findall(r'"Fn::GetAtt": \["(\w+)", "Arn"\]', json.dumps(composite))}
    assert silent == named
    assert len(silent) == 4 * sum(len(manifest(name).levels) for name in services())


@pytest.mark.parametrize("service", services())
def test_every_dead_letter_queue_and_every_function_of_a_service_is_counted_by_its_alarms(
    both: Templates, service: str
) -> None:
    def counted(kind: str) -> set[str]:
        """The logical ids that the alarms of a kind watch."""
        alarms = [a for stack, name, a in both.resources("AWS::CloudWatch::Alarm") if stack == service and kind in name]
        return set(re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', json.dumps(alarms)))

    every = {name: queue for stack, name, queue in both.resources("AWS::SQS::Queue") if stack == service}
    drained = {name for name, queue in every.items() if "RedrivePolicy" not in queue or service == "operations"}
    functions = {
        name
        for stack, name, function in both.resources("AWS::Lambda::Function")
        if stack == service and not function["Handler"].endswith((".forecast", ".replay"))
    }
    assert drained == counted("DeadLetters") & set(every)
    assert set(every) - drained <= counted("OldestMessage")
    tables = {name for stack, name, _ in both.resources("AWS::DynamoDB::Table") if stack == service}
    assert tables <= counted("TableThrottles")
    assert functions <= counted("Errors") & counted("Throttles")


def test_costs_are_logged_only_where_the_stage_enables_it(both: Templates) -> None:
    settings = {f["Environment"]["Variables"]["MALLBOTS_METER"] for _, _, f in both.resources("AWS::Lambda::Function")}
    assert settings == {"0"}
    assert stage("local").environment["MALLBOTS_METER"] == "1"


TAGGED = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::S3::Bucket")
TAGGED = (*TAGGED, "AWS::SecretsManager::Secret", "AWS::SNS::Topic", "AWS::SQS::Queue")


@pytest.mark.parametrize("kind", TAGGED)
def test_what_costs_or_keeps_data_is_tagged_with_project_and_stage(dev: Templates, prod: Templates, kind: str) -> None:
    for templates, name_of_stage in ((dev, "dev"), (prod, "prod")):
        for _, name, resource in templates.resources(kind):
            assert {"Key": "stage", "Value": name_of_stage} in resource["Tags"], name
            assert {"Key": "project", "Value": "mallbots"} in resource["Tags"], name


def test_only_a_service_that_asks_an_owner_may_invoke_its_queries(both: Templates) -> None:
    """The authorizer is the platform's: tests/infra/test_identity.py has what it may."""
    invoking = {stack for stack, _, s in both.statements() if s["Action"] == "lambda:InvokeFunction"}
    assert invoking == {"platform", "operations"} | {name for name in services() if manifest(name).asks}
