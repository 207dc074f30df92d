"""The shipped client in a process of Node.js, by its bridge: clients/pages/live/README.md has its requests."""

import atexit
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "clients" / "pages" / "live"
BRIDGE = PAGES / "bridge.mjs"


class MachineFailedError(Exception):
    """The client's state machine raised an error."""


class Bridge:
    """One process, which runs a reducer (a TypeScript file) for all clients of a schedule."""

    def __init__(self, reducer: Path) -> None:
        command = ["node", str(BRIDGE), str(reducer)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(self.close)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait for the answer. Raises MachineFailedError."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(request, separators=(",", ":")).encode() + b"\n")
        stdin.flush()
        line = stdout.readline()
        assert line, "the bridge has ended: its errors are above"
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise MachineFailedError(answer["failed"])
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


@cache
def bridge(reducer: Path = PAGES / "reducer.ts") -> Bridge:
    """The one bridge of this process for a reducer."""
    return Bridge(reducer)
