"""Bundles: a function's code, or a layer, is unpacked once, and each execution environment gets links to it.

As in AWS, where environments share what is in `/var/task` and `/opt`, and can write to neither. The engine unpacks code
and layers again for each environment that it starts.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from infra.local.engine.seams import Seams, module


def apply() -> None:
    seams, runtime = Seams("bundles"), module("core.lambda_runtime")
    seams.need(runtime.zipfile, "ZipFile", "BadZipFile")
    replaced = SimpleNamespace(ZipFile=UnpackedOnce, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile)
    seams.replace(runtime, "zipfile", replaced)


class UnpackedOnce(zipfile.ZipFile):
    """An archive of which one copy is unpacked, in a folder named after its content, for as long as the engine runs."""

    def __init__(self, file: str, *rest: Any) -> None:
        super().__init__(file, *rest)
        with Path(file).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        self._unpacked = Path(tempfile.gettempdir()) / "bundles" / digest

    def namelist(self) -> list[str]:
        """The names, which the engine checks before it unpacks; none where that was done."""
        return [] if self._unpacked.is_dir() else super().namelist()

    def extractall(self, path: Any = None, *rest: Any) -> None:
        """Link what the archive holds at its top into a folder."""
        if not self._unpacked.is_dir():
            self._unpack(*rest)
        for entry in self._unpacked.iterdir():
            (Path(path) / entry.name).symlink_to(entry)

    def _unpack(self, *rest: Any) -> None:
        """Into a folder of its own first: two environments may start at once, and the first to be ready counts."""
        self._unpacked.parent.mkdir(exist_ok=True)
        folder = tempfile.mkdtemp(dir=self._unpacked.parent)
        super().extractall(folder, *rest)
        try:
            os.rename(folder, self._unpacked)
        except OSError:
            if not self._unpacked.is_dir():
                raise
            shutil.rmtree(folder)
