"""The robots' stream as it is deployed: rules, queue, roles, what a robot may do, and what functions may do to it."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from events.vda5050.topics import Kind, Topics
from infra.iot import ANY_ROBOT, THING
from tests.infra.conftest import Resource, Templates, arn_of, listed
from tests.infra.policies import HERE, Names

ROBOT, OTHER = "0193c1a2-7b7e-7cc1-b1d5-3f0a5a4f0001", "0193c1a2-7b7e-7cc1-b1d5-3f0a5a4f0002"
LARGEST_POLICY = 2_048  # characters without blanks: https://docs.aws.amazon.com/general/latest/gr/iot-core.html
CONNECTING = {"iot:Connection.Thing.IsAttached": "true"}


@pytest.fixture(scope="module", params=["local", "dev", "prod"])
def stage(request: pytest.FixtureRequest) -> Templates:
    templates: Templates = request.getfixturevalue(request.param)
    return templates


def name_of(templates: Templates) -> str:
    [found] = {str(settings["stackName"]).split("-")[1] for settings in templates.settings.values()}
    return found


def topics_of(templates: Templates) -> Topics:
    return Topics(f"mallbots-{name_of(templates)}")


def rules_of(templates: Templates) -> dict[str, Resource]:
    """The payloads of the rules by their names without the stage's."""
    found = [rule for _, _, rule in templates.resources("AWS::IoT::TopicRule")]
    begin = f"mallbots_{name_of(templates)}_robots_"
    assert all(rule["RuleName"].startswith(begin) for rule in found)
    return {rule["RuleName"].removeprefix(begin): rule["TopicRulePayload"] for rule in found}


def test_rules_take_what_robots_report_and_what_the_broker_says_of_connections(stage: Templates) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html"""
    listened = {name: payload["Sql"].partition(" FROM ")[2] for name, payload in rules_of(stage).items()}
    interface = f"mallbots-{name_of(stage)}"
    assert listened == {
        "state": f"'{interface}/v3/mallbots/+/state'",
        "connection": f"'{interface}/v3/mallbots/+/connection'",
        "factsheet": f"'{interface}/v3/mallbots/+/factsheet'",
        "connected": "'$aws/events/presence/connected/+'",
        "disconnected": "'$aws/events/presence/disconnected/+'",
    }


def test_a_rule_sends_the_bytes_as_they_came_with_who_sent_them_and_when(stage: Templates) -> None:
    """topic(4) and topic(5) are the robot and the kind in {interface}/v3/{manufacturer}/{robot}/{kind}.

    https://docs.aws.amazon.com/iot/latest/developerguide/binary-payloads.html
    https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html
    """
    levels = topics_of(stage).state(ROBOT).split("/")
    assert (levels[4 - 1], levels[5 - 1]) == (ROBOT, "state")
    chosen = {payload["Sql"].partition(" FROM ")[0] for payload in rules_of(stage).values()}
    assert chosen == {
        "SELECT topic(4) AS robot, topic(5) AS topic, timestamp() AS received, clientid() AS client, "
        "encode(*, 'base64') AS payload",
        "SELECT 'presence' AS topic, timestamp() AS received, encode(*, 'base64') AS payload",
    }
    assert {payload["AwsIotSqlVersion"] for payload in rules_of(stage).values()} == {"2016-03-23"}
    assert {payload["RuleDisabled"] for payload in rules_of(stage).values()} == {False}


def test_names_of_rules_are_such_as_aws_takes(stage: Templates) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_CreateTopicRule.html"""
    for _, _, rule in stage.resources("AWS::IoT::TopicRule"):
        assert re.fullmatch(r"[a-zA-Z0-9_]{1,128}", rule["RuleName"])


def test_a_rule_sends_to_the_queue_of_topics_and_what_it_cannot_send_to_one_for_errors(stage: Templates) -> None:
    for payload in rules_of(stage).values():
        [action] = payload["Actions"]
        assert "TopicsQueue" in action["Sqs"]["QueueUrl"]["Ref"]
        assert "TopicsUndelivered" in payload["ErrorAction"]["Sqs"]["QueueUrl"]["Ref"]
        assert action["Sqs"]["UseBase64"] is payload["ErrorAction"]["Sqs"]["UseBase64"] is False


