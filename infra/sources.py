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
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted((*files, *(ROOT / name for name in FILES))):
        name = path.relative_to(ROOT).as_posix()
        if not (name.startswith(NOT_READ_FOLDERS) or name.endswith(NOT_READ_ENDINGS)):
            content = path.read_bytes()
            found.update(f"{name}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
