"""The key of one-time codes, and of the digests by which customers are found: a secret of the stage."""

from aws_cdk import Acknowledgment, RemovalPolicy, Stack, Validations
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.names import share
from infra.stages import Stage


def add_code_key(stack: Stack, stage: Stage) -> None:
    """Make the secret, which only customers' functions read (infra/ports.py), and share its ARN as `code-key`."""
    secret = secretsmanager.Secret(
        stack,
        "CodeKey",
        description="Derives one-time codes, and the digests by which customers are found by their numbers",
        generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        # Another key would find nobody: the digests that are there were made by this one (docs/adr/0041).
        removal_policy=RemovalPolicy.RETAIN if stage.keep else RemovalPolicy.DESTROY,
    )
    reason = "After a rotation no customer would be found by the number: the digests were made by the key of before."
    Validations.of(secret).acknowledge(Acknowledgment(id="AwsSolutions-SMG4", reason=reason))
    share(stack, stage, "code-key", secret.secret_arn)
