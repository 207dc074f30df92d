"""The shell of an operator, in which the installed command line is typed."""

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.cli import __main__ as _registers_all_verbs  # noqa: F401
from clients.cli.verbs import VERBS
from infra.documents.generate import ROOT
from infra.local.cloud import LocalCloud

AT_ONCE = 4


@dataclass
class Shell:
    """An operator's shell, in which PORT and STATE name the mall. typed: the verbs that were run."""

    cloud: LocalCloud
    folder: Path
    typed: set[str] = field(default_factory=set)

    def __call__(self, line: str, *codes: int) -> Any:
        """Type a line after `mallbots`: what it prints as JSON, or what it says where it fails.

        codes: by which it may end, where it is not by 0 alone.
        """
        cloud = self.cloud
        about = {"PORT": str(cloud.engine.port), "STATE": str(cloud.state), "XDG_CONFIG_HOME": str(self.folder)}
        done = subprocess.run(
            [Path(sys.executable).parent / "mallbots", *shlex.split(line), "--json"],
            cwd=ROOT,
            env={**os.environ, **about},
            capture_output=True,
            text=True,
            check=False,
        )
        self.typed.add(verb_of(line))
        assert done.returncode in (codes or (0,)), f"mallbots {line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout else done.stderr

    def all(self, *lines: str, codes: tuple[int, ...] = (0,)) -> list[Any]:
        """Type lines side by side."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda line: self(line, *codes), lines))


def verb_of(line: str) -> str:
    """The verb that a line begins with."""
    return max((verb.words for verb in VERBS if line.startswith(verb.words)), key=len)
