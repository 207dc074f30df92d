"""Start the local cloud in the background and deploy the system to it.

The last line of stdout is JSON, for scripts: `{"api": …, "websocket": …, "engine": …, "tokens": {…}}`.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping

from infra.local.cloud import STAGE, LocalCloud
from infra.local.process import ROOT, LocalCloudError
from infra.local.warm import warm
from infra.stages import stage, variable

# The outputs that the stacks give these names.
API_OUTPUT = "ApiAddress"
WEBSOCKET_OUTPUT = "WebSocketAddress"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c",
        "--context",
        action="append",
        default=[],
        metavar="TIME=SECONDS",
        help="a time of this deployment, such as basket_untouched=60 (those of infra/stages.py)",
    )


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    said = (text.partition("=") for text in options.context)
    up(cloud, {time: seconds for time, _, seconds in said})
    print(json.dumps(summary(cloud)))
    return 0


def up(cloud: LocalCloud, times: Mapping[str, str] | None = None) -> None:
    """Start it, make ready what the CDK needs, deploy; says on stderr how long each took.

    times: of this deployment, in seconds, by their names in `infra.stages`, where they are not to be the stage's.

    Raises:
        LocalCloudError: the deployment failed, or a time is none.
    """
    try:
        stage(STAGE, times)
    except ValueError as wrong:
        raise LocalCloudError(f"nothing is deployed: {wrong}") from None
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}", file=sys.stderr, flush=True)

    cloud.start()
    say(f"the local cloud answers at {cloud.address}, its state is in {cloud.state}")
    if cloud.bootstrap():
        say("ready for the CDK")
    say("deploying …")
    context = [part for time, seconds in (times or {}).items() for part in ("--context", f"{time}={seconds}")]
    cloud.deploy(ROOT, say, *context)
    say(f"{warm(cloud)} functions are warm")
    say("up; stop it with: make down")


def deployed_times(cloud: LocalCloud, names: Iterable[str]) -> dict[str, str]:
    """The times, of these names, that the deployed functions work with, in seconds."""
    name = cloud.output("ApiFunction")
    variables = cloud.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return {time: variables.get(variable(time), "") for time in names}


def summary(cloud: LocalCloud) -> dict[str, object]:
    """What a client needs to know of a cloud that is up."""
    return {
        "api": cloud.output(API_OUTPUT),
        "websocket": cloud.output(WEBSOCKET_OUTPUT),
        "engine": cloud.address,
        "tokens": {},
    }
