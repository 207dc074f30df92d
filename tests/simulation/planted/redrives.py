"""Planted bugs of redrives: which letters they send, how many at once, and until when."""

from functions.kernel.eventstore import relay
from functions.kernel.messaging import inbox, outcomes
from functions.kernel.messaging.redelivery import Redelivery
from functions.operations import forms, groups, intake, redriver, redrives, run_rows, runs, sending, transitions
from functions.operations.worker import Worker
from tests.simulation.check.letters import CLAIMED, ENDS, HANDLED, LEGAL, VERBATIM
from tests.simulation.check.lost_updates import ONE_AFTER_ANOTHER
from tests.simulation.check.projections import REBUILT
from tests.simulation.check.rebuilt import SAME_ROWS
from tests.simulation.check.redrives import HALTED, LIMITED, ONCE, OUTCOME, OWN_SET, RAMP, STOPS
from tests.simulation.check.relayed import HELD
from tests.simulation.planted.bug import Bug, Edit, Set
from tests.simulation.schedule import QUIESCENCE


def bug(name: str, what: str, finds: tuple[str, ...], *patches: Edit | Set) -> Bug:
    """A bug of the tools of operations, which is looked for where operators mend."""
    return Bug(f"operations: {name}", what, finds, patches, mended=True)


NOW = "int(clock.now().timestamp() * 1_000_000)"  # a version that is higher than any before