def test_each_role_of_a_rule_may_send_to_its_one_queue_alone(stage: Templates) -> None:
    resources = stage.stacks["fleet"]["Resources"]
    for payload in rules_of(stage).values():
        for sqs in (payload["Actions"][0]["Sqs"], payload["ErrorAction"]["Sqs"]):
            role = arn_of(sqs["RoleArn"])
            policies = [
                resource["Properties"]
                for resource in resources.values()
                if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]
            ]
            [[statement]] = [policy["PolicyDocument"]["Statement"] for policy in policies]
            assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
            assert arn_of(statement["Resource"]) == sqs["QueueUrl"]["Ref"]


def test_only_rules_of_this_stage_may_take_the_roles(stage: Templates) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html"""
    names = Names(stage)
    arns = {f"arn:aws:iot:{HERE}:rule/{rule['RuleName']}" for _, _, rule in stage.resources("AWS::IoT::TopicRule")}
    resources = stage.stacks["fleet"]["Resources"]
    taken = [
        sqs for rule in rules_of(stage).values() for sqs in (rule["Actions"][0]["Sqs"], rule["ErrorAction"]["Sqs"])
    ]
    for sqs in taken:
        role = resources[arn_of(sqs["RoleArn"])]["Properties"]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "iot.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        pattern = names.of("fleet", trust["Condition"]["ArnLike"]["aws:SourceArn"])
        assert all(fnmatchcase(arn, pattern) for arn in arns)
        assert pattern.startswith(f"arn:aws:iot:{HERE}:rule/mallbots_")
        assert pattern.endswith("_robots_*")
        assert not fnmatchcase(f"arn:aws:iot:{HERE}:rule/mallbots_another_robots_state", pattern)


def test_a_rule_is_made_when_its_roles_may_send(stage: Templates) -> None:
    resources = stage.stacks["fleet"]["Resources"]
    for rule in (one for one in resources.values() if one["Type"] == "AWS::IoT::TopicRule"):
        assert {resources[name]["Type"] for name in rule["DependsOn"]} == {"AWS::IAM::Policy"}
        assert len(rule["DependsOn"]) == 2


@pytest.mark.parametrize(("name", "most"), [("local", 4), ("dev", 10), ("prod", 50)])
def test_the_function_gathers_messages_for_a_second_and_has_a_bound(
    name: str, most: int, request: pytest.FixtureRequest
) -> None:
    """Batches of more than ten need a window: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    templates: Templates = request.getfixturevalue(name)
    [mapping] = [
        found
        for stack, _, found in templates.resources("AWS::Lambda::EventSourceMapping")
        if stack == "fleet" and "TopicsQueue" in json.dumps(found["EventSourceArn"])
    ]
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 1)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": most}
    function = Names(templates).function("fleet", mapping["FunctionName"])
    assert function["Handler"].endswith(".topics")


# What a robot may do.


def policy_of(templates: Templates) -> Resource:
    [(_, _, policy)] = templates.resources("AWS::IoT::Policy")
    return policy


