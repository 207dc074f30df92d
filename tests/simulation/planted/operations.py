"""Planted bugs of what operators mend with: letters, redrives, forecasts, replays, rebuilds, pauses."""

from functions.kernel.composition import forecast
from functions.kernel.eventstore import given_up, relay
from functions.kernel.projections import rebuilding
from functions.kernel.projections.generation import Pointer
from functions.kernel.projections.generations import Generations
from functions.operations import (
    batches,
    collector,
    forms,
    pauses,
    rebuilds,
    redriver,
    redrives,
    replays,
    rows,
    runs,
    sending,
    service,
    transitions,
)
from functions.operations.consumers import Consumer
from functions.operations.history_rows import Progress
from functions.operations.worker import Worker
from tests.simulation.check.letters import (
    CLAIMED,
    COUNTED,
    DRAINED,
    ENDS,
    GROUPED,
    HANDLED,
    LEGAL,
    STORED,
    VERBATIM,
)
from tests.simulation.check.rebuilt import (
    AS_NEVER_DOWN,
    AS_WANTED,
    COMPLETE,
    READ_ONLY,
    SAME_ROWS,
    SWITCHED_WHEN_BUILT,
)
from tests.simulation.check.redrives import HALTED, LIMITED, ONCE, OUTCOME, OWN_SET, RAMP, STOPS
from tests.simulation.planted.bug import Bug, Edit, Set
from tests.simulation.schedule import QUIESCENCE


def _bug(name: str, what: str, finds: tuple[str, ...], *patches: Edit | Set) -> Bug:
    return Bug(f"operations: {name}", what, finds, patches, mended=True)