BUGS = (
    bug(
        "a letter in two redrives",
        "A redrive takes letters that another has sent, and of which nothing is known yet.",
        (CLAIMED, LEGAL),
        Edit(
            transitions.why_not,
            "    if letter.state == REDRIVING:\n        return runs.IN_ANOTHER_RUN\n    if letter.state != OPEN:",
            "    if letter.state not in (OPEN, REDRIVING):",
        ),
    ),
    bug(
        "a discarded letter sent back",
        "A redrive of letters that are named sends also those that were put away.",
        (LEGAL,),
        Edit(transitions.why_not, "    if letter.state != OPEN:\n        return runs.NOT_OPEN\n", ""),
    ),
    bug(
        "a letter sent back without end",
        "The cap of a redrive is not looked at.",
        (LIMITED,),
        Edit(transitions.why_not, 'return runs.CAPPED if letter.redrives >= cap else ""', 'return ""'),
    ),
    bug(
        "a reply looked for in its command",
        "A reply that a relay gave up is looked for under the name of its command, where no commit is.",
        (HELD,),
        Edit(forms.in_its_place, "if place else made", "if False else made"),
    ),
    bug("no ramp", "A redrive begins with fifty letters.", (RAMP,), Set(runs, "RAMP", (50,))),
    bug(
        "a ramp that does not wait",
        "The next step of a redrive begins while letters of the last have no outcome.",
        (RAMP,),
        Edit(runs.may_send, "return 0 if waiting and at_a_boundary else min", "return min"),
    ),
    bug(
        "a key that begins two redrives",
        "A redrive that is asked for again, under the key of a request without an answer, begins another one.",
        (ONCE,),
        Edit(redrives.begin, "_run(asked, working.new_id(), ", "_run(asked, ids.new(), "),
    ),
    bug(
        "a cancelled redrive that goes on",
        "A redrive that an operator has cancelled sends the letters that are left.",
        (HALTED,),
        Edit(redriver._advance, "elif run.state == RUNNING:", "elif run.state in (RUNNING, runs.CANCELLED):"),
        Edit(runs.may_send, "if run.state != RUNNING:", "if run.state not in (RUNNING, CANCELLED):"),
    ),
    bug(
        "a clock that takes from the rate",
        "A clock that is set back makes the number of letters that may be sent negative, and all are sent.",
        (RAMP,),
        Edit(Worker.allowance, "max(0.0, (now - since).total_seconds())", "(now - since).total_seconds()"),
        Edit(redriver._send_next, "if most <= 0:", "if not most:"),
    ),
    bug(
        "a redrive that does not stop",
        "A redrive goes on however many letters fail.",
        (STOPS,),
        Edit(runs.why_to_stop, "if failures < LEAST_FAILURES or failures / len(known) < run.stop_at:", "if True:"),
    ),
    bug(
        "failing is no failure",
        "Only letters that were given up again count as failures of a redrive.",
        (STOPS,),
        Set(runs, "FAILED", runs.DEAD),
    ),
    bug(
        "failing is done",
        "That a letter fails for now is taken as that it was handled.",
        (HANDLED,),
        Edit(transitions.with_outcome, "if outcome == outcomes.DONE:", "if outcome != outcomes.DEAD:"),
    ),
    bug(
        "given up is done",
        "That a letter was given up again is taken as that it was handled.",
        (HANDLED,),
        Edit(transitions.with_outcome, "if outcome == outcomes.DONE:", "if outcome != outcomes.FAILING:"),
    ),
    bug(
        "a letter that failed in what is built is done",
        "A letter that was set aside again, for a generation that is not read, is reported as handled.",
        (HANDLED, REBUILT, SAME_ROWS),
        Edit(
            Redelivery.may_leave, "outcomes.dead(record, set_aside)", "error = outcome(partial(outcomes.done, record))"
        ),
    ),
    bug(
        "what was set aside forgets its letter",
        "The dead letter of a generation that is not read does not say which letter of which redrive it is.",
        (OUTCOME, ENDS, QUIESCENCE),
        Edit(inbox._set_aside, "letter = outcomes.identity(record)", "letter = {}"),
        Edit(outcomes.dead, "_try_to_report(record, DEAD, error)", "pass"),
    ),
    bug(
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
    bug(
        "a letter sent otherwise",
        "A letter is sent without the order that it is about.",
        (VERBATIM,),
        Edit(
            sending.send,
            "claimed.body, attributes",
            "claimed.body.replace('correlation_id', 'correlation'), attributes",
        ),
    ),
    bug(
        "a letter sent without a claim",
        "A letter is sent before it is noted that it is on its way.",
        (CLAIMED, LEGAL, HANDLED),
        Edit(
            transitions.claimed,
            "return letter.after(SENT_BACK, actor, detail, state=REDRIVING, run=run, redrives=letter.redrives + 1)",
            "return letter",
        ),
        Edit(sending.send, "if not transitions.is_claimed(claimed, place):", "if why_misfit(run, claimed):"),
    ),
    bug(
        "a letter sent to all by accident",
        "Every letter goes to the inbox of insights.",
        (CLAIMED,),
        Edit(sending.send, "consumers()[run.to or claimed.consumer]", 'consumers()["insights/inbox"]'),
    ),
    bug(
        "a set with each letter twice",
        "A redrive of a filter has each letter twice in its set.",
        (OWN_SET,),
        Edit(
            redriver._gather,
            "found += [letter.id for letter in page.letters]",
            "found += [letter.id for letter in page.letters] * 2",
        ),
    ),
    bug(
        "a relay that sends nothing again",
        "The relay says that it has published a letter, and has not.",
        (HANDLED,),
        Edit(relay.resend, "failed = send(messages)", "failed = send([])"),
    ),
    bug(
        "a run written over another's change",
        "A run is written whatever another has changed since it was read.",
        (ONE_AFTER_ANOTHER,),
        Edit(run_rows.put, "views.put(row, written.version_of_row)", f"views.put(row, {NOW})"),
    ),
    bug(
        "a group written over another's change",
        "A group is written whatever another has changed since it was read.",
        (ONE_AFTER_ANOTHER,),
        Edit(groups._put, "place, expires), written.version_of_row)", f"place, expires), {NOW})"),
    ),
    bug(
        "an outcome deleted before it is stored",
        "What a consumer said is deleted as soon as it is received: a redrive waits for ever where that is lost.",
        (OUTCOME, ENDS, QUIESCENCE),
        Edit(
            intake.take,
            "received = cloud.outcomes().receive()",
            "received = cloud.outcomes().receive()\n    if received:\n        cloud.outcomes().delete(received)",
        ),
    ),
)
