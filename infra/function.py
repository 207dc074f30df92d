"""One Lambda function with its own role (nothing but what is granted), log group and settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundling import version
from infra.names import FORECAST, OPERATIONS, REPLAY
from infra.rollout import live
from infra.stages import MEMORY_OF_HISTORY, Stage

RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    14: logs.RetentionDays.TWO_WEEKS,
    90: logs.RetentionDays.THREE_MONTHS,
}


@dataclass(frozen=True)
class Shipped:
    """What the functions of one stack consist of. version: another one where any of it is another."""

    code: lambda_.Code
    layer: lambda_.ILayerVersion
    version: str


def shipped(scope: Construct, code: Path, layer: Path) -> Shipped:
    """The folders of code and layer, shipped. A layer in each stack: no ARN can go stale between stacks."""
    packages = lambda_.LayerVersion(scope, "Layer", code=lambda_.Code.from_asset(str(layer)))
    return Shipped(lambda_.Code.from_asset(str(code)), packages, version(code, layer))


def memory_mb(stage: Stage, service: str, handler: str) -> int:
    """The memory of a function: what reads pages of history or of letters has more than what handles a batch."""
    of_history = service == OPERATIONS or handler in (FORECAST, REPLAY)
    return max(stage.memory_mb, MEMORY_OF_HISTORY) if of_history else stage.memory_mb


class ServiceFunction(Construct):
    """A function of a service; `handler` is a name in the kernel's compose module.

    It has a `name` of its own only if others address it; `reserved`: instances that are kept for it, and its limit.
    Whatever invokes it, by a mapping, an integration or its name, invokes `live` (infra/rollout.py).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        service: str,
        handler: str,
        ships: Shipped,
        timeout: int,
        name: str | None = None,
        reserved: int | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            retention=RETENTION[stage.log_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        # The managed policy for logging grants all log groups; this role may write to its own only.
        self.log_group.grant_write(role)
        arm = stage.architecture == "arm64"
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime(f"python{stage.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64,
            function_name=name,
            reserved_concurrent_executions=reserved,
            handler=f"functions.kernel.composition.compose.{handler}",
            code=ships.code,
            layers=[ships.layer],
            role=role,
            log_group=self.log_group,
            # Without the lines START, END and REPORT; a timeout and a crash still have theirs (0030).
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            memory_size=memory_mb(stage, service, handler),
            timeout=Duration.seconds(timeout),
            environment={
                **stage.environment,
                "MALLBOTS_CODE": ships.version,
                "MALLBOTS_SERVICE": service,
                "POWERTOOLS_SERVICE_NAME": service,
            },
        )
        self.timeout = timeout
        self.live = live(self, self.function, stage)

    def let(self, actions: list[str], resource: str, **environment: str) -> None:
        """Grant these actions on a resource, and set the variables that name it."""
        self.allow(actions, resource)
        for name, value in environment.items():
            self.function.add_environment(name, value)

    def allow(self, actions: list[str], *resources: str, **conditions: Any) -> None:
        """Grant these actions on these resources, and nothing else."""
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions or None)
        )
