"""What the checker says of forecasts: which were wrong, and which say nothing for what was done meanwhile."""

import json
from typing import Any

import pytest

from tests.simulation.check.forecasts import COMES_TRUE, TOLD, violations
from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import SECOND, Entry, ParsedHistory

ORDER, ANOTHER = "00000001-0000-4000-8000-000000000001", "00000002-0000-4000-8000-000000000002"
PASSES = {"answer": "passes", "detail": {"writes": []}}
WRITES = {"answer": "passes", "detail": {"writes": [{"stream": f"Order#{ORDER}", "events": ["Approved"]}]}}
WAITS = {"answer": "waits", "detail": {"for": "what it is about: there is no order", "until": None}}
FAILS = {"answer": "fails", "detail": {"error": "RuntimeError", "reason": "broken", "retry": False}}
REFUSED = {"answer": "refused", "detail": {"reply": "OrderApprovalRefused", "writes": []}}
OPEN = {"answer": "cannot tell", "detail": {"why": "rows of the vault are not written in a forecast"}}


INBOX = "depot/inbox-1"


class Evening:
    """Letters, each about an order, are forecast after the faults, and sent back by that."""

    def __init__(self, *answers: dict[str, Any], quiet: bool = True) -> None:
        self.entries: list[Entry] = []
        self.now = 0
        if quiet:
            self.record("quiet")
        self.row("forecast", "run", {"kind": "forecast", "asked": {}})
        said = [{"id": f"letter-{number}", **answer} for number, answer in enumerate(answers)]
        self.row("forecast", "answers life 000000", {"position": 0, "answers": said})
        self.row("redrive", "run", {"kind": "redrive", "asked": {"forecast": "forecast"}})
        if not quiet:
            self.record("quiet")

    def send(
        self,
        number: int,
        became: str,
        *,
        told: bool = True,
        meets: str = "",
        commits: tuple[str, ...] = (),
        enveloped: bool = True,
    ) -> None:
        """A letter is sent, and handled by an invocation of its own, in which this becomes of it."""
        place = {"letter": f"letter-{number}", "run": f"redrive/{number}"}
        metadata = {"id": f"message-{number}", "name": "ApproveOrder", "source": "mallbots.checkout"}
        body = json.dumps({"detail": {"metadata": metadata, "data": {"order_id": ORDER}}}) if enveloped else ORDER
        self.record("sent", queue="depot/inbox", message=f"sent-{number}", body=body, **place)
        self.record("invocation", container=INBOX, function="depot/inbox", cause=[f"sent-{number}"])
        self.write(container=INBOX)
        if meets:
            self.record(meets, container=INBOX, table="depot/events")
        if commits:
            self.commit(f"message-{number}", *commits)
        if told:
            self.tell(number, became)
        self.record("ended", container=INBOX, function="depot/inbox", how="ok", failures=[])

    def commit(self, causation: str, *events: str) -> None:
        """Events of the order are stored."""
        item = {
            "stream": {"S": f"Order#{ORDER}"},
            "version": {"N": "2"},
            "id": {"S": "commit"},
            "time": {"S": ""},
            "events": {"S": json.dumps([(name, {}, 1) for name in events])},
            "causation_id": {"S": causation},
        }
        self.record("commit", table="depot/events", key=[f"Order#{ORDER}", 2], item=item, container=INBOX)

    def tell(self, number: int, became: str) -> None:
        """Its consumer says what became of it."""
        body = json.dumps({"letter": f"letter-{number}", "run": f"redrive/{number}", "outcome": became})
        self.record("sent", queue="operations/outcomes", message=f"told-{number}", body=body)

    def write(self, about: str = ORDER, *, container: str = "depot/api-1", table: str = "depot/views") -> None:
        """A container writes a row that names an order."""
        item = {"data": {"S": json.dumps({"order": about})}}
        self.record("row", table=table, key=["lists", "1"], item=item, container=container)

    def row(self, run: str, sort: str, data: dict[str, Any]) -> None:
        """A row of a run is written."""
        item = {"data": {"S": json.dumps(data)}}
        self.record("row", table=TABLE, key=(f"run {run}", sort), item=item, container="operations/api-1")

    def record(self, kind: str, **fields: Any) -> None:
        """An entry, twenty seconds after the last."""
        self.now += 20 * SECOND
        self.entries.append((self.now, kind, fields))

    def violated(self) -> list[str]:
        """The rules that it breaks, and how often."""
        return [one.invariant for one in violations(ParsedHistory(self.entries, {"tables": {}, "quiescent": False}))]


