"""Break something in a mall that is up, to watch it fail, or mend it: payments, robot, message, network, engine."""

import argparse
import sys

from infra.local.cloud import LocalCloud
from infra.local.faults import FAULTS, Faults
from infra.local.process import LocalCloudError
from infra.local.up import arguments_of


def arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--break", dest="breaks", choices=FAULTS, help="what to break")
    which.add_argument("--mend", choices=[*FAULTS, "all"], help="what to mend")


def run(options: argparse.Namespace) -> int:
    """Prints what is broken then, one a line."""
    cloud = LocalCloud(options.port, options.state)
    if not cloud.outputs():
        raise LocalCloudError(f"no mall is deployed: make up{arguments_of(options.port, options.state)}")
    faults = Faults(cloud)
    if options.breaks:
        faults.break_(options.breaks)
    elif options.mend == "all":
        faults.mend_all()
    elif options.mend:
        faults.mend(options.mend)
    broken = faults.broken()
    for name, kept in broken.items():
        print(f"{name} since {kept['since']}")
    if not broken:
        print("nothing is broken", file=sys.stderr)
    return 0
