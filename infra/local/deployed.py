"""Whether a local cloud runs what would be deployed to it: then nothing is synthesized, and nothing deployed.

The digest of what the deployment was made of is kept in the cloud itself: what a kill loses of a deployment, it loses
with its digest.
"""

from botocore.exceptions import ClientError

from infra.local.cloud import LocalCloud

PARAMETER = "/mallbots/deployed"


def is_deployed(cloud: LocalCloud, digest: str) -> bool:
    """Whether the last deployment was of this digest and succeeded, and its stacks are there."""
    stacks = cloud.outputs().keys()
    if not stacks or _digest(cloud) != digest:
        return False
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    found = (stack for page in pages for stack in page["Stacks"])
    return stacks <= {stack["StackName"] for stack in found if stack["StackStatus"].endswith("_COMPLETE")}


def note(cloud: LocalCloud, digest: str) -> None:
    """Keep the digest of a deployment that has succeeded."""
    cloud.client("ssm").put_parameter(Name=PARAMETER, Value=digest, Type="String", Overwrite=True)


def forget(cloud: LocalCloud) -> None:
    """A deployment begins: until it has succeeded, it is not known what is deployed."""
    cloud.client("ssm").delete_parameters(Names=[PARAMETER])


def _digest(cloud: LocalCloud) -> str:
    try:
        value: str = cloud.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    except ClientError:
        return ""
    return value
