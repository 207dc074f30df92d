"""cdk-nag's AwsSolutions rules: all of them. What does not follow one says why, where it is made."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.stages import Stage


def check(app: cdk.App, stage: Stage) -> None:
    """Fail the synthesis on a finding that is not acknowledged. The local stage, on loopback only, is exempt."""
    if stage.name == "local":
        return
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
