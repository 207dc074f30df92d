"""How one letter goes back: claimed first, then sent verbatim to the queue that it came from, or by its owner's relay.

A crash between the two is repaired by sending it again under the same place of its run: the consumer's inbox knows its
cause. The body is what the queue held, so the inbox judges who sent it as it did before
(docs/adr/0051-a-redrive-goes-straight-to-the-queue.md). Where no consumer takes it any more, its claim is taken back.
"""

from collections.abc import Mapping

from functions.kernel.domain.errors import NotFoundError, RefusedError, UnavailableError
from functions.kernel.messaging import outcomes
from functions.kernel.messaging.redelivery import FIFO_GROUP
from functions.operations import cloud, rows, runs, transitions
from functions.operations.consumers import consumers
from functions.operations.letters import Letter
from functions.operations.runs import Run
from functions.operations.subscriptions import subscribes


class LaterError(UnavailableError):
    """There is no time left to send a letter: the next minute does."""


def mark_of(run: Run, position: int, letter: Letter | None) -> str:
    """Why a letter is not sent, as runs.py marks it; empty where it is, and where `send` takes its claim back.

    letter: its body does not matter.
    """
    if letter is None:
        return runs.GONE
    place = runs.place(run.id, position)
    if transitions.is_claimed(letter, place):
        return ""
    why_not = transitions.why_not(letter, place, run.cap)
    return runs.MISFIT if why_not in ("", runs.CAPPED) and why_misfit(run, letter) else why_not


def send(run: Run, position: int, letter_id: str) -> str:
    """Claim a letter and send it; returns how to mark it. Raises ConcurrencyError and UnavailableError, for a retry."""
    place = runs.place(run.id, position)
    try:
        claimed = rows.change(letter_id, lambda one: _claimed(run, place, one))
    except NotFoundError:
        return runs.GONE
    if not transitions.is_claimed(claimed, place):
        return mark_of(run, position, claimed)
    receiver = consumers()[run.to or claimed.consumer]
    if receiver.is_relay:
        return _by_relay(claimed, place)
    in_turn = {"group": claimed.fifo_group or FIFO_GROUP, "dedup": place}
    attributes = {outcomes.LETTER: claimed.id, outcomes.RUN: place}
    try:
        cloud.inboxes().send(receiver, claimed.body, attributes, **(in_turn if receiver.fifo else {}))
    except RefusedError as error:
        return _refused(claimed, place, error.message)
    return runs.SENT


def why_misfit(run: Run, letter: Letter) -> str:
    """Why no consumer takes a letter, in words; empty where one does.

    Another consumer than its own takes it only where its own is not there any more, as after a renaming, and where
    that one subscribes to its message.
    """
    known, to = consumers(), run.to or letter.consumer
    if to not in known:
        return f"there is no consumer {to} any more: say which takes it"
    if to == letter.consumer:
        return ""
    if letter.consumer in known:
        return f"its own consumer {letter.consumer} is there"
    return "" if subscribes(to, letter.name) else f"{to} does not subscribe to {letter.name or 'it'}"


def _claimed(run: Run, place: str, letter: Letter) -> Letter:
    """The letter on its way; where no consumer takes it, also one that took it when it was claimed, as one that is not.

    A claim that is not given back would keep the letter from every other redrive, and from operators, for ever.
    """
    why = why_misfit(run, letter)
    return transitions.released(letter, place, why) if why else transitions.claimed(letter, place, run.by, run.cap)


def _by_relay(letter: Letter, place: str) -> str:
    """Have the relay that gave a message up publish it, to all its consumers: the bus never had it.

    What comes of it is known at once: no consumer knows that it is a letter. Raises LaterError.
    """
    if not cloud.may_wait():
        raise LaterError("there is no time left for a relay to answer")
    wanted = {"stream": letter.stream, "version": letter.stream_version, "message": letter.message_id}
    try:
        answer: Mapping[str, object] = cloud.relays().invoke(letter.service, {"resend": wanted})
    except UnavailableError as error:  # it may have published it
        return _known(letter, place, outcomes.DEAD, error.message)
    if not answer.get("sent"):
        return _refused(letter, place, "no commit holds it")
    return _known(letter, place, outcomes.DONE, "")


def _refused(letter: Letter, place: str, why: str) -> str:
    """Note that nothing was sent; returns how to mark the letter."""
    rows.change(letter.id, lambda one: transitions.refused(one, place, why))
    return runs.DEAD


def _known(letter: Letter, place: str, outcome: str, why: str) -> str:
    """Note an outcome that is known at once; returns how to mark the letter."""
    rows.change(letter.id, lambda one: transitions.with_outcome(one, place, outcome, why))
    return runs.OF_OUTCOME[outcome]
