"""An operator at a shell who may end a verb by Ctrl-C, and what is noted of the verbs that were typed."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.documents.generate import ROOT
from tests.e2e.shell import Shell, verb_of

INTERRUPTED = 130
ENDS_WITHIN = 60  # seconds after Ctrl-C


@dataclass
class Typist(Shell):
    """A shell. done: the verbs that did what they say, rather than said only what they would do, or refused."""

    done: set[str] = field(default_factory=set)

    def __call__(self, line: str, *codes: int) -> Any:
        """As in any shell."""
        answer = super().__call__(line, *codes)
        if 0 in (codes or (0,)) and "--dry-run" not in line:
            self.done.add(verb_of(line))
        return answer

    def refuses(self, line: str, code: int, words: str) -> None:
        """Type a line that must fail by this code, and say these words."""
        said = self(line, code)
        assert words in said, said

    @contextmanager
    def at_work(self, line: str) -> Iterator[None]:
        """Within the block a verb goes on; Ctrl-C ends it then, which a terminal sends to all of its processes."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job in the background, and children inherit it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        about = {"PORT": str(self.cloud.engine.port), "STATE": str(self.cloud.state)}
        said = self.folder / "said"
        with (
            said.open("w") as output,
            subprocess.Popen(
                [Path(sys.executable).parent / "mallbots", *shlex.split(line)],
                cwd=ROOT,
                env={**os.environ, **about, "XDG_CONFIG_HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            ) as running,
        ):
            try:
                yield
                os.killpg(running.pid, signal.SIGINT)
                code = running.wait(ENDS_WITHIN)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
                print(said.read_text(), file=sys.stderr)  # which is shown where the test fails
        self.typed.add(verb_of(line))
        assert code == INTERRUPTED, f"mallbots {line}: {code}"
        self.done.add(verb_of(line))