LETTERS = (
    _bug(
        "a letter deleted before it is stored",
        "The collector deletes what it has received, and stores it then.",
        (STORED,),
        Edit(
            collector.drain,
            "        done: list[Held] = []",
            "        failure_queues().delete(queue, held)\n        done: list[Held] = []",
        ),
    ),
    _bug(
        "a letter deleted that was not stored",
        "A record whose letter could not be stored is deleted with the others.",
        (STORED,),
        Edit(
            collector.drain,
            "            if isinstance(found, Exception):",
            "            if isinstance(found, Exception):\n                done.append(one)",
        ),
    ),
    _bug(
        "a letter known by its record",
        "The identity of a letter is the id of its record in the failure queue.",
        (STORED, COUNTED),
        Edit(forms.letter, 'message.metadata.id if message else ""', "held.id"),
    ),
    _bug(
        "a letter cut off",
        "Only the first 300 characters of a body are stored.",
        (VERBATIM,),
        Edit(forms.letter, "body=redacted(body, content, message) if message else body", "body=body[:300]"),
    ),
    _bug(
        "a repetition not counted",
        "A letter that came again counts as one that came once.",
        (COUNTED,),
        Edit(collector._again, "repetitions=before.repetitions + 1", "repetitions=before.repetitions"),
    ),
    _bug(
        "the last record of a batch is left out",
        "Of a batch that a stream gave up, the last record becomes no letter.",
        (STORED,),
        Edit(given_up.records, "if int(number) > int(last):", "if int(number) >= int(last):"),
    ),
    _bug(
        "a stream's failure queue is not drained",
        "The collector does not know the failure queues of relays.",
        (DRAINED, QUIESCENCE),
        Edit(Consumer.failure_queues, "return (self._failure(FAILURES),)", "return ()"),
    ),
    _bug(
        "a rule's dead letters are not drained",
        "The collector does not know the queues of what rules could not deliver.",
        (DRAINED, QUIESCENCE),
        Edit(
            Consumer.failure_queues,
            "(dead_letters,) if self.queue == OUTCOMES else (dead_letters, self._failure(UNDELIVERED))",
            "(dead_letters,)",
        ),
    ),
    _bug(
        "a batch of a stream is one letter",
        "What a stream gave up is stored as it is in its queue, without asking the relay for its messages.",
        (STORED,),
        Edit(batches.batch, "if not isinstance(where, dict):", "if isinstance(where, dict):"),
    ),
    _bug(
        "a group that is not counted again",
        "A letter that changes does not mark its group.",
        (GROUPED,),
        Edit(rows.put, "    mark(letter.fingerprint)\n", ""),
    ),
    _bug(
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
REDRIVES = (
    _bug(
        "a letter in two redrives",
        "A redrive takes letters that another has sent, and of which nothing is known yet.",
        (CLAIMED, LEGAL),
        Edit(
            transitions.why_not,
            "    if letter.state == REDRIVING:\n        return runs.IN_ANOTHER_RUN\n    if letter.state != OPEN:",
            "    if letter.state not in (OPEN, REDRIVING):",
        ),
    ),
    _bug(
        "a discarded letter sent back",
        "A redrive of letters that are named sends also those that were put away.",
        (LEGAL,),
        Edit(transitions.why_not, "    if letter.state != OPEN:\n        return runs.NOT_OPEN\n", ""),
    ),
    _bug(
        "a letter sent back without end",
        "The cap of a redrive is not looked at.",
        (LIMITED,),
        Edit(transitions.why_not, 'return runs.CAPPED if letter.redrives >= cap else ""', 'return ""'),
    ),
    _bug("no ramp", "A redrive begins with fifty letters.", (RAMP,), Set(runs, "RAMP", (50,))),
    _bug(
        "a ramp that does not wait",
        "The next step of a redrive begins while letters of the last have no outcome.",
        (RAMP,),
        Edit(runs.may_send, "return 0 if waiting and at_a_boundary else min", "return min"),
    ),
    _bug(
        "a key that begins two redrives",
        "A redrive that is asked for again, under the key of a request without an answer, begins another one.",
        (ONCE,),
        Edit(redrives.begin, "_run(asked, working.new_id(), ", "_run(asked, ids.new(), "),
    ),
    _bug(
        "a cancelled redrive that goes on",
        "A redrive that an operator has cancelled sends the letters that are left.",
        (HALTED,),
        Edit(redriver._advance, "elif run.state == RUNNING:", "elif run.state in (RUNNING, runs.CANCELLED):"),
        Edit(runs.may_send, "if run.state != RUNNING:", "if run.state not in (RUNNING, CANCELLED):"),
    ),
    _bug(
        "a clock that takes from the rate",
        "A clock that is set back makes the number of letters that may be sent negative, and all are sent.",
        (RAMP,),
        Edit(Worker.allowance, "max(0.0, (now - since).total_seconds())", "(now - since).total_seconds()"),
        Edit(redriver._send_next, "if most <= 0:", "if not most:"),
    ),
    _bug(
        "a redrive that does not stop",
        "A redrive goes on however many letters fail.",
        (STOPS,),
        Edit(runs.why_to_stop, "if failures < LEAST_FAILURES or failures / len(known) < run.stop_at:", "if True:"),
    ),
    _bug(
        "failing is no failure",
        "Only letters that were given up again count as failures of a redrive.",
        (STOPS,),
        Set(runs, "FAILED", runs.DEAD),
    ),
    _bug(
        "failing is done",
        "That a letter fails for now is taken as that it was handled.",
        (HANDLED,),
        Edit(transitions.with_outcome, "if outcome == outcomes.DONE:", "if outcome != outcomes.DEAD:"),
    ),
    _bug(
        "given up is done",
        "That a letter was given up again is taken as that it was handled.",
        (HANDLED,),
        Edit(transitions.with_outcome, "if outcome == outcomes.DONE:", "if outcome != outcomes.FAILING:"),
    ),
    _bug(
        "a letter that came back stays on its way",
        "That a letter was given up again is neither taken from its consumer nor from its failure queue.",
        (OUTCOME, ENDS),
        Edit(transitions.opens_again, "return failed.run == letter.run", "return False"),
        Edit(
            transitions.with_outcome,
            "    if not is_claimed(letter, run):",
            "    if not is_claimed(letter, run) or outcome == outcomes.DEAD:",
        ),
    ),
    _bug(
        "a letter sent otherwise",
        "A letter is sent without the order that it is about.",
        (VERBATIM,),
        Edit(
            sending.send,
            "claimed.body, attributes",
            "claimed.body.replace('correlation_id', 'correlation'), attributes",
        ),
    ),
    _bug(
        "a letter sent without a claim",
        "A letter is sent before it is noted that it is on its way.",
        (CLAIMED, LEGAL, HANDLED),
        Edit(
            transitions.claimed,
            "return letter.after(SENT_BACK, actor, detail, state=REDRIVING, run=run, redrives=letter.redrives + 1)",
            "return letter",
        ),
        Edit(
            sending.send, "if not transitions.is_claimed(claimed, place) or receiver is None:", "if receiver is None:"
        ),
    ),
    _bug(
        "a letter sent to all by accident",
        "Every letter goes to the inbox of insights.",
        (CLAIMED,),
        Edit(sending._receiver, "consumers()[run.to or letter.consumer]", 'consumers()["insights/inbox"]'),
    ),
    _bug(
        "a set with each letter twice",
        "A redrive of a filter has each letter twice in its set.",
        (OWN_SET,),
        Edit(
            redriver._gather,
            "found += [letter.id for letter in page.letters]",
            "found += [letter.id for letter in page.letters] * 2",
        ),
    ),
    _bug(
        "a relay that sends nothing again",
        "The relay says that it has published a letter, and has not.",
        (HANDLED,),
        Edit(relay.resend, "failed = send(messages)", "failed = send([])"),
    ),
)
HISTORY = (
    _bug(
        "a rebuild without one part of the history",
        "After a part of a table, the next one is left out.",
        (SAME_ROWS, AS_NEVER_DOWN, COMPLETE),
        Edit(Progress.with_page, "place=self.place + (cursor is None)", "place=self.place + 2 * (cursor is None)"),
    ),
    _bug(
        "a rebuild of first pages",
        "Of each part of a table only the first page is brought.",
        (SAME_ROWS, AS_NEVER_DOWN, COMPLETE),
        Edit(replays.fill, 'progress.with_page(page["cursor"], ', "progress.with_page(None, "),
        Set(replays, "COMMITS", 1),
    ),
    _bug(
        "a rebuild without what comes meanwhile",
        "New messages are written to the generation that is read alone.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(Pointer.written, "return [self.live, *others]", "return [self.live]"),
    ),
    _bug(
        "a rebuild that begins at once",
        "History is brought before all containers write to the new generation.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(rebuilding.begin, "clock.read(pointer.since) + KNOWN_AFTER", "clock.read(pointer.since)"),
    ),
    _bug(
        "a rebuild without indexes",
        "Rows of history are in no index of the generation that is built.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(
            Generations.put,
            "        row = self._over(row)\n",
            "        row = self._over(row)\n        if self._replaying:\n            row = replace(row, indexes={})\n",
        ),
    ),
    _bug(
        "a rebuild without tombstones",
        "What history deletes is not deleted in the generation that is built, if it was not there yet.",
        (SAME_ROWS, AS_NEVER_DOWN),
        Edit(
            Generations.put,
            "        row = self._over(row)\n",
            "        row = self._over(row)\n        if self._replaying and row.data is None:\n            return True\n",
        ),
    ),
    _bug(
        "a view switched before it is built",
        "An operator may switch to a generation that is not filled yet.",
        (SWITCHED_WHEN_BUILT,),
        Edit(rebuilds.switch, "if run.state != RUNNING or progress.step != BUILT:", "if run.state != RUNNING:"),
        Edit(rebuilding._must_be_building, "if pointer.building != generation:", "if generation is None:"),
    ),
    _bug(
        "a replay to all rows but the last",
        "A replay brings no message of the last commit of a page.",
        (SAME_ROWS, AS_NEVER_DOWN, COMPLETE),
        Edit(replays._bring, "list(messages), 0", "list(messages)[:-1], 0"),
    ),
    _bug(
        "a forecast that writes",
        "A forecast writes the rows that handling would write.",
        (READ_ONLY,),
        Edit(forecast._trying, "views=_rows(real.views, overlay, trial),", "views=real.views,"),
    ),
    _bug(
        "a consumer that stays paused",
        "A consumer that is to go on is switched off again.",
        (AS_WANTED, QUIESCENCE),
        Edit(pauses._reconcile, "on=now.wanted == RUNNING", "on=False"),
    ),
)
BUGS = (*LETTERS, *REDRIVES, *HISTORY)
