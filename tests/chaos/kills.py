"""What a kill of the engine took back, and how its clients bring it back: each request again, under its key."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clients.mall import Json, MallError
from functions.kernel.runtime import ids
from infra.local.engine.patches.autosave import INTERVAL_SECONDS, MOMENT
from tests.chaos import saved
from tests.chaos.clients import NoAnswerError, PatientMall
from tests.chaos.journal import Asked, Journal
from tests.simulation.check.stored_form import unpacked

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


def bring_back(taken: TakenBack) -> None:
    """Repeat each request by its client under its key, in the order in which they were acknowledged."""
    for asked in taken.requests:
        assert isinstance(asked.by, PatientMall)
        client: Repeats = asked.by.through_the_gate()
        try:
            client.call(asked.method, asked.path, asked.body, key=asked.key)
        except (MallError, NoAnswerError) as error:
            taken.refused.append(f"{asked.method} {asked.path}: {error}")


def _holds_commits(table: str) -> bool:
    return table.endswith("/events")
