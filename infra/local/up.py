"""Start the local cloud in the background and deploy the system to it.

The last line of stdout is JSON, for scripts: `{"api": …, "websocket": …, "engine": …, "tokens": {…}}`.
"""

import argparse
import json
import sys
import time

from infra.local.cloud import LocalCloud
from infra.local.warm import warm

# The outputs that the stacks give these names.
API_OUTPUT = "ApiAddress"
WEBSOCKET_OUTPUT = "WebSocketAddress"


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none of its own."""


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    up(cloud)
    print(json.dumps(summary(cloud)))
    return 0


def up(cloud: LocalCloud) -> None:
    """Start it, make ready what the CDK needs, deploy; says on stderr how long each took."""
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}", file=sys.stderr, flush=True)

    cloud.start()
    say(f"the local cloud answers at {cloud.address}, its state is in {cloud.state}")
    if cloud.bootstrap():
        say("ready for the CDK")
    say("deploying …")
    cloud.deploy(progress=say)
    say(f"{warm(cloud)} functions are warm")
    say("up; stop it with: make down")


def summary(cloud: LocalCloud) -> dict[str, object]:
    """What a client needs to know of a cloud that is up."""
    return {
        "api": cloud.output(API_OUTPUT),
        "websocket": cloud.output(WEBSOCKET_OUTPUT),
        "engine": cloud.address,
        "tokens": {},
    }
