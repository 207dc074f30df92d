"""Where a distribution answers on this machine: `patches/pages.py`."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from infra.local.cloud import LocalCloud
from infra.local.process import free_port
from infra.stages import local_pages

ORIGIN = {
    "Id": "files",
    "DomainName": "files.s3.eu-west-1.amazonaws.com",
    "S3OriginConfig": {"OriginAccessIdentity": ""},
}


@pytest.fixture
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An engine of its own: how many distributions there are decides."""
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("pages"))
    cloud.start()
    yield cloud
    cloud.stop()


def distribution(cloud: LocalCloud, reference: str) -> str:
    """The label of a new distribution, whose origin has nothing."""
    made = cloud.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": reference,
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [ORIGIN]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "files",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        }
    )
    domain: str = made["Distribution"]["DomainName"]
    assert domain.endswith(".cloudfront.net")
    return domain.partition(".")[0]


def by_cloudfront(cloud: LocalCloud, host: str) -> bool:
    """Whether a distribution answers requests to a host."""
    try:
        answer = urllib.request.urlopen(urllib.request.Request(f"{cloud.address}/", headers={"host": host}))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return "x-amz-cf-id" in answer.headers


def test_the_only_distribution_answers_at_a_name_that_is_known_before(cloud: LocalCloud) -> None:
    pages = local_pages(cloud.address).removeprefix("http://")
    assert not by_cloudfront(cloud, pages)

    label = distribution(cloud, "one")
    assert by_cloudfront(cloud, pages)
    assert by_cloudfront(cloud, pages.replace("pages", label, 1))
    assert by_cloudfront(cloud, f"{label}.cloudfront.net")

    distribution(cloud, "two")
    assert not by_cloudfront(cloud, pages), "which of both is not known"
