"""IoT Core's control plane and topic rules: `patches/iot.py`."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.cloud import ACCOUNT
from tests.e2e.engine.devices import Device, Devices, arn
from tests.e2e.engine.test_cloudformation import deploy
from tests.e2e.engine.test_permissions import allowed, denial
from tests.e2e.engine.workbench import Queue, Workbench, as_role, eventually, policy

STATES = (
    "SELECT topic(4) AS robot, topic(5) AS topic, timestamp() AS received, clientid() AS client, "
    "encode(*, 'base64') AS payload FROM '{prefix}/v3/mallbots/+/state'"
)
PRESENCE = (
    "SELECT 'presence' AS topic, timestamp() AS received, encode(*, 'base64') AS payload "
    "FROM '$aws/events/presence/connected/+'"
)
MALFORMED = [
    b'{"headerId": 1}',
    b"no JSON",
    b"",
    b"\xff\x00\xfe",
    '{"label": "Zürich 🤖"}'.encode(),
    b"[" * 20_000,
    b'{"headerId": ' + b"9" * 5_000 + b"}",
]


@pytest.fixture
def devices(bench: Workbench) -> Iterator[Devices]:
    devices = Devices(bench)
    yield devices
    devices.close()


def rule_role(bench: Workbench, *queues: Queue, trusted: str = "iot.amazonaws.com", rules: str = "*") -> str:
    """The ARN of a role that rules of such names can assume, and that may send to these queues."""
    name, iam = bench.name("role"), bench.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": trusted},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": arn("rule", rules)},
        },
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    if queues:
        grants = [allowed("sqs:SendMessage", queue.arn) for queue in queues]
        iam.put_role_policy(RoleName=name, PolicyName="granted", PolicyDocument=policy(*grants))
    role: str = made["Role"]["Arn"]
    return role


def to_queue(queue: Queue, role: str) -> dict[str, Any]:
    return {"sqs": {"queueUrl": queue.url, "roleArn": role, "useBase64": False}}


def rule(
    bench: Workbench, sql: str, action: dict[str, Any], error: dict[str, Any] | None = None, **payload: Any
) -> str:
    name = bench.name("rule").replace("-", "_")
    errors = {"errorAction": error} if error else {}
    made = {"sql": sql, "actions": [action], "awsIotSqlVersion": "2016-03-23", **errors, **payload}
    bench.client("iot").create_topic_rule(ruleName=name, topicRulePayload=made)
    return name


def bodies(bench: Workbench, queue: Queue, number: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        found.extend(json.loads(message["Body"]) for message in bench.receive(queue))
        return len(found) >= number

    eventually(enough)
    return found


def test_the_endpoint_is_where_devices_connect(bench: Workbench) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeEndpoint.html"""
    found = bench.client("iot").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]

    assert found == bench.cloud.broker == f"127.0.0.1:{bench.cloud.engine.mqtt_port}"


