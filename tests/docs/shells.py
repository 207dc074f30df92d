"""Shells in which the blocks of a page run one after the other."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FAILED = 'failed=0; trap "failed=1" ERR'
OF_TEMPLATES = re.compile(r"make (?:synth|idle-cost) .*")  # they need no stage that is deployed
OF_STAGE = re.compile(r" (?:STAGE=|--stage )prod\b")
OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "ARGS", "PAGE")  # of a make that runs blocks, and not of a block's
ENDS_WITHIN = 60  # seconds, after Ctrl-C


@dataclass(frozen=True)
class Ran:
    """What became of a block. said: what it printed."""

    well: bool
    seconds: float
    said: str


def as_local(script: str) -> str:
    """A script of a page as it is run here: a stage on AWS is the local mall."""
    lines = [line if OF_TEMPLATES.search(line) else OF_STAGE.sub("", line) for line in script.splitlines()]
    return "\n".join(lines).replace("mallbots-prod-", "mallbots-local-")


class Shell:
    """A shell in a folder; a script has the variables, the functions and the place that those before have left.

    kept: a file for what they leave. longest: seconds that a script may take.
    """

    def __init__(self, folder: Path, environment: dict[str, str], kept: Path, longest: float) -> None:
        self._folder, self._environment, self._kept, self._longest = folder, environment, kept, longest

    def run(self, script: str, until: str | None = None) -> Ran:
        """Run a script; with `until`, send Ctrl-C once it has printed that. It is well if all commands succeeded."""
        kept = shlex.quote(str(self._kept))
        before = f"source {kept} 2> /dev/null\n" if self._kept.exists() else ""
        keep = f'{{ declare -p; declare -f; echo cd $(printf %q "$PWD"); }} > {kept} 2> /dev/null'
        text = f"{before}set -E; {FAILED}\n{script}\n{keep if not until else ''}\nexit $failed"
        began = time.monotonic()
        code, said = self._ended(["bash", "-c", text], until)
        seconds = time.monotonic() - began
        if code == -signal.SIGKILL:
            return Ran(False, seconds, f"{said}\nnot done after {seconds:.0f} s")
        if until:
            # Make and the shell end by the interrupt, whatever the program makes of it.
            return Ran(until in said and "Traceback" not in said, seconds, said)
        return Ran(code == 0, seconds, said)

    def copied(self, kept: Path) -> "Shell":
        """Another shell that begins with what this one has now."""
        shutil.copy(self._kept, kept)
        return Shell(self._folder, self._environment, kept, self._longest)

    def _ended(self, command: list[str], until: str | None) -> tuple[int, str]:
        """Run a command to its end, or by Ctrl-C once it has printed a text; its code, and what it printed."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job in the background, and children inherit it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with subprocess.Popen(
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as running:
            late = _killed_after(self._longest, running.pid)
            said = ""
            assert running.stdout is not None
            for line in running.stdout:
                said += line
                if until and until in line:
                    _signal(running.pid, signal.SIGINT)
                    late.cancel()
                    late = _killed_after(ENDS_WITHIN, running.pid)
            code = running.wait()
            late.cancel()
        return code, said


def _killed_after(seconds: float, group: int) -> threading.Timer:
    timer = threading.Timer(seconds, lambda: _signal(group, signal.SIGKILL))
    timer.start()
    return timer


def _signal(group: int, which: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, which)
