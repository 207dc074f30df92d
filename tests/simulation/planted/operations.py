"""Planted bugs of what operators mend with: letters, redrives, forecasts, replays, rebuilds, pauses."""

from datetime import timedelta

from functions.kernel.composition import forecast
from functions.kernel.composition.answers import Attempt
from functions.kernel.eventstore import given_up
from functions.kernel.projections import rebuilding
from functions.kernel.projections.generation import Pointer
from functions.kernel.projections.generations import Generations
from functions.operations import (
    batches,
    built_without,
    collector,
    forms,
    letter_bodies,
    pause_rows,
    pauses,
    rebuilds,
    replays,
    rows,
    runner,
    service,
    tallies,
)
from functions.operations.consumers import Consumer
from functions.operations.history_rows import Progress
from tests.simulation.check.backlogs import TOLD_IN_TIME
from tests.simulation.check.forecasts import COMES_TRUE
from tests.simulation.check.letter_bodies import OWNED
from tests.simulation.check.letters import (
    COUNTED,
    DRAINED,
    ENDS,
    GROUPED,
    STORED,
    VERBATIM,
)
from tests.simulation.check.rebuilt import (
    AS_NEVER_DOWN,
    AS_WANTED,
    COMPLETE,
    LACKS_NOTHING,
    NONE_LEFT,
    READ_ONLY,
    SAME_ROWS,
    SWITCHED_WHEN_BUILT,
)
from tests.simulation.check.self_pauses import FAILS_NOW
from tests.simulation.check.turns_of_runs import IN_TURN
from tests.simulation.planted import redrives
from tests.simulation.planted.bug import Bug, Edit, Set
from tests.simulation.planted.redrives import bug
from tests.simulation.schedule import QUIESCENCE

