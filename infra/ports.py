"""What ports to other systems need: IAM statements, and the variables that name their resources, by the port's name."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.audit import let_read
from infra.function import ServiceFunction
from infra.iot import let_instruct, let_issue, let_publish, let_revoke
from infra.live import let_post
from infra.names import shared
from infra.operations import GRANTS as OF_OPERATIONS
from infra.stages import Stage


def _send_texts(function: ServiceFunction, stage: Stage) -> None:
    # A text to a phone number has no resource of its own: "anything but a topic" is the narrowest that IAM can express.
    function.function.add_to_role_policy(
        iam.PolicyStatement(actions=["sns:Publish"], not_resources=["arn:aws:sns:*:*:*"])
    )


def _read_code_key(function: ServiceFunction, stage: Stage) -> None:
    secret = shared(Stack.of(function), stage, "code-key")
    function.let(["secretsmanager:GetSecretValue"], secret, CODE_KEY=secret)


GRANTS = {
    "texts": _send_texts,
    "code_key": _read_code_key,
    "connections": let_post,
    "broker": let_publish,
    "instructions": let_instruct,
    "identities": let_issue,
    "revocation": let_revoke,
    "audit": let_read,
    **OF_OPERATIONS,
}


def grant_port(function: ServiceFunction, port: str, stage: Stage) -> None:
    """Grant a function what a port needs; a port that is not named here calls no AWS service."""
    if port in GRANTS:
        GRANTS[port](function, stage)
