"""The letters of a forecast that are answered by one invocation: of one service, or of its relay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, observe, runtime
from functions.kernel.runtime.side_by_side import results
from functions.operations import cloud, edits, rows, run_rows
from functions.operations.cloud import LONGEST_CALL, Functions
from functions.operations.consumers import RELAY, consumers
from functions.operations.forecast_rows import Answer, Progress, in_words
from functions.operations.letters import Letter
from functions.operations.runs import Run

# Beside an overlay of 3 MB, of a request that holds 6.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LETTERS, BYTES = 100, 2_000_000
RELAYED = 20  # letters of a relay, which takes a question for each
FAILURES = 2  # of an invocation in a row, after which its letter is asked about once more, or none where it is silent
LOST = 5  # letters in a row that are left open so, after which the function is taken for one that is silent
VERSIONS = 100  # of a stream, before that of a message, from which on the commit that holds it may begin
REFUSED = "RefusedByBus"  # as the kernel's eventstore/relay.py names it
CANNOT_TELL = "cannot tell"
FORECAST = "forecast"
GONE = "it is not there any more"


@dataclass(frozen=True)
class Asking:
    """How consumers and relays are asked.

    seconds: how long an invocation is waited for. hurry: how many of them a forecast may work.
    """

    functions: Functions
    relays: Functions
    seconds: float
    hurry: float | None = None

    def has_time(self) -> bool:
        """Whether this function may wait for another invocation, and still end by itself."""
        return budget.left() >= self.seconds + budget.RESERVE


@dataclass(frozen=True)
class Told:
    """What was told of the first letters of a chunk: none where the invocation failed.

    silent: the function that answers about no letter, where there is one. lost: as of Progress, after these.
    """

    answers: Sequence[Answer]
    overlay: Any = None
    code: str = ""
    silent: str = ""
    lost: Mapping[str, int] = field(default_factory=dict)


def patiently() -> Asking:
    """As the runner asks."""
    return Asking(cloud.forecasts(), cloud.relays(), LONGEST_CALL)


def quickly() -> Asking:
    """As is asked within a request."""
    return Asking(cloud.forecasts_now(), cloud.relays_now(), cloud.SHORT_CALL, hurry=cloud.SHORT_CALL - 1)


@dataclass(frozen=True)
class Chunk:
    """Letters that follow each other in the set, by their ids; None for one that is not there any more."""

    run: Run
    consumer: str
    letters: Mapping[str, Letter | None]

    @property
    def service(self) -> str:
        return self.consumer.partition("/")[0]

    @property
    def function(self) -> str:
        """The function that is asked: of the service, or of its relay."""
        return f"{self.service}/{RELAY}" if self._is_of_relay else self.service

    @property
    def _is_of_relay(self) -> bool:
        return _invoked(self.consumer)[1]

    def forecast(self, asking: Asking, overlay: Any, progress: Progress) -> Told | None:
        """What is told of the first letters; None where no time is left to ask, which is no failure of the function.

        progress: how often the invocation failed just now, and what is silent.
        """
        untold = self._not_to_be_asked()
        if untold:
            return Told(untold, overlay, lost=progress.lost)
        letters = [one for one in self.letters.values() if one]
        if progress.silent == self.function:
            return self._left_open(letters, silent=self.function)
        is_last_try = progress.failures >= FAILURES
        if is_last_try and asking.has_time() and not self._answers(asking, overlay):
            return self._left_open(letters, silent=self.function)
        if not asking.has_time():  # any more: reading the letters, or asking about none, took it
            return None
        ask = self._of_relay if self._is_of_relay else self._ask
        try:
            return ask(asking, letters, overlay)
        except UnavailableError as error:
            observe.log_error(f"the forecast of {self.function} does not answer", error, run=self.run.id)
            return self._lost(letters[:1], overlay, progress) if is_last_try else Told([])

    def _not_to_be_asked(self) -> list[Answer]:
        """The answers for the first letters that are gone, or whose consumer is, up to one that can be asked about."""
        told: list[Answer] = []
        for id, letter in self.letters.items():
            consumer = self._consumer(letter) if letter else ""
            known = consumers().get(consumer)
            if letter is None:
                told.append(cannot_tell(id, GONE))
            elif known is None or not (known.handles or known.is_relay):
                told.append(cannot_tell(id, f"there is no consumer {consumer}: name another one"))
            else:
                break
        return told

    def _left_open(self, letters: Sequence[Letter], overlay: Any = None, silent: str = "") -> Told:
        why = f"the forecast of {self.function} does not answer"
        return Told(self._with_those_gone([cannot_tell(one.id, why) for one in letters]), overlay, silent=silent)

    def _lost(self, letters: Sequence[Letter], overlay: Any, progress: Progress) -> Told:
        """The first letter left open, which costs minutes: after some in a row, none is asked about any more."""
        lost = progress.lost.get(self.function, 0) + 1
        told = self._left_open(letters, overlay, silent=self.function if lost == LOST else "")
        return replace(told, lost={self.function: lost})

    def _answers(self, asking: Asking, overlay: Any) -> bool:
        """Whether the function answers at all: about no letter."""
        try:
            if self._is_of_relay:
                asking.relays.invoke(self.service, {"about": {}})
            else:
                asking.functions.invoke(self.service, {"letters": [], "overlay": overlay})
        except UnavailableError as error:
            observe.log_error(f"{self.function} does not answer about any letter", error, run=self.run.id)
            return False
        return True

    def _ask(self, asking: Asking, letters: Sequence[Letter], overlay: Any) -> Told:
        asked = [
            {
                "id": one.id,
                "consumer": self._consumer(one),
                "body": self._body(one),
                "error": one.error,
            }
            for one in letters
        ]
        request = {"letters": asked, "overlay": overlay, **({"seconds": asking.hurry} if asking.hurry else {})}
        told = asking.functions.invoke(self.service, request)
        return Told(self._with_those_gone(told["answers"]), told["overlay"], told.get("code", ""))

    def _with_those_gone(self, answers: Sequence[Answer]) -> list[Answer]:
        """The answers in the order of the set, among them those of letters that are not there any more."""
        found = {answer["id"]: answer for answer in answers}
        told: list[Answer] = []
        for id, letter in self.letters.items():
            if letter and id not in found:
                break
            told.append(found.get(id) or cannot_tell(id, GONE))
        return told

    def _consumer(self, letter: Letter) -> str:
        return self.run.asked.get("to") or letter.consumer

    def _body(self, letter: Letter) -> str:
        """What would be sent: verbatim, or with other data."""
        data = self.run.asked.get("data")
        return letter.body if data is None else edits.previewed(letter, data)

    def _of_relay(self, asking: Asking, letters: Sequence[Letter], overlay: Any) -> Told:
        """What is told of so many letters as there is time to ask about: each is an invocation."""
        answers: dict[str, Answer] = {}
        for letter in letters[:RELAYED]:
            if answers and not asking.has_time():
                break
            answers[letter.id] = forecast_relayed(letter, asking.relays)
        return Told(self._with_those_gone([{"id": id, **answer} for id, answer in answers.items()]), overlay)


def chunk_at(run: Run, progress: Progress) -> Chunk:
    """The letters from where a forecast is, as far as one invocation may take them."""
    many = 1 if progress.position < progress.alone_until else LETTERS
    wanted = run_rows.letters_of(run, range(progress.position, min(progress.position + many, run.total)))
    ids = [wanted[position] for position in sorted(wanted)]
    found = results(runtime.current().side_by_side([partial(_find, id) for id in ids]))
    chosen: dict[str, Letter | None] = {}
    consumer, size = "", 0
    for id, letter in zip(ids, found, strict=True):
        its_own = (run.asked.get("to") or letter.consumer) if letter else consumer
        size += len(letter.body.encode()) if letter else 0
        if chosen and ((_invoked(its_own) != _invoked(consumer) and consumer) or size > BYTES):
            break
        consumer = consumer or its_own
        chosen[id] = letter
    return Chunk(run, consumer or progress.service, chosen)


def _find(id: str) -> Letter | None:
    """A letter; None also where its body is gone."""
    found = rows.find(id)
    return found if found and found.life else None


def _invoked(consumer: str) -> tuple[str, bool]:
    """Which invocation a consumer's letters are in: of its service, or of its relay."""
    service, _, queue = consumer.partition("/")
    return service, queue == RELAY


