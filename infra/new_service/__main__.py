"""Write a new service, or take one out: `python -m infra.new_service loyalty` (`--remove` takes it out again).

What it writes works as it is: it records each order that is placed, publishes that, and lists a customer's orders.
`make docs` is to be run afterwards: the target `make new-service` does so.
"""

import argparse
import sys
from pathlib import Path

from infra.new_service.rooms import NameRefusedError, remove, write

ROOT = Path(__file__).parents[2]


def main(words: list[str] | None = None) -> int:
    parser = parser_of()
    given = parser.parse_args(words)
    try:
        paths = (remove if given.remove else write)(given.root, given.name)
    except NameRefusedError as error:
        print(error, file=sys.stderr)
        return 2
    for path in paths:
        print(f"{'removed' if given.remove else 'wrote'} {path}")
    return 0


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.new_service", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="one word of small letters, such as loyalty")
    parser.add_argument("--remove", action="store_true", help="take the service out again")
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
