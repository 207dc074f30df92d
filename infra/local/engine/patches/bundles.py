"""Bundles: a function's code, or a layer, is unpacked once, and each execution environment gets links to it.

As in AWS, where environments share what is in `/var/task` and `/opt`, and can write to neither. The engine unpacks code
and layers again for each environment that it starts.
"""

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

from infra.local.engine.seams import Seams, module

KEPT_SECONDS = 24 * 60 * 60


def apply() -> None:
    seams, runtime = Seams("bundles"), module("core.lambda_runtime")
    remove_old(Path(tempfile.gettempdir()) / "bundles", time.time())
    seams.need(runtime.zipfile, "ZipFile", "BadZipFile")
    replaced = SimpleNamespace(ZipFile=UnpackedOnce, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile)
    seams.replace(runtime, "zipfile", replaced)


def remove_old(bundles: Path, now: float) -> None:
    """Remove what no environment was made of for a day."""
    for bundle in bundles.glob("*"):
        if bundle.stat().st_mtime < now - KEPT_SECONDS:
            shutil.rmtree(bundle, ignore_errors=True)


class UnpackedOnce:
    """An archive that is unpacked once, into a folder named after its content, also for the engine's next runs.

    What of `zipfile.ZipFile` the engine uses. It is opened only to be unpacked: to read the list of what a layer holds
    takes longer than to start an environment.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        with Path(file).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        self._unpacked = Path(tempfile.gettempdir()) / "bundles" / digest

    def __enter__(self) -> "UnpackedOnce":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def namelist(self) -> list[str]:
        """The names, which the engine checks before it unpacks; none where that was done."""
        if self._unpacked.is_dir():
            return []
        with zipfile.ZipFile(self._file) as archive:
            return archive.namelist()

    def extractall(self, path: str) -> None:
        """Link what the archive holds at its top into a folder."""
        if not self._unpacked.is_dir():
            self._unpack()
        self._unpacked.touch()
        for entry in self._unpacked.iterdir():
            (Path(path) / entry.name).symlink_to(entry)

    def _unpack(self) -> None:
        """Into a folder of its own first: two environments may start at once, and the first to be ready counts."""
        self._unpacked.parent.mkdir(exist_ok=True)
        folder = tempfile.mkdtemp(dir=self._unpacked.parent)
        with zipfile.ZipFile(self._file) as archive:
            archive.extractall(folder)
        try:
            os.rename(folder, self._unpacked)
        except OSError:
            if not self._unpacked.is_dir():
                raise
            shutil.rmtree(folder)