def may(templates: Templates, action: str, resource: str, client: str = ROBOT, *, attached: bool = True) -> bool:
    """Whether AWS IoT lets a client that has this client id, with a certificate that is attached to ROBOT, do this.

    The thing is found by the client id; where the certificate is not attached to that thing, no variable resolves, and
    a statement with one does not apply: https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html
    """
    is_attached = attached and client == ROBOT
    names = Names(templates)
    for statement in policy_of(templates)["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        conditions = statement.get("Condition", {})
        if conditions.get("Bool", {}).get("iot:Connection.Thing.IsAttached") == "true" and not is_attached:
            continue
        for pattern in listed(statement["Resource"]):
            text = names.of("fleet", pattern)
            if THING in text and not is_attached:
                continue
            if action in listed(statement["Action"]) and fnmatchcase(resource, text.replace(THING, client)):
                return True
    return False


def arn(resource: str) -> str:
    return f"arn:aws:iot:{HERE}:{resource}"


def test_there_is_one_policy_for_all_robots_and_it_is_no_larger_than_aws_allows(stage: Templates) -> None:
    policy = policy_of(stage)
    assert policy["PolicyName"] == f"mallbots-{name_of(stage)}-robots"
    resolved = [
        {**one, "Resource": [Names(stage).of("fleet", each) for each in listed(one["Resource"])]}
        for one in policy["PolicyDocument"]["Statement"]
    ]
    assert len(json.dumps(resolved, separators=(",", ":"))) < LARGEST_POLICY - 100


def test_a_robot_connects_under_its_own_id_alone(stage: Templates) -> None:
    assert may(stage, "iot:Connect", arn(f"client/{ROBOT}"))
    assert not may(stage, "iot:Connect", arn(f"client/{OTHER}"), client=OTHER)
    assert not may(stage, "iot:Connect", arn(f"client/{ROBOT}"), attached=False)


def test_a_robot_may_ask_for_a_persistent_session_with_a_last_will(stage: Templates) -> None:
    """Without the condition AWS refuses both: https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html"""
    [connect] = [s for s in policy_of(stage)["PolicyDocument"]["Statement"] if s["Action"] == "iot:Connect"]
    asked = connect["Condition"]["ForAllValues:StringEquals"]["iot:ConnectAttributes"]
    assert sorted(asked) == ["LastWill", "PersistentConnect"]


SPOKEN = {Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET, Kind.VISUALIZATION}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_robot_speaks_and_listens_on_its_own_topics_alone(stage: Templates, kind: Kind) -> None:
    own, others = topics_of(stage).of(kind, ROBOT), topics_of(stage).of(kind, OTHER)
    assert may(stage, "iot:Publish", arn(f"topic/{own}")) is (kind in SPOKEN)
    assert may(stage, "iot:RetainPublish", arn(f"topic/{own}")) is (kind in (Kind.CONNECTION, Kind.FACTSHEET))
    assert may(stage, "iot:Subscribe", arn(f"topicfilter/{own}")) is (kind not in SPOKEN)
    assert may(stage, "iot:Receive", arn(f"topic/{own}")) is (kind not in SPOKEN)
    for action, resource in (
        ("iot:Publish", "topic"),
        ("iot:RetainPublish", "topic"),
        ("iot:Subscribe", "topicfilter"),
        ("iot:Receive", "topic"),
    ):
        assert not may(stage, action, arn(f"{resource}/{others}"))


@pytest.mark.parametrize("everything", ["#", "+/v3/mallbots/+/order", "$aws/things/+/shadow/get", "$aws/rules/x/state"])
def test_a_robot_may_neither_listen_to_all_nor_speak_to_rules_by_themselves(stage: Templates, everything: str) -> None:
    assert not may(stage, "iot:Subscribe", arn(f"topicfilter/{everything}"))
    assert not may(stage, "iot:Publish", arn(f"topic/{everything}"))


def test_a_robot_of_one_stage_may_do_nothing_on_topics_of_another(dev: Templates, prod: Templates) -> None:
    assert not may(dev, "iot:Publish", arn(f"topic/{topics_of(prod).state(ROBOT)}"))
    assert not may(prod, "iot:Subscribe", arn(f"topicfilter/{topics_of(dev).order(ROBOT)}"))


# What functions may do.


def granted(templates: Templates, function: str) -> dict[str, set[str]]:
    """The actions on AWS IoT that a function of fleet is granted, with their resources."""
    found: dict[str, set[str]] = {}
    for stack, name, statement in templates.statements():
        if stack == "fleet" and name.startswith(f"Service{function}Role"):
            for action in listed(statement["Action"]):
                if action.startswith("iot:"):
                    resources = {Names(templates).of(stack, one) for one in listed(statement["Resource"])}
                    found.setdefault(action, set()).update(resources)
    return found


def orders(templates: Templates) -> set[str]:
    topics = topics_of(templates)
    return {
        arn(f"topic/{topics.of(kind, ROBOT).replace(ROBOT, ANY_ROBOT)}") for kind in (Kind.ORDER, Kind.INSTANT_ACTIONS)
    }


THINGS, CERTIFICATES, CLIENTS = arn(f"thing/{ANY_ROBOT}"), arn("cert/*"), arn(f"client/{ANY_ROBOT}")
REVOKE = {
    "iot:ListThingPrincipals": {THINGS},
    "iot:DeleteThing": {THINGS},
    "iot:UpdateCertificate": {CERTIFICATES},
    "iot:DetachPolicy": {CERTIFICATES},
    "iot:DetachThingPrincipal": {CERTIFICATES},
    "iot:DeleteCertificate": {CERTIFICATES},
}
ISSUE = {
    "iot:CreateThing": {THINGS},
    "iot:CreateCertificateFromCsr": {"*"},
    "iot:DescribeCertificate": {CERTIFICATES},
    "iot:AttachThingPrincipal": {CERTIFICATES},
    "iot:AttachPolicy": {CERTIFICATES},
}


def test_each_function_may_do_to_the_stream_what_it_is_for(stage: Templates) -> None:
    """Which resource an action takes: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html"""
    publish = {"iot:Publish": orders(stage)}
    at_once = {"iot:Publish": {topic for topic in orders(stage) if topic.endswith("/instantActions")}}
    assert granted(stage, "Api") == {**at_once, **REVOKE, **ISSUE}
    ending = {"iot:DeleteConnection": {CLIENTS}}
    assert granted(stage, "InboxWorker") == {**publish, **REVOKE, **ending}
    assert granted(stage, "TopicsWorker") == publish
    assert granted(stage, "Relay") == {}


def test_robots_ids_fit_what_functions_are_granted_and_other_names_do_not(stage: Templates) -> None:
    assert fnmatchcase(arn(f"thing/{ROBOT}"), THINGS)
    assert not fnmatchcase(arn("thing/a-thing-of-others"), THINGS)
    assert [one for one in orders(stage) if fnmatchcase(arn(f"topic/{topics_of(stage).order(ROBOT)}"), one)]
    deeper = topics_of(stage).order(ROBOT).replace(ROBOT, f"{ROBOT}/x")
    assert not [one for one in orders(stage) if fnmatchcase(arn(f"topic/{deeper}"), one)]


def variables(templates: Templates, function: str) -> dict[str, Any]:
    [found] = [
        one["Environment"]["Variables"]
        for stack, name, one in templates.resources("AWS::Lambda::Function")
        if stack == "fleet" and name.startswith(f"Service{function}Function")
    ]
    return {name: Names(templates).of("fleet", value) for name, value in found.items()}


def test_functions_publish_at_the_accounts_own_address_and_tell_robots_where_to_connect(
    local: Templates, dev: Templates
) -> None:
    host = "abc-ats.iot.eu-west-1.amazonaws.com"
    assert {variables(dev, one)["BROKER_ENDPOINT"] for one in ("Api", "TopicsWorker")} == {f"https://{host}"}
    assert {variables(local, one)["BROKER_ENDPOINT"] for one in ("Api", "TopicsWorker")} == {"http://127.0.0.1:4566"}
    on_aws, here = variables(dev, "Api"), variables(local, "Api")
    assert (on_aws["MALLBOTS_BROKER"], on_aws["ROBOTS_POLICY"]) == (f"{host}:8883", "mallbots-dev-robots")
    assert (here["MALLBOTS_BROKER"], here["ROBOTS_POLICY"]) == ("127.0.0.1:8883", "mallbots-local-robots")
    assert "ROBOTS_CA" not in on_aws
    assert here["ROBOTS_CA"] == "http://127.0.0.1:4566/_ministack/iot/ca.pem"


def test_no_function_asks_aws_where_the_broker_is(stage: Templates) -> None:
    """IAM knows no resource for that call, so whoever may ask may ask for everything; the deployment asks."""
    actions = {action for _, _, statement in stage.statements() for action in listed(statement["Action"])}
    assert "iot:DescribeEndpoint" not in actions


# Alarms.


def alarm(templates: Templates, kind: str) -> Resource:
    [found] = alarms(templates, kind)
    return found


def alarms(templates: Templates, kind: str) -> list[Resource]:
    return [a for s, name, a in templates.resources("AWS::CloudWatch::Alarm") if s == "fleet" and kind in name]


def test_an_alarm_rings_when_a_rule_loses_a_message_for_good(stage: Templates) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/metrics_dimensions.html"""
    queries = {one["Metrics"][0]["Expression"] for one in alarms(stage, "RulesLost")}
    select = 'SELECT SUM(ErrorActionFailure) FROM "AWS/IoT" WHERE RuleName ='
    assert queries == {f"{select} '{rule['RuleName']}'" for _, _, rule in stage.resources("AWS::IoT::TopicRule")}


def test_an_alarm_rings_when_a_rule_is_throttled(stage: Templates) -> None:
    metrics = [m["MetricStat"]["Metric"] for m in alarm(stage, "RulesThrottled")["Metrics"] if "MetricStat" in m]
    assert {(metric["Namespace"], metric["MetricName"]) for metric in metrics} == {("AWS/IoT", "RuleMessageThrottled")}
    rules = {rule["RuleName"] for _, _, rule in stage.resources("AWS::IoT::TopicRule")}
    assert {metric["Dimensions"][0]["Value"] for metric in metrics} == rules


def test_what_a_rule_could_not_send_is_among_the_dead_letters_that_ring_an_alarm(stage: Templates) -> None:
    watched = json.dumps(alarm(stage, "DeadLetters")["Metrics"])
    assert "TopicsUndelivered" in watched
    assert "TopicsDeadLetters" in watched
