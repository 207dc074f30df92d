"""The pages of the local cloud: published as to AWS, and told of the development users besides."""

from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.users import development_users
from infra.operate import publish_pages
from infra.operate.publish_pages import BUILT


def publish(cloud: LocalCloud) -> dict[str, Any] | None:
    """Upload the built pages; returns what publish_pages.publish does, or None when none are built."""
    return publish_pages.publish(cloud, told(cloud)) if BUILT.exists() else None


def told(cloud: LocalCloud) -> dict[str, Any]:
    """What the pages of a local cloud are told."""
    return {**publish_pages.config(cloud), "identity": cloud.address, "users": development_users(cloud)}
