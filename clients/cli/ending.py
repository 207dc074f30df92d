"""How a command ends: its exit code, and what it says when it did not do what was asked."""

import difflib
from collections.abc import Iterable, Sequence

from clients.cli.wording import counted

DONE, FAILED, USAGE, NOT_FOUND, PARTLY, INTERRUPTED = 0, 1, 2, 3, 4, 130
BROKEN = 500  # statuses from here on say that the service failed, not the request
SHORT = 4  # characters of an id that say which is meant, where no other begins so
NAMED = 5  # of the ids that a beginning may mean
CLOSE = 0.5  # of difflib's ratio: a UUID with half of its characters right is still the one that was meant


class EndedError(Exception):
    """A command ends with this exit code; the text is for who typed it, the hint is what to do.

    status: of the answer that ended it, as HTTP has it; 0 where there was none.
    """

    def __init__(self, message: str, code: int = FAILED, hint: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.message, self.code, self.hint, self.status = message, code, hint, status

    @property
    def is_silence(self) -> bool:
        """Whether the service that was asked does not work, so that others may still be asked."""
        return self.status >= BROKEN

    @property
    def may_pass(self) -> bool:
        """Whether it may be another in a moment: the service fails, or no answer came."""
        return self.is_silence


class UnansweredError(EndedError):
    """No answer came. What was to be changed may have been done."""

    @property
    def may_pass(self) -> bool:
        return True


def unknown(what: str, given: str, known: Iterable[str]) -> EndedError:
    """That there is no such thing, with the nearest one that there is."""
    found = nearest(given, known)
    return EndedError(f"there is no {what} {given!r}", NOT_FOUND, f"did you mean {found}?" if found else "")


def must_be(given: str, known: Iterable[str], what: str) -> None:
    """Raises EndedError, with the nearest one, for a value of an option that is none of these; empty is not given."""
    if given and given not in known:
        found = nearest(given, known)
        hint = f"did you mean {found}?" if found else f"one of {', '.join(known)}"
        raise EndedError(f"there is no {what} {given!r}", USAGE, hint)


def whole(what: str, given: str, known: Iterable[str]) -> str:
    """The one id that begins as what was given; empty where there is none. Raises EndedError for more than one."""
    begins = sorted({one for one in known if one.startswith(given)}) if len(given) >= SHORT else []
    if len(begins) > 1:
        raise ambiguous(what, given, begins)
    return begins[0] if begins else ""


def ambiguous(what: str, given: str, found: Sequence[str]) -> EndedError:
    """That more than one thing may be meant, with the first of them."""
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return EndedError(f"{given} begins {counted(len(found), what)}: {', '.join(found[:NAMED])}{more}", USAGE)


def nearest(given: str, known: Iterable[str]) -> str:
    """What was meant most likely: what begins so, or is spelled most like it; empty if nothing is near."""
    names = sorted(set(known))
    begins = [name for name in names if given and name.startswith(given)]
    close = begins or difflib.get_close_matches(given, names, n=1, cutoff=CLOSE)
    return close[0] if close else ""
