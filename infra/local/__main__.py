"""`python -m infra.local COMMAND`: the command line of the local cloud.

Each command is a module of this package: the first line of its docstring is the help, `arguments(parser)` adds its
options, and `run(options)` returns the exit code. Progress goes to stderr; stdout is for what a script reads.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

import httpx

from infra.local.process import ROOT, LocalCloudError

COMMANDS = ("run", "demo", "up", "down", "shoppers", "load", "fault", "control-panel")


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="The whole system on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: importlib.import_module(f"infra.local.{name.replace('-', '_')}") for name in COMMANDS}
    for name, module in modules.items():
        command = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        command.add_argument(
            "--port",
            type=int,
            default=os.environ.get("PORT") or "4566",
            help="the local cloud's port on the loopback interface (default: PORT, or 4566)",
        )
        command.add_argument(
            "--state",
            type=Path,
            default=os.environ.get("STATE") or str(ROOT / ".mallbots"),
            help="the folder of the local cloud's state (default: STATE, or .mallbots)",
        )
        module.arguments(command)
    arguments = parser.parse_args(given)
    try:
        return int(modules[arguments.command].run(arguments))
    except LocalCloudError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\ninterrupted: what is up stays up, and make down stops it", file=sys.stderr)
        return 130
    except httpx.TransportError as error:
        print(f"the local cloud gave no answer ({error}): is this machine busy? Try again", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