def test_a_rule_sends_what_a_device_published_whatever_it_is(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html: encode(*, 'base64')"""
    queue, device, prefix = bench.queue(), devices.make(), bench.name("mall")
    rule(bench, STATES.format(prefix=prefix), to_queue(queue, rule_role(bench, queue)))
    connection = devices.connect(device)
    before = int(time.time() * 1000)

    answers = [connection.publish(f"{prefix}/v3/mallbots/{device.name}/state", payload) for payload in MALFORMED]

    found = bodies(bench, queue, len(MALFORMED))
    assert answers == [0] * len(MALFORMED)
    assert [base64.b64decode(body["payload"]) for body in found] == MALFORMED
    assert {(body["robot"], body["topic"], body["client"]) for body in found} == {(device.name, "state", device.name)}
    assert all(before <= body["received"] <= int(time.time() * 1000) for body in found)


def test_a_rule_sends_presence_events(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html"""
    queue = bench.queue()
    name = rule(bench, PRESENCE, to_queue(queue, rule_role(bench, queue)))

    device = devices.make()
    devices.connect(device)

    [body] = bodies(bench, queue)
    event = json.loads(base64.b64decode(body["payload"]))
    bench.client("iot").delete_topic_rule(ruleName=name)
    assert body["topic"] == "presence"
    assert (event["eventType"], event["clientId"]) == ("connected", device.name)
    assert event["principalIdentifier"] == device.certificate


def test_a_last_will_is_a_message_of_its_client(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html: clientid()"""
    queue, device, prefix = bench.queue(), devices.make(), bench.name("mall")
    rule(bench, STATES.format(prefix=prefix), to_queue(queue, rule_role(bench, queue)))

    devices.connect(device, will=(f"{prefix}/v3/mallbots/{device.name}/state", b"gone")).cut()

    [body] = bodies(bench, queue)
    assert (body["client"], base64.b64decode(body["payload"])) == (device.name, b"gone")


@pytest.mark.parametrize("reason", ["not granted", "not trusted", "another rule's", "no queue"])
def test_an_action_that_fails_is_the_error_action_s(bench: Workbench, devices: Devices, reason: str) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html"""
    queue, errors, prefix = bench.queue(), bench.queue(), bench.name("mall")
    role = {
        "not granted": lambda: rule_role(bench, errors),
        "not trusted": lambda: rule_role(bench, queue, trusted="lambda.amazonaws.com"),
        "another rule's": lambda: rule_role(bench, queue, rules="another"),
        "no queue": lambda: rule_role(bench, queue),
    }[reason]()
    if reason == "no queue":
        bench.client("sqs").delete_queue(QueueUrl=queue.url)
    name = rule(
        bench, f"SELECT * FROM '{prefix}/state'", to_queue(queue, role), to_queue(errors, rule_role(bench, errors))
    )

    assert devices.connect(devices.make()).publish(f"{prefix}/state", b"{}") == 0

    [error] = bodies(bench, errors)
    [failure] = error["failures"]
    assert (error["ruleName"], error["topic"]) == (name, f"{prefix}/state")
    assert base64.b64decode(error["base64OriginalPayload"]) == b"{}"
    assert (failure["failedAction"], failure["failedResource"]) == ("SqsAction", queue.url)
    if reason != "no queue":
        assert bench.depth(queue) == 0


def test_every_rule_that_matches_runs_and_none_that_is_disabled(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-rules.html"""
    first, second, disabled = bench.queue(), bench.queue(), bench.queue()
    prefix, role = bench.name("mall"), rule_role(bench, first, second, disabled)
    rule(bench, f"SELECT * FROM '{prefix}/+'", to_queue(disabled, role), ruleDisabled=True)
    rule(bench, f"SELECT * FROM '{prefix}/+'", to_queue(first, role))
    rule(bench, f"SELECT topic() AS topic FROM '{prefix}/#'", to_queue(second, role))

    devices.connect(devices.make()).publish(f"{prefix}/state", b'{"a": 1}')

    assert (bodies(bench, first), bodies(bench, second)) == ([{"a": 1}], [{"topic": f"{prefix}/state"}])
    assert bench.depth(disabled) == 0


def test_a_stack_makes_updates_and_deletes_things_types_policies_and_rules(bench: Workbench) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IoT.html"""
    iot, queue = bench.client("iot"), bench.queue()
    role, name = rule_role(bench, queue), bench.name("stack").replace("-", "_")

    def resources(number: int) -> dict[str, Any]:
        action = {"Sqs": {"QueueUrl": queue.url, "RoleArn": role, "UseBase64": False}}
        payload = {"Sql": f"SELECT * FROM 'mall/{number}'", "Actions": [action], "ErrorAction": action}
        document = {"Version": "2012-10-17", "Statement": [allowed("iot:Connect", arn("client", f"bot-{number}"))]}
        return {
            "Type": {"Type": "AWS::IoT::ThingType", "Properties": {"ThingTypeName": f"type-{name}"}},
            "Thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": f"thing-{name}",
                    "AttributePayload": {"Attributes": {"number": str(number)}},
                },
            },
            "Policy": {
                "Type": "AWS::IoT::Policy",
                "Properties": {"PolicyName": f"policy-{name}", "PolicyDocument": document},
            },
            "Rule": {
                "Type": "AWS::IoT::TopicRule",
                "Properties": {"RuleName": f"rule_{name}", "TopicRulePayload": payload},
            },
        }

    def found() -> tuple[str, str, str]:
        rule = iot.get_topic_rule(ruleName=f"rule_{name}")["rule"]
        document = json.loads(iot.get_policy(policyName=f"policy-{name}")["policyDocument"])
        attributes = iot.describe_thing(thingName=f"thing-{name}")["attributes"]
        return rule["sql"], document["Statement"][0]["Resource"], attributes["number"]

    outputs = {"Rule": {"Fn::GetAtt": ["Rule", "Arn"]}, "Policy": {"Ref": "Policy"}, "Type": {"Ref": "Type"}}
    made = deploy(bench, resources(1), outputs)
    assert found() == ("SELECT * FROM 'mall/1'", arn("client", "bot-1"), "1")
    assert made["Rule"] == arn("rule", f"rule_{name}")
    assert (made["Policy"], made["Type"]) == (f"policy-{name}", f"type-{name}")

    deploy(bench, resources(2), outputs, stack=made["Stack"])
    assert found() == ("SELECT * FROM 'mall/2'", arn("client", "bot-2"), "2")

    bench.client("cloudformation").delete_stack(StackName=made["Stack"])
    eventually(lambda: denial(iot.describe_thing, thingName=f"thing-{name}") == "ResourceNotFoundException")
    assert denial(iot.describe_thing_type, thingTypeName=f"type-{name}") == "ResourceNotFoundException"
    assert denial(iot.get_policy, policyName=f"policy-{name}") == "ResourceNotFoundException"
    assert denial(iot.get_topic_rule, ruleName=f"rule_{name}") == "UnauthorizedException"


def test_a_certificate_goes_step_by_step(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteCertificate.html and API_DeleteThing.html"""
    iot, device = bench.client("iot"), devices.make()
    attached = {"thingName": device.name, "principal": device.certificate_arn}
    named = {"policyName": f"policy-{device.name}"}

    assert iot.list_thing_principals(thingName=device.name)["principals"] == [device.certificate_arn]
    assert denial(iot.delete_certificate, certificateId=device.certificate) == "CertificateStateException"
    assert denial(iot.delete_thing, thingName=device.name) == "InvalidRequestException"
    assert denial(iot.delete_policy, **named) == "DeleteConflictException"
    iot.update_certificate(certificateId=device.certificate, newStatus="REVOKED")
    assert denial(iot.delete_certificate, certificateId=device.certificate) == "DeleteConflictException"
    iot.detach_thing_principal(**attached)
    assert denial(iot.delete_certificate, certificateId=device.certificate) == "DeleteConflictException"
    iot.detach_policy(**named, target=device.certificate_arn)
    iot.delete_certificate(certificateId=device.certificate)
    iot.delete_thing(thingName=device.name)
    iot.delete_policy(**named)

    missing = "ResourceNotFoundException"
    assert denial(iot.describe_certificate, certificateId=device.certificate) == missing
    assert denial(iot.list_thing_principals, thingName=device.name) == missing
    assert denial(iot.attach_thing_principal, **attached) == missing
    assert denial(iot.update_certificate, certificateId=device.certificate, newStatus="INACTIVE") == missing
    assert denial(iot.attach_policy, **named, target=device.certificate_arn) == missing
    assert denial(iot.delete_thing, thingName=device.name) == ""  # a second one succeeds, as AWS documents
    assert denial(iot.create_certificate_from_csr, certificateSigningRequest="none") == "InvalidRequestException"


def calls(iot: Any, device: Device) -> dict[str, tuple[Any, dict[str, Any], str]]:
    """Calls by action: how each is made, with what, and on which resource."""
    certificate, thing, named = device.certificate_arn, arn("thing", device.name), {"thingName": device.name}
    on_thing = {**named, "principal": certificate}
    on_policy = {"policyName": f"policy-{device.name}", "target": certificate}
    identified = {"certificateId": device.certificate}
    return {
        "DescribeThing": (iot.describe_thing, named, thing),
        "ListThingPrincipals": (iot.list_thing_principals, named, thing),
        "ListPrincipalThings": (iot.list_principal_things, {"principal": certificate}, certificate),
        "ListAttachedPolicies": (iot.list_attached_policies, {"target": certificate}, certificate),
        "DescribeCertificate": (iot.describe_certificate, identified, certificate),
        "DetachPolicy": (iot.detach_policy, on_policy, certificate),
        "AttachPolicy": (iot.attach_policy, on_policy, certificate),
        "DetachThingPrincipal": (iot.detach_thing_principal, on_thing, certificate),
        "AttachThingPrincipal": (iot.attach_thing_principal, on_thing, certificate),
        "UpdateCertificate": (iot.update_certificate, {**identified, "newStatus": "INACTIVE"}, certificate),
        "CreateThing": (iot.create_thing, named, thing),
    }


def test_each_call_is_judged_by_the_resource_that_the_page_lists(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/security_iam_service-with-iam.html"""
    device, other = devices.make(), devices.make()
    grants = [allowed(f"iot:{action}", made[2]) for action, made in calls(bench.client("iot"), device).items()]
    iot = as_role(bench.cloud, bench.role(*grants, allowed("iot:DescribeEndpoint", "*")), "iot")

    codes = {action: denial(call, **given) for action, (call, given, _) in calls(iot, device).items()}
    refusals = {action: denial(call, **given) for action, (call, given, _) in calls(iot, other).items()}

    assert codes == dict.fromkeys(codes, "")
    assert refusals == dict.fromkeys(refusals, "AccessDeniedException")
    assert denial(iot.describe_endpoint, endpointType="iot:Data-ATS") == ""
    assert denial(iot.create_certificate_from_csr, certificateSigningRequest="x") == "AccessDeniedException"


def test_a_function_publishes_to_the_topics_of_its_role_alone(bench: Workbench) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html"""
    prefix = bench.name("mall")
    grant = allowed("iot:Publish", arn("topic", f"{prefix}/v3/mallbots/*/order"))
    data = as_role(bench.cloud, bench.role(grant), "iot-data")
    order, state = f"{prefix}/v3/mallbots/bot/order", f"{prefix}/v3/mallbots/bot/state"

    assert denial(data.publish, topic=order, qos=1, payload=b"{}", messageExpiry=60) == ""
    assert denial(data.publish, topic=state, qos=1, payload=b"{}") == "ForbiddenException"
    assert denial(data.publish, topic=order, qos=1, payload=b"{}", retain=True) == "ForbiddenException"
