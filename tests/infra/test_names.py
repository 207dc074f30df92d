"""Physical names: none is equal in two stages of an account, and services need no order among each other."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from typing import Any

from functions.kernel.composition.manifest import manifest, services
from infra.documents.generate import ROOT
from infra.operations import all_services
from tests.infra.conftest import Templates
from tests.infra.policies import Names

# Types with a name that must be unique in an account and region, and the property that holds it.
NAME = {
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SSM::Parameter": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Cognito::ManagedLoginBranding": None,
    "AWS::Cognito::UserPool": "UserPoolName",
    "AWS::Cognito::UserPoolClient": None,  # within its pool
    "AWS::Cognito::UserPoolDomain": "Domain",
    "AWS::Cognito::UserPoolGroup": None,  # within its pool
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,  # a part of its role
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::MetricFilter": None,  # within its group
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentGroup": None,  # within its application
    "AWS::IoT::Policy": "PolicyName",
    "AWS::IoT::TopicRule": "RuleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::KMS::Key": None,  # an id, which KMS makes
    "AWS::Lambda::Alias": None,  # within its function
    "AWS::Lambda::EventInvokeConfig": None,
    "AWS::Lambda::Version": None,
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SQS::QueuePolicy": None,
    "AWS::SNS::Subscription": None,
    "AWS::SNS::TopicPolicy": None,
    "AWS::Lambda::EventSourceMapping": None,
    "AWS::Lambda::Permission": None,
    "AWS::ApiGateway::Account": None,  # the account itself
    "AWS::ApiGatewayV2::Api": None,  # its id is unique, its name need not be
    "AWS::ApiGatewayV2::Authorizer": None,  # within its API
    "AWS::ApiGatewayV2::Integration": None,
    "AWS::ApiGatewayV2::Route": None,
    "AWS::ApiGatewayV2::Stage": None,  # within its API
    "AWS::CDK::Metadata": None,
    "AWS::CloudFront::Distribution": None,
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::S3::BucketPolicy": None,
}
PATHS = {"AWS::KMS::Alias", "AWS::SSM::Parameter"}
OTHER_NAME = re.compile(r"^[\w.+=,@-]{1,64}$")


def physical_names(templates: Templates) -> Iterator[tuple[str, str]]:
    """The names that templates give: type and name. Fails for a type of which it is not known what its name is."""
    for stack, template in templates.stacks.items():
        for resource in template["Resources"].values():
            kind, properties = resource["Type"], resource.get("Properties", {})
            assert kind in NAME, f"say in NAME which property of {kind} is its physical name"
            given: Any = properties
            for part in (NAME[kind] or "nothing").split("."):
                given = given.get(part, {})
            if given:
                yield kind, Names(templates).of(stack, given)


def test_no_physical_name_is_equal_in_two_stages(dev: Templates, prod: Templates) -> None:
    of_dev, of_prod = set(physical_names(dev)), set(physical_names(prod))
    assert len(of_dev) > 25
    assert of_dev & of_prod == set()


def test_no_name_is_given_twice_and_none_is_too_long(dev: Templates) -> None:
    given = list(physical_names(dev))
    assert len(given) == len(set(given))
    assert [name for kind, name in given if kind not in PATHS and not OTHER_NAME.match(name)] == []


def test_what_other_stacks_address_has_a_name_that_is_known_before_it_exists(dev: Templates) -> None:
    """A bus without a name would be named by its construct path, which is equal in every stage."""
    given = {name for _, name in physical_names(dev)}
    assert {"mallbots-dev-bus", "mallbots-dev-alarms"} <= given
    for service in services():
        found = manifest(service)
        assert (f"mallbots-dev-{service}-queries" in given) is bool(found.queries)
        assert (f"mallbots-dev-{service}-relay" in given) is bool(found.publisher)
        assert (f"mallbots-dev-{service}-forecast" in given) is found.has_consumers
        assert (f"mallbots-dev-{service}-replay" in given) is found.makes_rows
        assert {f"mallbots-dev-{service}-{one.name}" for one in found.scheduled} <= given
    for _, name, rule in dev.resources("AWS::Events::Rule"):
        assert rule["Name"].startswith("mallbots-dev-"), name


def test_no_table_has_a_fixed_name_but_the_one_to_which_all_services_append(dev: Templates) -> None:
    """So that CloudFormation can replace the others, and several versions of a stack can stand side by side."""
    fixed = [name for kind, name in physical_names(dev) if kind == "AWS::DynamoDB::Table"]
    assert fixed == ["mallbots-dev-operations-audit"]


def test_every_queue_has_the_name_by_which_operations_addresses_it(dev: Templates) -> None:
    given = {(stack, queue["QueueName"]) for stack, _, queue in dev.resources("AWS::SQS::Queue")}
    known = {
        (service, f"mallbots-dev-{name}")
        for service, served in all_services().items()
        for one in served.consumers
        for name in (*([] if one.is_relay else [one.physical]), *(queue.physical for queue in one.failure_queues))
    }
    assert ("depot", "mallbots-dev-depot-dispatcher-dead-letters.fifo") in given
    assert ("stores", "mallbots-dev-stores-relay-failures") in given
    assert given == known


def test_a_service_is_deployed_after_the_platform_and_in_any_order_with_others(dev: Templates) -> None:
    assert dev.needs == {"platform": set(), **{stack: {"platform"} for stack in [*services(), "pages"]}}


def test_only_the_platform_writes_values_that_other_stacks_look_up(dev: Templates) -> None:
    written = {parameter["Name"]: stack for stack, _, parameter in dev.resources("AWS::SSM::Parameter")}
    assert set(written.values()) == {"platform"}
    looked_up = {
        parameter["Default"]
        for template in dev.stacks.values()
        for parameter in template["Parameters"].values()
        if parameter["Type"].startswith("AWS::SSM::Parameter::Value")
        and not parameter["Default"].startswith("/cdk-bootstrap/")
    }
    assert looked_up == {
        *("/mallbots/dev/code-key", "/mallbots/dev/signing-key", "/mallbots/dev/token-keys"),
        *("/mallbots/dev/http-api", "/mallbots/dev/authorizer"),
        *("/mallbots/dev/socket-api", "/mallbots/dev/authorizer-function"),
    }
    assert set(written) == looked_up | {"/mallbots/dev/published-keys"}  # of which functions get the name


def test_no_services_ask_in_a_circle_which_would_wait_for_each_other() -> None:
    """Who is asked is the function `queries`: whoever else asks is asked by nobody, so it waits in no circle."""
    answering = {service: manifest(service).queries for service in services()}
    asked = {
        service: sorted({query.owner for query in queries.uses.asks} if queries else set())
        for service, queries in answering.items()
    }
    assert any(manifest(service).asks for service in services())
    assert {owner for service in services() for owner in manifest(service).asks} <= {
        s for s, q in answering.items() if q
    }
    TopologicalSorter(asked).prepare()


def test_every_log_group_is_named_after_its_stack_so_the_command_line_may_read_it(
    dev: Templates, prod: Templates
) -> None:
    """CloudFormation begins the name of what has none with the stack's.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
    """
    policy = json.loads((ROOT / "clients" / "cli" / "policy.json").read_text())
    [readable] = [one["Resource"] for one in policy["Statement"] if "logs:FilterLogEvents" in one["Action"]]
    for templates in (dev, prod):
        groups = templates.resources("AWS::Logs::LogGroup")
        assert [name for _, name, group in groups if "LogGroupName" in group] == []
        for stack in {stack for stack, _, _ in groups}:
            name = templates.settings[stack]["stackName"]
            assert fnmatchcase(f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}-Logs-1A2B", readable)
