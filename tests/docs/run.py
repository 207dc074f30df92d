"""Run the shell blocks of the pages, and print how long each took: `python -m tests.docs.run` (`make docs-run`).

Each page runs in a shell of its own, in a clone of what is committed here. README and the tutorial have a clone and a
mall of their own, in which nothing is installed; the others share one of each, with the environments of this checkout.
A block that is marked (`<!-- not run: AWS -->`) is skipped, and so is one that another page had; one that does not end
by itself is ended by Ctrl-C (`<!-- Ctrl-C after: what it prints -->`). What a page calls prod is the local mall, `aws`
is tests/docs/aws.py, and `mallbots` tests/docs/mallbots.py. The last line is JSON.
"""

import argparse
import json
import math
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from infra.local.process import HOST
from tests.docs.given import GIVEN
from tests.docs.shell import Block, blocks
from tests.docs.shells import OF_MAKE, Shell, as_local
from tests.docs.test_docs import ROOT

LONGEST = 300  # seconds, of one block: what takes longer is to be marked
ENVIRONMENTS = (".venv", ".engine", "node_modules")
NODES = ("package-lock.json", "package.json", ".npmrc")
FROM_NOTHING = ("README.md", "docs/tutorial.md")  # their first block starts the mall
CHANGING = ("README.md", "consumer-paused.md", "restore-a-table.md")  # runbooks whose blocks change something, in turn
FRESH = 200  # seconds that a token is taken for: it lasts for five minutes


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make docs-run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", default="", help="only pages whose path matches this pattern")
    parser.add_argument("--port", type=int, default=4700, help="of the local mall")
    parser.add_argument("--state", type=Path, help="folder of the local malls; a temporary one if it is left out")
    parser.add_argument("--longest", type=float, default=LONGEST, help="seconds that a block may take")
    parser.add_argument("--list", action="store_true", help="only list the blocks, with the reasons of those not run")
    return parser


def chosen(pattern: str = "") -> list[Block]:
    """The blocks of pages whose path matches; of those that are alike, the first. Pages from nothing come first."""
    found = [block for block in blocks() if re.search(pattern, block.page)]
    found.sort(key=lambda block: block.page not in FROM_NOTHING)
    first = dict[str, Block]()
    for block in found:
        first.setdefault(block.script, block)
    return list(first.values())


def looking() -> list[Block]:
    """The blocks of the runbooks that change nothing, so that they may run in any order, and side by side."""
    return [block for block in chosen("docs/runbooks/") if not block.reason and Path(block.page).name not in CHANGING]


def clone(folder: Path, *, bare: bool) -> Path:
    """A clone of what is committed here, with the environments of this checkout unless it is to be bare."""
    copy = folder / "mallbots"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
    if not bare:
        for name in ENVIRONMENTS:
            (copy / name).symlink_to((ROOT / name).resolve())
        # Older than any stamp of an installation: make would else install into the environments of this checkout.
        for file in (*(copy / "requirements").iterdir(), *(copy / name for name in NODES)):
            os.utime(file, (0, 0))
    return copy


class Mall:
    """A local mall about which pages run, in a clone."""

    def __init__(self, folder: Path, port: int, state: Path, tools: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in OF_MAKE},
            "PORT": str(port),
            "STATE": str(state),
            "MALLBOTS_CHECKOUT": str(folder),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }
        self._port, self._shopped, self._told = port, False, -math.inf

    def be_up(self) -> None:
        """Deploy and open it, unless it runs; and have a token that is fresh, as the pages take for given."""
        if not self._listens():
            api = str(json.loads(self._make("up").splitlines()[-1])["api"])
            self.environment |= {"api": api, "API": api}
        if self._is_stale():
            token = self._make("token", "ROLE=operator").strip()
            self.environment |= {"token": token, "TOKEN": token}
            self._told = time.monotonic()
        if not self._shopped:
            self._make("load", "ORDERS=1", "CLIENTS=1")
            self._shopped = True

    def down(self) -> None:
        down = ["make", "-s", "down"]
        subprocess.run(down, cwd=self.folder, env=self.environment, check=False, capture_output=True)

    def _is_stale(self) -> bool:
        return time.monotonic() > self._told + FRESH

    def _listens(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex((HOST, self._port)) == 0

    def _make(self, *words: str) -> str:
        ran = ["make", "-s", *words]
        return subprocess.run(
            ran, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout


@contextmanager
def malls(page: str, temporary: Path, port: int, state: Path) -> Iterator[Mall]:
    """The mall of a page that begins with nothing."""
    place = temporary / Path(page).stem
    place.mkdir()
    mall = Mall(clone(place, bare=True), port, state / Path(page).stem, tools(temporary))
    try:
        yield mall
    finally:
        mall.down()


def tools(temporary: Path) -> Path:
    """The folder of the programs `aws` and `mallbots`."""
    folder = temporary / "bin"
    folder.mkdir(exist_ok=True)
    here = shlex.quote(str(ROOT))
    for name in ("aws", "mallbots"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH={here} exec {here}/.venv/bin/python -m tests.docs.{name} "$@"\n')
        program.chmod(0o755)
    return folder


def run(found: list[Block], mall: Mall, temporary: Path, longest: float, *, given: bool) -> Iterator[str]:
    """Run the blocks of a page, and print each with its time; the places of those that failed."""
    shell = Shell(mall.folder, mall.environment, temporary / found[0].page.replace("/", "-"), longest)
    for at, block in enumerate(found):
        if given:
            mall.be_up()
            script = GIVEN.get(block.page) if not at else None
            if script and not (prepared := shell.run(as_local(script))).well:
                print(f"           before: {prepared.said[-2000:]}", file=sys.stderr, flush=True)
        ran = shell.run(as_local(block.text), block.until)
        print(f"{ran.seconds:7.1f} s  {'ok    ' if ran.well else 'FAILED'}  {block.place}", flush=True)
        if not ran.well:
            yield block.place
            print("\n".join(f"           {line}" for line in ran.said.splitlines()[-15:]), file=sys.stderr, flush=True)


def run_all(found: list[Block], temporary: Path, port: int, state: Path, longest: float) -> Iterator[str]:
    """Run the blocks, page by page; the places of those that failed."""
    by_page = [(page, list(of_it)) for page, of_it in groupby(found, key=lambda block: block.page)]
    others = [(page, of_it) for page, of_it in by_page if page not in FROM_NOTHING]
    for page, of_it in by_page:
        if page in FROM_NOTHING:
            with malls(page, temporary, port, state) as bare:
                yield from run(of_it, bare, temporary, longest, given=False)
    if others:
        shared = Mall(clone(temporary, bare=False), port, state / "shared", tools(temporary))
        try:
            for _, of_it in others:
                yield from run(of_it, shared, temporary, longest, given=True)
        finally:
            shared.down()


def main(words: list[str] | None = None) -> int:
    options = parser().parse_args(words)
    found = chosen(options.page)
    skipped = [block for block in found if block.reason]
    wanted = [block for block in found if not block.reason]
    for block in skipped if not options.list else found:
        print(f"{'':7}    {block.reason or 'to run'}  {block.place}")
    failed: list[str] = []
    began = time.monotonic()
    if not options.list:
        with tempfile.TemporaryDirectory(prefix="mallbots-docs-", ignore_cleanup_errors=True) as temporary:
            state = (options.state or Path(temporary) / "state").resolve()
            failed = list(run_all(wanted, Path(temporary), options.port, state, options.longest))
    seconds = round(time.monotonic() - began)
    print(json.dumps({"blocks": len(wanted), "skipped": len(skipped), "failed": failed, "seconds": seconds}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
