"""Folders of what was built: each is made once for all that it is made of, which its name tells."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

KEPT_SECONDS = 24 * 60 * 60


def kept(folder: Path, make: Callable[[Path], object]) -> Path:
    """The folder, made at first use; those beside it that were not asked for in a day are removed.

    make: fills the empty folder that it is given, which gets its name once it is complete. Raises what `make` raises.
    """
    if folder.exists():
        folder.touch()
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as temporary:
        partial = Path(temporary) / folder.name
        partial.mkdir()
        make(partial)
        for other in folder.parent.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process has just removed or renamed it
                if other.stat().st_mtime < time.time() - KEPT_SECONDS:
                    shutil.rmtree(other, ignore_errors=True)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.exists():  # otherwise another process has made it meanwhile
                raise
    return folder
