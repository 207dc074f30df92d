"""The command line as the pages use it, about the local mall of PORT and STATE: `python -m tests.docs.mallbots`.

It does not ask, for no one is there to answer; and that `status` or `doctor` find something is no failure of theirs.
"""

import sys
from collections.abc import Sequence

from clients.cli.__main__ import main as run
from clients.cli.ending import DONE, PARTLY
from clients.cli.verbs import VERBS, Verb

FIND = ("doctor", "status")  # verbs that end by PARTLY where something needs a person
ANSWERED = ("--yes", "-y", "--dry-run", "--help")


def verb_of(words: Sequence[str]) -> Verb | None:
    """The verb that a command begins with; None for another beginning."""
    return next((verb for verb in VERBS if [*words[: verb.words.count(" ") + 1]] == verb.words.split()), None)


def answered(words: Sequence[str]) -> list[str]:
    """A command as one types it who agrees to what it changes."""
    verb = verb_of(words)
    return [*words, *(["--yes"] if verb and verb.changes and not {*words} & {*ANSWERED} else [])]


def as_judged(words: Sequence[str], code: int) -> int:
    """The exit code of a command, without that by which a verb says what it has found."""
    verb = verb_of(words)
    return DONE if verb and verb.words in FIND and code == PARTLY else code


def main(words: list[str]) -> int:
    return as_judged(words, run(answered(words)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