def forecast_relayed(letter: Letter, relays: Functions) -> Answer:
    """What would become of a letter of a relay: it passes where the relay can read the commit with its message."""
    if letter.error == REFUSED:
        return {"answer": CANNOT_TELL, "detail": {"why": "the bus refused it, and may do so again"}}
    if _is_held(letter, relays):
        return {
            "answer": "passes",
            "detail": {"writes": [], "commits": 0, "rows": 0, "sends": {letter.name: 1}, "asks": {}},
        }
    reason = f"no commit of {letter.stream} holds it"
    return {"answer": "fails", "detail": {"error": "NotFoundError", "reason": reason, "retry": False}}


def _is_held(letter: Letter, relays: Functions) -> bool:
    """Whether a commit holds the message of a letter: the one with its version, or one that begins before it.

    A page may end before that: at 1 MB, or where a function's answer is full.
    """
    wanted = {"stream": letter.stream, "names": [letter.name], "only": [letter.name], "limit": VERSIONS}
    after = max(0, letter.stream_version - VERSIONS)
    while True:
        page = relays.invoke(letter.service, {"history": {**wanted, "cursor": str(after)}})
        if any(detail["metadata"]["id"] == letter.message_id for detail in page["messages"]):
            return True
        after = int(page["cursor"] or letter.stream_version)
        if after >= letter.stream_version:
            return False


def note_answers(run: Run, told: Told) -> None:
    """Note in the history of each letter what was forecast, and by which code; once, however often it is done."""
    jobs = [partial(_note, run, answer, told.code) for answer in told.answers]
    for answer, failure in zip(told.answers, runtime.current().side_by_side(jobs), strict=True):
        if isinstance(failure, Exception):  # the run has the answer all the same
            observe.log_error("a forecast was not noted with its letter", failure, letter=answer["id"])


def _note(run: Run, answer: Answer, code: str) -> None:
    detail = f"{run.id}: {in_words(answer)}" + (f" (code {code})" if code else "")

    def after(letter: Letter) -> Letter:
        is_noted = any(one.what == FORECAST and one.detail.startswith(f"{run.id}:") for one in letter.history)
        return letter if is_noted else letter.after(FORECAST, run.by, detail)

    if rows.find(answer["id"]):
        rows.change(answer["id"], after)


def cannot_tell(id: str, why: str) -> Answer:
    """The answer for a letter that was not tried."""
    return {"id": id, "answer": CANNOT_TELL, "detail": {"why": why}}
