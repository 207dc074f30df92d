"""What a kill of the engine took back, and how its clients bring it back: each request again, under its key."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clients.mall import Json, Mall, MallError, WaitTimeoutError, wait_for
from functions.kernel.runtime import ids
from functions.kernel.runtime.context import BOT
from infra.local.engine.patches.autosave import INTERVAL_SECONDS, MOMENT
from tests.chaos import saved
from tests.chaos.clients import AbandonedError, NoAnswerError, PatientMall
from tests.chaos.journal import Asked, Journal
from tests.simulation.check.stored_form import unpacked

NOT_THERE = 404
THERE_WITHIN = 600.0  # seconds
SLACK_SECONDS = 2.0  # until the saver's thread runs, and the loop forks


class Repeats(Protocol):
    """A connection that sends a request until it is answered for good."""

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json: ...


@dataclass(frozen=True)
class TakenBack:
    """killed: when. moment: of the state that was loaded. promised: after how many seconds nothing is taken back.

    requests: what was acknowledged and taken back. refused: repetitions that the mall refused, since it knows less.
    """

    killed: float
    moment: float
    promised: float
    requests: list[Asked]
    refused: list[str]

    @property
    def seconds(self) -> float:
        """How long before the kill the first of it was acknowledged."""
        return max((self.killed - asked.answered_at for asked in self.requests), default=0.0)

    @property
    def kept_its_promise(self) -> bool:
        """Whether nothing older than promised was taken back."""
        return self.seconds <= self.promised


def causes(of: saved.Saved) -> set[str]:
    """The causes of all commits."""
    found = (unpacked(item).get("cause") for name, items in of.tables.items() if _holds_commits(name) for item in items)
    return {cause["S"] for cause in found if cause}


def cause_of(asked: Asked) -> str:
    """The cause that a request's Idempotency-Key is."""
    return ids.derive(asked.who, asked.key)


def taken_back(journal: Journal, state: Path, killed: float) -> TakenBack:
    """Find out what is no longer there, while no engine runs; those requests, and later reads, are marked."""
    found = saved.read(state)
    there = causes(found)
    requests = []
    for asked in journal.between(found.moment, killed):
        if asked.writes and asked.key and asked.accepted:
            if cause_of(asked) in there:
                continue
            requests.append(asked)
        asked.taken_back = True
    return TakenBack(killed, found.moment, promised(state), requests, [])


def promised(state: Path) -> float:
    """The seconds after which what was acknowledged is saved: a save, then its interval, as the autosave has it."""
    written = json.loads((state / saved.FOLDER / MOMENT).read_text())
    save = written["written"] - written["moment"]
    return float(save + max(INTERVAL_SECONDS, 10 * save) + SLACK_SECONDS)


def bring_back(taken: TakenBack) -> list[Asked]:
    """Repeat each request by its client under its key, in the order in which they were acknowledged.

    Returns those of customers about what is not there yet: what the system itself had done since was taken back too.
    """
    early = []
    for asked in taken.requests:
        assert isinstance(asked.by, PatientMall)
        client: Repeats = asked.by.through_the_gate()
        try:
            client.call(asked.method, asked.path, asked.body, key=asked.key)
        except MallError as error:
            # A robot is given a list anew, and begins anew.
            if error.status == NOT_THERE and not asked.who.startswith(f"{BOT}:"):
                early.append(asked)
            else:
                taken.refused.append(f"{asked.method} {asked.path}: {error}")
        except NoAnswerError as error:
            taken.refused.append(f"{asked.method} {asked.path}: {error}")
    return early


def bring_back_later(taken: TakenBack, early: Sequence[Asked]) -> None:
    """Repeat what was too early, each request until what it is about is there."""
    for asked in early:
        by = asked.by
        assert by is not None

        def answered(asked: Asked = asked, by: Mall = by) -> bool:
            by.call(asked.method, asked.path, asked.body, key=asked.key)
            return True

        try:
            wait_for(answered, asked.path, seconds=THERE_WITHIN)  # which waits after a 404
        except (MallError, NoAnswerError, WaitTimeoutError, AbandonedError) as error:
            taken.refused.append(f"{asked.method} {asked.path}: {error}")


def _holds_commits(table: str) -> bool:
    return table.endswith("/events")
