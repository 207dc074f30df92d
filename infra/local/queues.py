"""What is in the queues of a local cloud."""

from infra.local.cloud import LocalCloud

COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def depths(cloud: LocalCloud) -> dict[str, int]:
    """The messages of each queue, visible, delayed or in flight, by queue name; empty queues are left out."""
    sqs = cloud.client("sqs")
    urls = [url for page in sqs.get_paginator("list_queues").paginate() for url in page.get("QueueUrls", [])]
    found = {}
    for url in urls:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
        if depth := sum(int(attributes.get(count, 0)) for count in COUNTS):
            found[url.rsplit("/", 1)[-1]] = depth
    return found
