"""Stop what `up` started; what is deployed and stored is kept."""

import argparse
import sys

from infra.local.cloud import LocalCloud
from infra.local.faults import Faults


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    Faults(cloud).mend("network")  # a halted engine would not end
    if cloud.engine.is_running():
        print("saving the state, and stopping …", file=sys.stderr, flush=True)
    stopped = cloud.stop()
    print("stopped" if stopped else f"no local cloud of {cloud.state} is running", file=sys.stderr)
    return 0
