"""Cut a release of the published language: `python -m language.release 0.2.0`.

The current schemas are copied to `events/released/`: from then on `--check` of language.generate compares every change
with them, even if `events/schemas/` changes too. `events/released/VERSION` names the release.
"""

import argparse
import shutil
import sys
from pathlib import Path

from language.generate import ROOT, plan


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Copy the schemas. Returns 1 if they drifted, break the last release, or the version is not a later one."""
    parser = argparse.ArgumentParser(prog="python -m language.release", description=__doc__)
    parser.add_argument("version", type=_numbers, help="later than the last one: 0.2.0")
    version = parser.parse_args(arguments).version
    released, last = root / "events" / "released", root / "events" / "released" / "VERSION"
    if last.exists() and version <= _numbers(last.read_text()):
        print(f"{_text(version)} is not later than the last release, {last.read_text().strip()}", file=sys.stderr)
        return 1
    found = plan(root)
    if found.faults or found.write:
        print("The committed schemas or samples are out of date: run make docs first", file=sys.stderr)
        return 1
    released.mkdir(exist_ok=True)
    for path in sorted((root / "events" / "schemas").glob("*.json")):
        shutil.copyfile(path, released / path.name)
    last.write_text(f"{_text(version)}\n")
    print(f"released {_text(version)}")
    return 0


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.strip().split("."))


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    sys.exit(main())
