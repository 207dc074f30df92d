"""How a function's new code takes over: in place, or as a version behind an alias to which requests are shifted.

Behind the alias, CodeDeploy sends a tenth of the invocations to the new version for five minutes, then all. When the
service's alarm on errors rings meanwhile, everything goes back to the old version and the deployment fails. Old and new
code stand side by side for that time, as with any deployment (docs/adr/0031-versions-behind-an-alias.md).
"""

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.names import ALIAS
from infra.stages import Stage

POLICY = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"


def live(scope: Construct, function: lambda_.Function, stage: Stage) -> lambda_.IFunction:
    """What to invoke of a function: its alias, where the stage has one, or itself."""
    if not stage.has_aliases:
        return function
    return lambda_.Alias(scope, "Live", alias_name=ALIAS, version=function.current_version)


def shift_gradually(
    scope: Construct, stage: Stage, live: Iterable[lambda_.IFunction], alarm: cloudwatch.IAlarm
) -> None:
    """Let CodeDeploy move these aliases to each new version, and roll back when the alarm rings.

    At once and whatever the alarm says, where this deployment is told so: an alarm that rings already would stop the
    very version that mends it.
    """
    if not stage.has_aliases:
        return
    at_once = stage.rollout == "at_once"
    configs = codedeploy.LambdaDeploymentConfig
    application = codedeploy.LambdaApplication(scope, "Releases")
    role = iam.Role(scope, "ReleaseRole", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
    reason = "CodeDeploy's own role for shifting aliases: AWS keeps what it needs in this policy."
    Validations.of(role).acknowledge(Acknowledgment(id=f"AwsSolutions-IAM4[Policy::{POLICY}]", reason=reason))
    for alias in live:
        codedeploy.LambdaDeploymentGroup(
            alias,
            "Release",
            application=application,
            role=role,
            alias=alias,
            deployment_config=configs.ALL_AT_ONCE if at_once else configs.CANARY_10_PERCENT_5_MINUTES,
            alarms=[] if at_once else [alarm],
            auto_rollback=codedeploy.AutoRollbackConfig(deployment_in_alarm=not at_once),
        )
