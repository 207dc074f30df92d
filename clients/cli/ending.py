"""How a command ends: its exit code, and what it says when it did not do what was asked."""

import difflib
from collections.abc import Iterable

DONE, FAILED, USAGE, NOT_FOUND, PARTLY, INTERRUPTED = 0, 1, 2, 3, 4, 130
SHORT = 4  # characters of an id that say which is meant, where no other begins so
CLOSE = 0.5  # of difflib's ratio: a UUID with half of its characters right is still the one that was meant


class EndedError(Exception):
    """A command ends with this exit code; the text is for who typed it, the hint is what to do."""

    def __init__(self, message: str, code: int = FAILED, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.hint = message, code, hint


def unknown(what: str, given: str, known: Iterable[str]) -> EndedError:
    """That there is no such thing, with the nearest one that there is."""
    found = nearest(given, known)
    return EndedError(f"there is no {what} {given!r}", NOT_FOUND, f"did you mean {found}?" if found else "")


def whole(given: str, known: Iterable[str]) -> str:
    """The one id that begins as what was given; empty where there is none, or more than one."""
    begins = {one for one in known if one.startswith(given)} if len(given) >= SHORT else set()
    return begins.pop() if len(begins) == 1 else ""


def nearest(given: str, known: Iterable[str]) -> str:
    """What was meant most likely: what begins so, or is spelled most like it; empty if nothing is near."""
    names = sorted(set(known))
    begins = [name for name in names if given and name.startswith(given)]
    close = begins or difflib.get_close_matches(given, names, n=1, cutoff=CLOSE)
    return close[0] if close else ""
