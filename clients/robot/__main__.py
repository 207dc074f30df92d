"""Robots of a mall: `python -m clients.robot run --count 3 --speed 5 --state .robots`.

Robots that have no files in the state folder yet are registered and enrolled by staff: MALLBOTS_API is the API's
address, and MALLBOTS_TOKEN a token of staff. Without new robots neither is needed.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from clients.credential import Credential
from clients.mall import Mall
from clients.robot.client import Connected, running
from clients.robot.enrol import connected, enrol, is_enrolled, register, registered
from clients.robot.files import BrokenFileError, Files, InUseError, alone_in
from clients.robot.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run robots until Ctrl-C. Returns 1 where not all of them could be started; raises what one of them failed by."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings(short=options.short, failing=options.failing).faster(options.speed)
    code = 0
    try:
        with alone_in(options.state):
            files = _files(options)
            robots = list(_readable(files, settings, options.seed))
            code = 0 if len(robots) == len(files) else 1
            if robots:
                with running(robots) as ended:
                    print(f"{len(robots)} robots work; Ctrl-C stops them", file=sys.stderr, flush=True)
                    ended.wait()
    except KeyboardInterrupt:
        return code
    except InUseError as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _readable(files: Iterable[Files], settings: Settings, seed: int | None) -> Iterable[Connected]:
    """The robots whose files can be read; says what to do about the others."""
    for number, own in enumerate(files):
        try:
            yield connected(own, settings, seed, number)
        except BrokenFileError as error:
            print(f"a robot is not started: {error}, and it begins anew", file=sys.stderr, flush=True)


def _files(options: argparse.Namespace) -> list[Files]:
    known = registered(options.state)[: options.count]
    files = [Files(options.state / bot_id) for bot_id in known if is_enrolled(options.state, bot_id)]
    if len(files) == options.count:
        return files
    if not (options.api and options.token):
        raise SystemExit("to enrol new robots, give --api and --token (or MALLBOTS_API and MALLBOTS_TOKEN)")
    with Mall(options.api, Credential(options.token)) as staff:
        for number in range(len(known), options.count):
            known.append(register(staff, f"Robot {number + 1}", options.state))
        return [*files, *(enrol(staff, bot_id, options.state) for bot_id in known[len(files) :])]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clients.robot", description=__doc__)
    run = parser.add_subparsers(required=True, metavar="run").add_parser("run", help="run robots until Ctrl-C")
    run.add_argument("--count", type=int, default=1, help="how many (1)")
    run.add_argument("--speed", type=float, default=1.0, help="how many times as fast as a real one (1)")
    run.add_argument("--state", type=Path, default=Path(".robots"), help="the folder of their files (.robots)")
    run.add_argument("--short", type=float, default=0.05, help="share of products of which too few are found (0.05)")
    run.add_argument("--failing", type=float, default=0.0, help="share of actions that fail (0)")
    run.add_argument("--seed", type=int, help="makes their luck repeatable")
    run.add_argument("--api", default=os.environ.get("MALLBOTS_API"), help="address of the API, to enrol new ones")
    run.add_argument("--token", default=os.environ.get("MALLBOTS_TOKEN"), help="a token of staff, to enrol new ones")
    return parser


if __name__ == "__main__":
    sys.exit(main())
