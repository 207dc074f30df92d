"""Planted bugs of the staff's stream: of the client, by the text of its source, and of the server, as in planted/."""

import hashlib
import shutil
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.live.bridge import PAGES, ROOT
from tests.simulation.live.schedule import run_schedule
from tests.simulation.planted.bug import Bug, PatchError
from tests.simulation.schedule import ALL, Outcome, Without

FOLDER = ROOT / ".build" / "simulation" / "live-bugs"


@dataclass(frozen=True)
class ClientBug:
    """A bug of the client: in one file of clients/pages/live, `old`, which occurs once, is `new`.

    what: what is wrong, in a sentence. finds: the invariants that it violates; a violation of one of them finds it.
    """

    name: str
    what: str
    finds: tuple[str, ...]
    file: str
    old: str
    new: str

    def edited(self) -> str:
        """The file with the bug. Raises PatchError where its text does not fit (any more)."""
        source = (PAGES / self.file).read_text(encoding="utf-8")
        if source.count(self.old) != 1:
            raise PatchError(f"{self.file} has {source.count(self.old)} times {self.old!r}")
        return source.replace(self.old, self.new)

    def reducer(self) -> Path:
        """The reducer of a copy of the client that has the bug."""
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.ts"))}
        files[self.file] = self.edited()
        folder = FOLDER / hashlib.blake2b("\0".join(files.values()).encode(), digest_size=8).hexdigest()
        made = folder / "reducer.ts"
        if not made.exists():
            unfinished = folder.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            for name, text in files.items():
                (unfinished / name).write_text(text, encoding="utf-8")
            unfinished.rename(folder)
        return made

    def run(self, seed: int, without: Without = ALL) -> Outcome:
        """The schedule of a seed with the bug."""
        return run_schedule(seed, without=without, reducer=self.reducer())

    def planted(self) -> AbstractContextManager[None]:
        """Nothing of the server changes."""
        self.edited()
        return nullcontext()


@dataclass(frozen=True)
class ServerBug(Bug):
    """A bug of functions/live, or of what it relies on."""

    def run(self, seed: int, without: Without = ALL) -> Outcome:
        """The schedule of a seed with the bug."""
        return run_schedule(seed, without=without, planted=self.planted)
