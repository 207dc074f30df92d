"""The IAM statements that a service's ports to other systems need, by the port's name."""

from aws_cdk import aws_iam as iam

from functions.kernel.composition.manifest import Manifest
from infra.function import ServiceFunction


def _send_texts() -> iam.PolicyStatement:
    # A text to a phone number has no resource of its own: "anything but a topic" is the narrowest that IAM can express.
    return iam.PolicyStatement(actions=["sns:Publish"], not_resources=["arn:aws:sns:*:*:*"])


STATEMENTS = {"texts": _send_texts}


def grant_ports(function: ServiceFunction, manifest: Manifest) -> None:
    """Grant a function what the service's ports need; a port without a statement calls no AWS service."""
    for port in manifest.ports:
        if port in STATEMENTS:
            function.function.add_to_role_policy(STATEMENTS[port]())
