"""The IAM statements that ports to other systems need, by the port's name."""

from aws_cdk import aws_iam as iam

from infra.function import ServiceFunction


def _send_texts() -> iam.PolicyStatement:
    # A text to a phone number has no resource of its own: "anything but a topic" is the narrowest that IAM can express.
    return iam.PolicyStatement(actions=["sns:Publish"], not_resources=["arn:aws:sns:*:*:*"])


STATEMENTS = {"texts": _send_texts}


def grant_port(function: ServiceFunction, port: str) -> None:
    """Grant a function what a port needs; a port without a statement calls no AWS service."""
    if port in STATEMENTS:
        function.function.add_to_role_policy(STATEMENTS[port]())
