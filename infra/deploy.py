"""Deploy a stage, upload its pages, and let them call the API: `python -m infra.deploy --stage dev [-c name=value …]`.

The policy of the pages names the API, so their distribution comes after it; the API and the sign-in name the origins
of pages, so the distribution would come before. CloudFormation refuses that circle. A stage that names no origin has
that of its distribution: the app is told it once there is one, and at the first deployment the platform is deployed
again for it. It is told too where robots connect, which each account has its own address for.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.process import ROOT
from infra.local.synthesis import STAGE
from infra.operate import publish_pages
from infra.operate.deployment import Account, Deployment, OperateError, stacks

CDK = ROOT / "node_modules" / ".bin" / "cdk"
Run = Callable[[Sequence[str]], int]


def deploy(deployment: Deployment, stage: str, only: Sequence[str], more: Sequence[str], run: Run) -> int:
    """Deploy everything, or the stacks in `only`; returns the CDK's exit code. more: further arguments of the CDK.

    run: runs a command, and returns its exit code. Raises what boto3 raises.
    """
    before, broker = _pages(deployment), _broker(deployment)
    code = run(_command(stage, [*only, "--exclusively"] if only else ["--all"], before, broker, more))
    if code or only or before == (after := _pages(deployment)):
        return code
    return run(_command(stage, ["Platform", "--exclusively"], after, broker, more))


def _command(stage: str, which: Sequence[str], pages: str, broker: str, more: Sequence[str]) -> list[str]:
    told = {"stage": stage, "deploying": "yes", "broker": broker, **({"pages": pages} if pages else {})}
    return [str(CDK), "deploy", *which, *(word for pair in told.items() for word in ("-c", "=".join(pair))), *more]


def _pages(deployment: Deployment) -> str:
    """The address of the distribution; empty where there is none yet."""
    try:
        # A stack whose first creation failed is listed, without outputs.
        return stacks(deployment, "pages")["pages"].get("PagesAddress", "")
    except OperateError:
        return ""


def _broker(deployment: Deployment) -> str:
    """Where devices of the account connect; no function may ask this, since IAM knows no resource for the call.

    https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeEndpoint.html
    """
    return str(deployment.client("iot").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", allow_abbrev=False)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--only", default="", help="names of stacks")
    options, more = parser.parse_known_args(arguments)
    if options.stage == STAGE:
        print(f"nothing is deployed: {STAGE!r} is the stage of the local cloud, which make up starts", file=sys.stderr)
        return 1
    try:
        account, only = Account(options.stage), options.only.split()
        code = deploy(account, options.stage, only, more, lambda command: subprocess.run(command, cwd=ROOT).returncode)
        return code or (0 if only else publish_pages.run(options, account))
    except OperateError as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