LETTERS = (
    bug(
        "a letter deleted before it is stored",
        "The collector deletes what it has received, and stores it then.",
        (STORED,),
        Edit(
            collector.drain,
            "        done: list[Held] = []",
            "        failure_queues().delete(queue, held)\n        done: list[Held] = []",
        ),
    ),
    bug(
        "a letter deleted that was not stored",
        "A record whose letter could not be stored is deleted with the others.",
        (STORED,),
        Edit(
            collector.drain,
            "            if isinstance(found, Exception):",
            "            if isinstance(found, Exception):\n                done.append(one)",
        ),
    ),
    bug(
        "a letter known by its record",
        "The identity of a letter is the id of its record in the failure queue.",
        (STORED, COUNTED),
        Edit(forms.letter, 'message.metadata.id if message else ""', "held.id"),
    ),
    bug(
        "a letter cut off",
        "Only the first 300 characters of a body are stored.",
        (VERBATIM,),
        Edit(forms.letter, "body=redacted(body, content, message)", "body=body[:300]"),
    ),
    bug(
        "a repetition not counted",
        "A letter that came again counts as one that came once.",
        (COUNTED,),
        Edit(collector._again, "repetitions=before.repetitions + 1", "repetitions=before.repetitions"),
    ),
    bug(
        "the last record of a batch is left out",
        "Of a batch that a stream gave up, the last record becomes no letter.",
        (STORED,),
        Edit(given_up.records, "if int(number) > int(last):", "if int(number) >= int(last):"),
    ),
    bug(
        "a stream's failure queue is not drained",
        "The collector does not know the failure queues of relays.",
        (DRAINED, QUIESCENCE),
        Edit(Consumer.failure_queues, "return (self._failure(FAILURES),)", "return ()"),
    ),
    bug(
        "a rule's dead letters are not drained",
        "The collector does not know the queues of what rules could not deliver.",
        (DRAINED, QUIESCENCE),
        Edit(
            Consumer.failure_queues,
            "(dead_letters,) if self.queue == OUTCOMES else (dead_letters, self._failure(UNDELIVERED))",
            "(dead_letters,)",
        ),
    ),
    bug(
        "a batch of a stream is one letter",
        "What a stream gave up is stored as it is in its queue, without asking the relay for its messages.",
        (STORED,),
        Edit(batches.batch, "if not isinstance(where, dict):", "if isinstance(where, dict):"),
    ),
    bug(
        "a group that is not counted again",
        "A letter that changes does not mark its group.",
        (GROUPED,),
        Edit(rows.put, "    mark(letter.fingerprint)\n", ""),
    ),
    bug(
        "a body left by each try",
        "A writer does not note the body that it is about to write, so what a failed try left is never deleted.",
        (OWNED,),
        Edit(letter_bodies.begin, "    runtime.current().views.put(Row(BEGUN, note.sort, asdict(note)), 1)\n", ""),
    ),
    bug(
        "a count that goes on at its beginning",
        "Where time ended before all letters of a group were counted, the next minute adds all of them once more.",
        (GROUPED,),
        Edit(tallies.begun, "msgspec.convert(data, Tally)", "replace(msgspec.convert(data, Tally), after=None)"),
    ),
    bug(
        "a letter put away without a reason",
        "Why a letter was parked or discarded is not kept.",
        (ENDS,),
        Edit(
            service._put_away,
            "context.current().actor, reason, state=state",
            'context.current().actor, "", state=state',
        ),
    ),
)
HISTORY = (
    bug(
        "a rebuild without one part of the history",
        "After a part of a table, the next one is left out.",
        (SAME_ROWS, AS_NEVER_DOWN, COMPLETE),
        Edit(Progress.with_page, "place=self.place + (cursor is None)", "place=self.place + 2 * (cursor is None)"),
    ),
    bug(
        "a rebuild of first pages",
        "Of each part of a table only the first page is brought.",
        (SAME_ROWS, AS_NEVER_DOWN, COMPLETE),
        Edit(replays.fill, 'progress.with_page(page["cursor"], ', "progress.with_page(None, "),
        Set(replays, "COMMITS", 1),
    ),
    bug(
        "a rebuild without what comes meanwhile",
        "New messages are written to the generation that is read alone.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(Pointer.written, "return [self.live, *others]", "return [self.live]"),
    ),
    bug(
        "a rebuild that begins at once",
        "History is brought before all containers write to the new generation.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(rebuilding.begin, "clock.read(pointer.since) + KNOWN_AFTER", "clock.read(pointer.since)"),
    ),
    bug(
        "a rebuild without indexes",
        "Rows of history are in no index of the generation that is built.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(
            Generations.put,
            "        row = self._over(row)\n",
            "        row = self._over(row)\n        if self._replaying:\n            row = replace(row, indexes={})\n",
        ),
    ),
    bug(
        "a rebuild without tombstones",
        "What history deletes is not deleted in the generation that is built, if it was not there yet.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(
            Generations.put,
            "        row = self._over(row)\n",
            "        row = self._over(row)\n        if not row.data and self._replaying:\n            return True\n",
        ),
    ),
    bug(
        "a view switched before it is built",
        "An operator may switch to a generation that is not filled yet.",
        (SWITCHED_WHEN_BUILT,),
        Edit(rebuilds.switch, "if run.state != RUNNING or progress.step != BUILT:", "if run.state != RUNNING:"),
        Edit(rebuilding._must_be_building, "if pointer.building != generation:", "if generation is None:"),
    ),
    bug(
        "a view switched without what failed in it",
        "An operator may switch to a generation that lacks the rows of letters that are open.",
        (LACKS_NOTHING,),
        Edit(built_without.must_lack_nothing, "if generation is None:", "if generation is not None:"),
    ),
    bug(
        "a view switched without what another queue feeds",
        "Before a switch only the letters of the inbox are looked at, not those of the service's other consumers.",
        (LACKS_NOTHING,),
        Edit(
            built_without.must_lack_nothing,
            "if not letter.is_closed and",
            "if not letter.is_closed and letter.consumer.endswith('/inbox') and",
        ),
    ),
    bug(
        "a view switched without what is not collected",
        "Before a switch only stored letters are looked at, not what is still in the dead-letter queues.",
        (LACKS_NOTHING,),
        Edit(built_without.must_lack_nothing, "    _must_be_collected(service)\n", ""),
    ),
    bug(
        "a rebuild given up as it begins",
        "A rebuild that is cancelled before its run knows its generation leaves that where it is.",
        (NONE_LEFT,),
        Edit(rebuilds._given_up, "if progress.step == PLAN:", "if progress.generation is None:"),
    ),
    bug(
        "a replay to all rows but the last",
        "A replay brings no message of the last commit of a page.",
        (SAME_ROWS, AS_NEVER_DOWN, COMPLETE),
        Edit(replays._bring, "list(messages), 0", "list(messages)[:-1], 0"),
    ),
    bug(
        "a forecast that writes",
        "A forecast writes the rows that handling would write.",
        (READ_ONLY,),
        Edit(forecast._trying, "views=_rows(real.views, overlay, trial),", "views=real.views,"),
    ),
    bug(
        "a forecast of refusals as failures",
        "A forecast says of a command that is answered by a refusal that it fails.",
        (COMES_TRUE,),
        Edit(
            Attempt.answer,
            '_answer("refused", reason=observe.reason(refusal.error), reply=refusal.reply, **_done(self.trial))',
            '_answer("fails", error="RefusedError", reason=observe.reason(refusal.error), retry=False)',
        ),
    ),
    bug(
        "a forecast that passes for lack of ports",
        "In a forecast the ports of a service are as in any other call.",
        (COMES_TRUE, READ_ONLY),
        Edit(forecast._trying, "        trial=trial,\n", ""),
    ),
    Bug(
        "operations: runs that never take turns",
        "The oldest run is the first in each invocation of the runner.",
        (IN_TURN,),
        (Edit(runner._in_turn, "[*runs[first:], *runs[:first]]", "runs"),),
    ),
    bug(
        "a consumer paused for what it asked long ago",
        "A request for a pause counts however old it is.",
        (FAILS_NOW,),
        Set(pauses, "STALE", timedelta(days=1)),
    ),
    Bug(
        "operations: a backlog that waits since the last pause",
        "A consumer that is paused again is said to lose messages 13 days after that, though they have waited longer.",
        (TOLD_IN_TIME,),
        (Edit(pause_rows.wanting, "before.waits_since or begins", "begins or before.waits_since"),),
    ),
    bug(
        "a consumer that stays paused",
        "A consumer that is to go on is switched off again.",
        (AS_WANTED, QUIESCENCE),
        Edit(pauses._reconcile, "on=now.wanted == RUNNING", "on=False"),
    ),
)
BUGS = (*LETTERS, *redrives.BUGS, *HISTORY)
