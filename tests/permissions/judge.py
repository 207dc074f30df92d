"""Whether a role may make a call, as the local cloud's evaluator judges it."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from infra.documents.generate import ROOT
from tests.infra.conftest import Resource
from tests.permissions.roles import Call

ENGINE = ROOT / ".engine" / "bin" / "python"


class Judge:
    """Asks the evaluator, which is a process of its own: it needs the engine's environment."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.judged = 0

    def allowed(self, statements: Sequence[Resource], calls: Iterable[Call]) -> set[Call]:
        """Those of the calls that a role with these statements may make. Raises RuntimeError if the evaluator died."""
        asked = list(calls)
        if not asked:
            return set()
        question = {
            "statements": statements,
            # The evaluator knows the keys of a request in lower case.
            "calls": [[c.action, c.resource, {key.lower(): value for key, value in c.context}] for c in asked],
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the engine's evaluator ended: its error is above")
        self.judged += len(asked)
        return {call for call, yes in zip(asked, json.loads(line), strict=True) if yes}


@contextmanager
def judging() -> Iterator[Judge]:
    """Within the block, the evaluator runs. Raises FileNotFoundError without the engine (`make install`)."""
    command = [str(ENGINE), str(ROOT / "tests" / "permissions" / "engine.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Judge(process)
        assert process.stdin
        process.stdin.close()
