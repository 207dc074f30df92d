"""The use cases of operators: to look at what failed, to say what is known of it, and to put it away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from events.queries import FindTimeline, TimelineMessage
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from functions.kernel.messaging.queries import Ask
from functions.kernel.runtime import clock, context
from functions.operations import edits, exported, groups, order_timeline, rows
from functions.operations.groups import Group, Groups
from functions.operations.letters import DISCARDED, OPEN, PARKED, Letter
from functions.operations.rows import Filter, Letters

find_timeline = Ask(FindTimeline)


@dataclass(frozen=True)
class Shown:
    """A letter, and what was published about its order around its failure; None where that cannot be asked now."""

    letter: Letter
    timeline: Sequence[TimelineMessage] | None


def listed(wanted: Filter, limit: int, after: dict[str, Any] | None) -> Letters:
    """A page of letters without their bodies."""
    return rows.letters(wanted, limit, after, bodies=False)


def shown(id: str) -> Shown:
    """A letter with its timeline. Raises NotFoundError."""
    letter = rows.letter(id)
    return Shown(letter, _timeline(letter))


def unit_test(id: str) -> str:
    """The text of a unit test that fails as the letter did. Raises NotFoundError, RefusedError."""
    letter = rows.letter(id)
    return exported.unit_test(letter, _timeline(letter) or ())


def park(id: str, reason: str) -> Letter:
    """Keep a letter for later, with the reason. Raises NotFoundError, InvalidError, RefusedError."""
    _must_be_said(reason)
    return rows.change(id, lambda letter: _put_away(letter, "parked", PARKED, reason))


def discard(id: str, reason: str) -> Letter:
    """Close a letter that is to have no effect, with the reason. Raises NotFoundError, InvalidError, RefusedError."""
    _must_be_said(reason)
    return rows.change(id, lambda letter: _put_away(letter, "discarded", DISCARDED, reason))


def reopen(id: str) -> Letter:
    """Take back that a letter was parked or discarded. Raises NotFoundError, RefusedError."""
    return rows.change(id, _reopened)


def listed_groups(state: str, limit: int, after: dict[str, Any] | None) -> Groups:
    """A page of the groups of a state, those that were seen last first."""
    return groups.groups(state, limit, after)


def group(id: str) -> Group:
    """A group. Raises NotFoundError."""
    return groups.group(id)


def note(id: str, text: str) -> Group:
    """Write down what is known of a group's cause. Raises NotFoundError."""
    return groups.change(id, lambda found: replace(found, note=text))


def own(id: str, name: str) -> Group:
    """Say who takes care of a group. Raises NotFoundError."""
    return groups.change(id, lambda found: replace(found, owner=name))


def resolve(id: str) -> Group:
    """Say that a group's cause is mended: a letter that comes from now on opens it again. Raises NotFoundError."""
    return groups.change(id, lambda found: found if found.state == groups.RESOLVED else groups.resolved(found))


def _put_away(letter: Letter, what: str, state: str, reason: str) -> Letter:
    if letter.state == state:
        return letter
    if letter.state not in (OPEN, PARKED):
        raise RefusedError(f"the letter is {letter.state}, and only one that is open or parked is {what}", letter.state)
    return letter.after(what, context.current().actor, reason, state=state)


def _reopened(letter: Letter) -> Letter:
    if letter.state == OPEN:
        return letter
    if letter.state not in (PARKED, DISCARDED):
        raise RefusedError(
            f"the letter is {letter.state}: only one that is parked or discarded is reopened", letter.state
        )
    if edits.is_being_made(letter):
        raise RefusedError("its edit was not finished: ask for that again, or discard it", letter.state)
    return letter.after("reopened", context.current().actor, state=OPEN, open_since=clock.stamp())


def _must_be_said(reason: str) -> None:
    if not reason.strip():
        raise InvalidError("reason: say why, for those who look at the letter later")


def _timeline(letter: Letter) -> Sequence[TimelineMessage] | None:
    if letter.order:
        return order_timeline.around(letter.order, letter.failed_at)
    if not letter.correlation_id:
        return ()
    try:
        return find_timeline(correlation_id=letter.correlation_id, around=letter.failed_at).messages
    except NotFoundError:
        return ()
    except UnavailableError:
        return None
