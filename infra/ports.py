"""What the ways out to other systems need, by the name of the port."""

from aws_cdk import aws_iam as iam

from functions.kernel.composition.manifest import Manifest
from infra.function import ServiceFunction


def _send_texts() -> iam.PolicyStatement:
    # A text to a phone number has no resource of its own: what is not a topic is the narrowest that IAM can say.
    return iam.PolicyStatement(actions=["sns:Publish"], not_resources=["arn:aws:sns:*:*:*"])


STATEMENTS = {"texts": _send_texts}


def grant_ports(function: ServiceFunction, manifest: Manifest) -> None:
    """Grant a function what the service's ports need; a port that stays inside needs nothing."""
    for port in manifest.ports:
        if port in STATEMENTS:
            function.function.add_to_role_policy(STATEMENTS[port]())
