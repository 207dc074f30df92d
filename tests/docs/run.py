"""Run the shell blocks of the pages, and print how long each took: `python -m tests.docs.run` (`make docs-run`).

Each page runs in a shell of its own, in a fresh clone of what is committed here, about a local mall that it starts by
itself where a block has not done so: `--port`, `--state`. A block that is marked (`<!-- not run: AWS -->`) is skipped,
and so is one that another page had. What a page calls prod is the local mall. The last line is JSON.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.docs.shell import Block, blocks
from tests.docs.test_docs import ROOT

LONGEST = 300  # seconds, of one block: what takes longer is to be marked
ENVIRONMENTS = (".venv", ".engine", "node_modules")
NODES = ("package-lock.json", "package.json", ".npmrc")
FROM_NOTHING = ("README.md", "docs/tutorial.md")  # their first block starts the mall
[CALL] = re.findall(r"^ *(call\(\) .*\n)", (ROOT / "docs" / "runbooks" / "README.md").read_text(), re.MULTILINE)
FAILED = 'failed=0; trap "failed=1" ERR'


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make docs-run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", default="", help="only pages whose path has this text")
    parser.add_argument("--port", type=int, default=4700, help="of the local mall")
    parser.add_argument("--state", type=Path, help="of the local mall; a temporary one if it is left out")
    parser.add_argument("--longest", type=float, default=LONGEST, help="seconds that a block may take")
    parser.add_argument("--bare", action="store_true", help="install everything in the clone, as a newcomer does")
    parser.add_argument("--list", action="store_true", help="only list the blocks, with the reasons of those not run")
    return parser


def chosen(text: str) -> list[Block]:
    """The blocks of pages whose path has a text; of those that are alike, the first."""
    return list({block.text: block for block in reversed(blocks()) if text in block.page}.values())[::-1]


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


def script(block: Block) -> str:
    """A block as it is run here: a stage on AWS is the local mall, and `call` is as the runbooks have it."""
    return str(CALL) + block.text.replace(" STAGE=prod", "").replace("mallbots-prod-", "mallbots-local-")


class Shell:
    """A shell in which the blocks of a page run one after the other, with the variables that those before have set."""

    def __init__(self, folder: Path, environment: dict[str, str], longest: float) -> None:
        self._folder, self._environment, self._longest, self._before = folder, environment, longest, ""

    def run(self, block: Block) -> tuple[bool, float, str]:
        """Whether all its commands succeeded, the seconds it took, and what it printed."""
        began = time.monotonic()
        kept = self._folder.parent / "variables"
        text = (
            f"{self._before}\nset -E; {FAILED}\n{script(block)}\ndeclare -p > {shlex.quote(str(kept))} 2> /dev/null\n"
        )
        text += f"declare -f >> {shlex.quote(str(kept))}; exit $failed"
        try:
            done = subprocess.run(
                ["bash", "-c", text],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=self._longest,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return False, time.monotonic() - began, f"{late.stdout!r}\nnot done after {self._longest} s"
        self._before = f"source {shlex.quote(str(kept))} 2> /dev/null"
        return done.returncode == 0, time.monotonic() - began, done.stdout


def prepared(folder: Path, environment: dict[str, str], longest: float) -> dict[str, str]:
    """Variables that the pages take for given, of a mall that is up: its API, and who asks."""

    def printed(*words: str) -> str:
        done = subprocess.run(
            ["make", "-s", *words], cwd=folder, env=environment, stdout=subprocess.PIPE, timeout=longest, check=True
        )
        return done.stdout.decode()

    api = str(json.loads(printed("up").splitlines()[-1])["api"])
    token = printed("token", "ROLE=operator").strip()
    return {"api": api, "API": api, "token": token, "TOKEN": token}


def run(found: list[Block], folder: Path, port: int, state: Path, longest: float) -> list[str]:
    """Run blocks, page by page, and print each with its time; the places of those that failed."""
    environment = {**os.environ, "PORT": str(port), "STATE": str(state), "MALLBOTS_CHECKOUT": str(folder)}
    failed, shells = [], dict[str, Shell]()
    for block in found:
        if block.page not in FROM_NOTHING and "API" not in environment:
            environment |= prepared(folder, environment, longest)
        shell = shells.setdefault(block.page, Shell(folder, environment, longest))
        well, seconds, said = shell.run(block)
        print(f"{seconds:7.1f} s  {'ok    ' if well else 'FAILED'}  {block.place}", flush=True)
        if not well:
            failed.append(block.place)
            print("\n".join(f"           {line}" for line in said.splitlines()[-15:]), file=sys.stderr, flush=True)
    return failed


def main(words: list[str] | None = None) -> int:
    options = parser().parse_args(words)
    found = chosen(options.page)
    skipped = [block for block in found if block.reason]
    wanted = [block for block in found if not block.reason]
    for block in skipped if not options.list else found:
        print(f"{'':7}    {block.reason or 'to run'}  {block.place}")
    failed: list[str] = []
    began = time.monotonic()
    # The pages that begin with nothing come first.
    wanted.sort(key=lambda block: block.page not in FROM_NOTHING)
    if not options.list:
        with tempfile.TemporaryDirectory(prefix="mallbots-docs-", ignore_cleanup_errors=True) as temporary:
            folder = clone(Path(temporary), bare=options.bare)
            state = (options.state or Path(temporary) / "state").resolve()
            try:
                failed = run(wanted, folder, options.port, state, options.longest)
            finally:
                down = ["make", "down", f"PORT={options.port}", f"STATE={state}"]
                subprocess.run(down, cwd=folder, check=False, capture_output=True)
    seconds = round(time.monotonic() - began)
    print(json.dumps({"blocks": len(wanted), "skipped": len(skipped), "failed": failed, "seconds": seconds}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