@pytest.mark.parametrize(
    ("said", "became"),
    [(PASSES, "failing"), (PASSES, "dead"), (WAITS, "done"), (WAITS, "dead"), (FAILS, "done"), (REFUSED, "failing")],
)
def test_a_letter_that_becomes_something_else_is_found(said: dict[str, Any], became: str) -> None:
    evening = Evening(said)
    evening.send(0, became)
    assert evening.violated() == [COMES_TRUE]


@pytest.mark.parametrize(
    ("said", "became"), [(PASSES, "done"), (WAITS, "failing"), (FAILS, "failing"), (FAILS, "dead"), (OPEN, "dead")]
)
def test_a_letter_that_becomes_what_was_forecast_is_not(said: dict[str, Any], became: str) -> None:
    evening = Evening(said)
    evening.send(0, became)
    assert evening.violated() == []


def test_a_command_that_is_refused_is_answered_so() -> None:
    evening = Evening(REFUSED)
    evening.send(0, "done")
    assert evening.violated() == [COMES_TRUE]
    evening.record("published", name="OrderApprovalRefused", service="depot", entry="e", detail={})
    assert evening.violated() == []


def test_a_forecast_under_faults_is_not_judged() -> None:
    evening = Evening(PASSES, quiet=False)
    evening.send(0, "dead")
    assert evening.violated() == []


@pytest.mark.parametrize(
    ("about", "table", "found"),
    [
        (ORDER, "depot/views", []),
        (ORDER, "stores/views", []),
        (ORDER, "search/views", [COMES_TRUE]),  # which nobody asks
        (ANOTHER, "depot/views", [COMES_TRUE]),
    ],
)
def test_what_others_write_meanwhile_counts_where_the_letter_names_it(about: str, table: str, found: list[str]) -> None:
    evening = Evening(PASSES)
    evening.write(about, table=table)
    evening.send(0, "dead")
    assert evening.violated() == found


def test_a_letter_that_meets_another_writer_is_not_judged() -> None:
    evening = Evening(PASSES)
    evening.send(0, "failing", meets="conflict")
    assert evening.violated() == []


@pytest.mark.parametrize(
    ("said", "commits", "found"),
    [
        (WRITES, ("Approved",), []),
        (WRITES, ("Rejected",), [COMES_TRUE]),
        (WRITES, (), [COMES_TRUE]),
        (PASSES, ("Approved",), [COMES_TRUE]),
    ],
)
def test_what_a_letter_writes_is_what_was_forecast(
    said: dict[str, Any], commits: tuple[str, ...], found: list[str]
) -> None:
    evening = Evening(said)
    evening.send(0, "done", commits=commits)
    assert evening.violated() == found


def test_what_a_robot_said_is_judged_without_what_it_writes() -> None:
    evening = Evening(WRITES)
    evening.send(0, "done", enveloped=False)
    assert evening.violated() == []


def test_what_the_letters_before_it_wrote_was_forecast_too() -> None:
    evening = Evening(PASSES, WAITS)
    evening.send(0, "done")
    evening.send(1, "done")
    assert evening.violated() == [COMES_TRUE]


@pytest.mark.parametrize("first", [(OPEN, "done"), (FAILS, "done")])
def test_nothing_is_known_behind_a_letter_of_the_same_order_that_was_not_as_forecast(
    first: tuple[dict[str, Any], str],
) -> None:
    said, became = first
    evening = Evening(said, WAITS)
    evening.send(0, became)
    evening.send(1, "done")
    assert evening.violated() == ([COMES_TRUE] if said is FAILS else [])


def test_a_letter_of_which_nothing_was_known_when_the_next_was_sent_may_come_late() -> None:
    evening = Evening(PASSES, WAITS)
    evening.send(0, "done", told=False)
    evening.send(1, "done")
    evening.tell(0, "done")
    assert evening.violated() == []


@pytest.mark.parametrize(
    "why",
    ["depot did not answer", "what it needs could not be read: 500", "it takes longer than it has time for"],
)
def test_a_forecast_that_is_left_open_for_want_of_an_answer_is_found(why: str) -> None:
    assert Evening({"answer": "cannot tell", "detail": {"why": why}}).violated() == [TOLD]
    assert Evening({"answer": "cannot tell", "detail": {"why": why}}, quiet=False).violated() == []
    assert Evening(OPEN).violated() == []
