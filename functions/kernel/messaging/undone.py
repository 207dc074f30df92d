"""What a schedule leaves undone, for its next run: the log says why, and an alarm rings where someone must know."""

from functions.kernel.messaging import retry
from functions.kernel.runtime import observe


def note(what: str, text: str, error: Exception, *, again: bool = False, **about: object) -> None:
    """Log that something was left undone. It rings `Errors` where no retry may help, and where it was left before.

    what: a name for the line of the metric. again: whether this is known not to be the first run that leaves it.
    """
    observe.log_error(text, error, **about)
    if again or not retry.may_pass(error):
        observe.count(observe.ERRORS, what)
