"""Remove the pages' files, since a bucket with files is not deleted with its stack: `make destroy` does it."""

import argparse

from infra.operate.deployment import Deployment
from infra.operate.publish_pages import empty


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(_options: argparse.Namespace, deployment: Deployment) -> int:
    """Prints how many there were."""
    print(f"{empty(deployment)} files of the pages were removed")
    return 0
