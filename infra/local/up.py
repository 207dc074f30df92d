"""Start the local cloud in the background and deploy the system to it.

The last line of stdout is JSON, for scripts: `{"api": …, "websocket": …, "pages": …, "engine": …, "tokens": {…}}`,
with a fresh token for each role (`make token` prints one of them).
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from functions.kernel.runtime.context import STAFF
from infra.local.cloud import LocalCloud, Progress
from infra.local.deployed import forget, is_deployed, note
from infra.local.leftover import remove_leftover
from infra.local.lock import alone_in
from infra.local.pages import publish
from infra.local.people import tokens
from infra.local.process import ROOT, LocalCloudError
from infra.local.synthesis import STAGE, made_of
from infra.local.users import USERS, make_users
from infra.local.warm import warm
from infra.stages import read_flag, stage, variable

# Names of stack outputs.
WEBSOCKET_OUTPUT = "LiveAddress"
KEYS_OUTPUT = "KeysFunction"
SYNTHETIC = "synthetic"  # a setting of the CDK app

USUAL_PORT, USUAL_STATE = 4566, ROOT / ".mallbots"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c",
        "--context",
        action="append",
        default=[],
        metavar="SETTING=VALUE",
        help="override a time of the stage, such as basket_untouched=60 (TIMES in infra/stages.py), or synthetic=yes",
    )


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    pairs = (text.partition("=") for text in options.context)
    up(cloud, {name: given for name, _, given in pairs})
    print(f"open {cloud.pages}/console/#as={USERS[STAFF]}, or {cloud.pages}/kiosk/", file=sys.stderr)
    print(f"stop it with: make down{arguments_of(options.port, options.state)}", file=sys.stderr)
    print(json.dumps(summary(cloud)))
    return 0


def up(cloud: LocalCloud, settings: Mapping[str, str] | None = None) -> None:
    """Start the cloud, deploy what has changed, make users and keys, warm the functions; progress goes to stderr.

    settings: seconds by name (TIMES in infra/stages.py), for those that are not to be the stage's; and whether there
    are synthetic orders (`{"synthetic": "yes"}`).

    Raises:
        LocalCloudError: the deployment failed, no key can be made, a setting is invalid, or another `up` is at work.
    """
    given = dict(settings or {})
    try:
        stage(STAGE, {name: text for name, text in given.items() if name != SYNTHETIC})
        read_flag(SYNTHETIC, given.get(SYNTHETIC, "no"))
    except ValueError as error:
        raise LocalCloudError(f"nothing is deployed: {error}") from None
    with alone_in(cloud.state):
        _up(cloud, given)


def _up(cloud: LocalCloud, given: Mapping[str, str]) -> None:
    began = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    report("starting the local cloud …")
    cloud.start()
    report(f"the local cloud answers at {cloud.address}, its state is in {cloud.state}")
    deploy(cloud, given, report)
    with ThreadPoolExecutor(1) as meanwhile:
        warmed = meanwhile.submit(warm, cloud)
        make_users(cloud)
        make_keys(cloud)
        published = publish(cloud)
        report(f"the pages are at {published['address']}" if published else "no pages are built (make pages)")
        report("the users are made, and a key signs tokens; warming the functions …")
        report(f"{warmed.result()} functions are warm")
    report("up")


def deploy(cloud: LocalCloud, settings: Mapping[str, str], report: Progress) -> None:
    """Deploy what has changed since the last deployment; settings as for `up`. Raises LocalCloudError."""
    if is_deployed(cloud, made_of(settings)):
        report("what is deployed is up to date")
        return
    with ThreadPoolExecutor(1) as meanwhile:
        report("synthesizing the templates …")
        synthesis = meanwhile.submit(cloud.synthesize, settings)
        if cloud.bootstrap():
            report("the CDK is bootstrapped")
        app, deployed = synthesis.result()
    report("deploying …")
    forget(cloud)
    cloud.deploy(app, report)
    remove_leftover(cloud, app, report)
    note(cloud, deployed)
    if made_of(settings) != deployed:
        report("the sources changed meanwhile: make up deploys what they are now")


def make_keys(cloud: LocalCloud) -> None:
    """Run the function that makes the first key now: its schedule would in five minutes. Raises LocalCloudError."""
    answer = cloud.client("lambda", read_timeout=60).invoke(FunctionName=cloud.output(KEYS_OUTPUT))
    if "FunctionError" in answer:
        raise LocalCloudError(f"no key signs tokens: {answer['Payload'].read().decode()}")


def arguments_of(port: int, state: Path) -> str:
    """What a make target needs to be about the same cloud: nothing where port and state are the usual ones."""
    return (f" PORT={port}" if port != USUAL_PORT else "") + (
        f" STATE={shlex.quote(str(state))}" if state != USUAL_STATE else ""
    )


def discard(cloud: LocalCloud) -> None:
    """Stop a cloud whose state is temporary. It says so, since its many unpacked files take a while to remove."""
    print("stopping the local cloud, and removing its state …", file=sys.stderr, flush=True)
    cloud.stop()


def deployed_times(cloud: LocalCloud, names: Iterable[str]) -> dict[str, str]:
    """The times of these names with which the deployed functions run, in seconds."""
    function = cloud.output("ApiFunction")
    variables = cloud.client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    return {name: variables.get(variable(name), "") for name in names}


def summary(cloud: LocalCloud) -> dict[str, object]:
    """What a client needs to know about a cloud that is up."""
    return {
        "api": cloud.api,
        "websocket": cloud.output(WEBSOCKET_OUTPUT),
        "pages": cloud.pages,
        "engine": cloud.address,
        "tokens": tokens(cloud),
    }
