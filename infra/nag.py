"""cdk-nag's AwsSolutions rules: all of them, except those acknowledged here with a reason."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.stages import Stage

# rule → why it is not followed
ACCEPTED = {
    "AwsSolutions-APIG4": "There is no authentication yet: every route is open.",
    "AwsSolutions-SMG4": "The key signs paging tokens and robots' tokens: a rotation would make all of them invalid.",
}


def check(app: cdk.App, stage: Stage) -> None:
    """Fail the synthesis on a finding that is not accepted. The local stage, reachable on loopback only, is exempt."""
    if stage.name == "local":
        return
    for rule, reason in ACCEPTED.items():
        cdk.Validations.of(app).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
