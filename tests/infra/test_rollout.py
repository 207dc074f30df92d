"""How new code takes over in production: versions behind an alias, shifted gradually and back when an alarm rings."""

from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import STUB, Resource, Templates, synthesize
from tests.infra.policies import Names
from tests.infra.test_stages import stage_with


def by_function(templates: Templates, kind: str) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """Stack and logical id of a function → the logical id and properties of its version or alias."""
    return {(s, r["FunctionName"]["Ref"]): (name, r) for s, name, r in templates.resources(kind)}


def test_every_function_of_production_is_invoked_by_an_alias_of_its_version(prod: Templates) -> None:
    functions = {(stack, name) for stack, name, _ in prod.resources("AWS::Lambda::Function")}
    versions, aliases = by_function(prod, "AWS::Lambda::Version"), by_function(prod, "AWS::Lambda::Alias")
    assert set(versions) == set(aliases) == functions
    for function, (_, alias) in aliases.items():
        assert alias["Name"] == "live"
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [versions[function][0], "Version"]}


def authorized_by(authorizer: Resource) -> Any:
    """The function of an authorizer: its ARN is in an address of the gateway, before `/invocations`."""
    *_, function, end = authorizer["AuthorizerUri"]["Fn::Join"][1]
    assert end == "/invocations"
    return function


def is_run(target: Resource) -> bool:
    """Whether a rule's target is a function, not a queue."""
    return "DeadLetterConfig" not in target


def invoked(templates: Templates) -> list[tuple[str, str]]:
    """Everything by which a function is invoked: stack, and name or ARN."""
    names = Names(templates)
    found = [
        *((s, m["FunctionName"]) for s, _, m in templates.resources("AWS::Lambda::EventSourceMapping")),
        *((s, i["IntegrationUri"]) for s, _, i in templates.resources("AWS::ApiGatewayV2::Integration")),
        *((s, p["FunctionName"]) for s, _, p in templates.resources("AWS::Lambda::Permission")),
        *((s, authorized_by(a)) for s, _, a in templates.resources("AWS::ApiGatewayV2::Authorizer")),
        *((s, t["Arn"]) for s, _, r in templates.resources("AWS::Events::Rule") for t in r["Targets"] if is_run(t)),
        *(
            (s, o["Value"])
            for s, t in templates.stacks.items()
            for n, o in t["Outputs"].items()
            if n[-8:] == "Function"
        ),
        *(
            (s, value)
            for s, _, f in templates.resources("AWS::Lambda::Function")
            for name, value in f["Environment"]["Variables"].items()
            if name.startswith("QUERIES_")
        ),
    ]
    # The integration of a WebSocket API has the gateway's own ARN around the function's.
    return [(stack, names.of(stack, value).removesuffix("/invocations")) for stack, value in found]


def test_nothing_invokes_a_function_of_production_beside_its_alias(dev: Templates, prod: Templates) -> None:
    """What invoked the function itself would get the new code at once, and none of it would be rolled back."""
    assert len(invoked(prod)) == len(invoked(dev)) > 80
    assert [one for one in invoked(prod) if not one[1].endswith(":live")] == []
    assert [one for one in invoked(dev) if one[1].endswith(":live")] == []


def updates(templates: Templates) -> dict[tuple[str, str], dict[str, Any]]:
    """The deployment group by which each alias is updated."""
    found = {}
    for stack, template in templates.stacks.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Lambda::Alias":
                policy = resource["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
                group = template["Resources"][policy["DeploymentGroupName"]["Ref"]]
                assert group["Properties"]["ApplicationName"] == policy["ApplicationName"]
                found[stack, name] = group["Properties"]
    return found


def test_a_new_version_gets_a_tenth_for_five_minutes_and_goes_back_when_the_services_errors_ring(
    prod: Templates,
) -> None:
    """https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html"""
    groups = updates(prod)
    assert len(groups) == len(prod.resources("AWS::Lambda::Function"))
    for (stack, name), group in groups.items():
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        [alarm] = [one["Name"]["Ref"] for one in group["AlarmConfiguration"]["Alarms"]]
        watched = prod.stacks[stack]["Resources"][alarm]["Properties"]
        described = Names(prod).of(stack, watched["AlarmDescription"])
        assert "a function died, or a request or message failed by an error of ours" in described, name


def test_no_alias_keeps_other_stages_from_deploying_at_once(dev: Templates) -> None:
    types = {r["Type"] for template in dev.stacks.values() for r in template["Resources"].values()}
    assert types.isdisjoint({"AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::CodeDeploy::DeploymentGroup"})


def test_a_deployment_of_production_can_take_over_at_once_whatever_rings(tmp_path: Path) -> None:
    """An alarm that rings already would stop the very version that mends what it rings for."""
    templates = synthesize("prod", tmp_path, rollout="at_once")
    for group in updates(templates).values():
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaAllAtOnce"
        assert "AlarmConfiguration" not in group


def test_a_rollout_that_a_stage_does_not_have_is_refused() -> None:
    told = {"payment_provider": STUB}
    assert stage_with(stage="prod", **told).rollout == "gradual"
    assert stage_with(stage="prod", rollout="at_once", **told).rollout == "at_once"
    for stage, rollout in (("prod", "slowly"), ("dev", "at_once"), ("prod", "in_place")):
        with pytest.raises(ValueError, match=f"rollout={rollout} is not for '{stage}'"):
            stage_with(stage=stage, rollout=rollout, **told)


def test_only_roles_of_codedeploy_and_of_api_gateway_have_a_managed_policy(prod: Templates) -> None:
    for _, name, role in prod.resources("AWS::IAM::Role"):
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        service = statement["Principal"]["Service"]
        assert bool(role.get("ManagedPolicyArns")) == (
            service in ("codedeploy.amazonaws.com", "apigateway.amazonaws.com")
        ), name
