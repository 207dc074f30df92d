"""What templates and functions are made of, as a digest: where it is the same, so is what is made."""

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("events", "functions", "infra")
FILES = ("cdk.json", "package-lock.json", "requirements/all.lock", "requirements/runtime.lock")
# What no template and no function is made of.
NOT_READ_FOLDERS = ("infra/local/", "infra/operate/")
NOT_READ_ENDINGS = (".md", ".pyc")


def digest(*said: str) -> str:
    """64 hex digits of all sources, of this interpreter's version, and of what was said, such as the CDK's context."""
    found = hashlib.sha256(repr((sys.version, said)).encode())
    for name in _names():
        content = (ROOT / name).read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def last_change() -> int:
    """When a source was last written, in nanoseconds: an edit that was taken back leaves the digest, and another time.

    It is a file's change time, which no program sets: https://man7.org/linux/man-pages/man7/inode.7.html
    """
    return max((ROOT / name).stat().st_ctime_ns for name in _names())


def _names() -> list[str]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    names = [path.relative_to(ROOT).as_posix() for path in sorted((*files, *(ROOT / name for name in FILES)))]
    return [name for name in names if not (name.startswith(NOT_READ_FOLDERS) or name.endswith(NOT_READ_ENDINGS))]
