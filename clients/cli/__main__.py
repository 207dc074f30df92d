"""`mallbots VERB`: see everything, and mend anything, of a local mall or of a stage on AWS."""

import sys

from rich.console import Console
from rich.text import Text

from clients.cli import (
    auditing,
    consuming,
    customers,
    dead,
    doctor,
    history,
    incident,
    launching,
    log_lines,
    money,
    orders,
    overview,
    published,
    robots,
    sagas,
    signing,
    streams,
)
from clients.cli.ending import DONE, FAILED, INTERRUPTED, EndedError
from clients.cli.output import plain
from clients.cli.verbs import app

PARTS = (
    signing,
    overview,
    doctor,
    orders,
    dead,
    consuming,
    history,
    streams,
    sagas,
    robots,
    money,
    customers,
    auditing,
    incident,
    published,
    launching,
    log_lines,
)
"""Each registers its verbs."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    try:
        app(arguments, prog_name="mallbots")
    except EndedError as ended:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(Text(plain(ended.message), style="red"))
        if ended.hint:
            console.print(Text(plain(ended.hint)))
        return ended.code
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # a full disk, a file that is not ours
        print(plain(f"mallbots: {error}"), file=sys.stderr)
        return FAILED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else DONE
    return DONE


if __name__ == "__main__":
    sys.exit(main())
