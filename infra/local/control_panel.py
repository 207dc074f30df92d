"""Give the console of a mall that is up its panel for breaking things, until Ctrl-C, which mends them all."""

import argparse
import signal
import sys

from infra.local.cloud import LocalCloud
from infra.local.panel import panel
from infra.local.process import LocalCloudError
from infra.local.shoppers import interruptible
from infra.local.up import arguments_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    if not cloud.engine.is_running():
        raise LocalCloudError(f"no mall is up: make up{arguments_of(options.port, options.state)}")
    interruptible()
    try:
        with panel(cloud):
            print(f"{cloud.pages}/console/#/operations/break (reload the page); Ctrl-C ends it", file=sys.stderr)
            signal.pause()
    except KeyboardInterrupt:
        print("\nall is mended; the mall stays up", file=sys.stderr)
    return 0
