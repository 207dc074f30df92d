"""`python -m infra.operate COMMAND`: what operators do with a deployment, on AWS or on this machine.

Each command is a module of this package: the first line of its docstring is the help, `arguments(parser)` adds its
options, and `run(options, deployment)` returns the exit code.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from infra.local.cloud import LocalCloud
from infra.local.process import ROOT, LocalCloudError
from infra.local.synthesis import STAGE
from infra.operate.deployment import Account, Deployment, OperateError

COMMANDS = (
    "dead-letters",
    "redrive",
    "republish",
    "commits",
    "snapshots",
    "logs",
    "tables",
    "token",
    "migrate-personal-data",
    "apply-erasures",
    "restore-epoch",
    "publish-pages",
    "empty-pages",
)


MODULES = {name: importlib.import_module(f"infra.operate.{name.replace('-', '_')}") for name in COMMANDS}


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m infra.operate", description="See and mend a deployment.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in MODULES.items():
        command = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        command.add_argument("--stage", default=STAGE, help="a stage in the account of the environment's credentials")
        command.add_argument("--port", type=int, default=os.environ.get("PORT") or "4566", help="of the local cloud")
        state = os.environ.get("STATE") or str(ROOT / ".mallbots")
        command.add_argument("--state", type=Path, default=state, help="of the local cloud")
        module.arguments(command)
    return parser


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return int(MODULES[options.command].run(options, _deployment(options)))
    except OperateError as error:
        print(error, file=sys.stderr)
    except NoRegionError:
        print("AWS: no region is set: export AWS_DEFAULT_REGION, or name a profile that has one", file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    except BrokenPipeError:  # whoever read has enough, such as head; nothing is flushed into the pipe at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 1


def _deployment(options: argparse.Namespace) -> Deployment:
    if options.stage != STAGE:
        return Account(options.stage)
    try:
        cloud = LocalCloud(options.port, options.state)
    except LocalCloudError as error:
        raise OperateError(str(error)) from None
    if not cloud.engine.is_running():
        raise OperateError(f"no local cloud runs on port {options.port}: start it with make up, or name a STAGE")
    return cloud


if __name__ == "__main__":
    sys.exit(main())
