"""Remove the pages' files, since a bucket with files is not deleted with its stack: `make destroy` does it."""

import argparse

from infra.operate.deployment import Deployment
from infra.operate.publish_pages import empty
from infra.stages import STAGES


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    """Prints how many there were. Where a stage keeps its data, the bucket outlives its stack, and keeps its files.

    So the pages are still there if CloudFormation refuses, as it does while stacks are protected.
    """
    if options.stage in STAGES and STAGES[options.stage].keep:
        print(f"the files of the pages stay, as all data of {options.stage} does")
        return 0
    print(f"{empty(deployment)} files of the pages were removed")
    return 0
