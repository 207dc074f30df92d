"""What the checker says of redrives: of each rule that one breaks, and of what only looks as if it did."""

import json
from typing import Any

import pytest

from tests.simulation.check import redrives
from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import SECOND, Entry, ParsedHistory
from tests.simulation.check.redrives import HALTED, ONCE, OWN_SET, RAMP, STOPS

RUN = "run-1"
BEGUN = {"kind": "redrive", "state": "running", "filter": {}, "ramp_from": 0, "stop_at": 0.5, "cap": 3}
REDRIVER, ANOTHER = "operations/redriver-1", "operations/redriver-2"


class Redriven:
    """The history of one redrive of so many letters."""

    def __init__(self, letters: int, *, total: int | None = None, life: str = "first") -> None:
        self.entries: list[Entry] = []
        self.ids = [f"letter-{number}" for number in range(letters)]
        self.now = 0
        self.page(life, self.ids)
        self.run = {**BEGUN, "total": letters if total is None else total, "life": life}
        self.row(f"run {RUN}", "run", self.run)

    def page(self, life: str, ids: list[str]) -> None:
        """A page of a set."""
        self.row(f"run {RUN}", f"letters {life} 0000", {"letters": ids})

    def send(self, *positions: int, container: str = REDRIVER) -> None:
        """Letters are sent to their queue."""
        for position in positions:
            place = {"letter": self.ids[position], "run": f"{RUN}/{position}"}
            self.record("sent", queue="depot/inbox", message=f"sent-{position}", body="", container=container, **place)

    def tell(self, position: int, outcome: str, *, taken_by: str = REDRIVER) -> None:
        """Its consumer says what became of a letter, and a redriver takes it."""
        message = f"told-{len(self.entries)}"
        told = {"letter": self.ids[position], "run": f"{RUN}/{position}", "outcome": outcome}
        self.record("sent", queue="operations/outcomes", message=message, body=json.dumps(told))
        if taken_by:
            self.record("deleted", queue="operations/outcomes", message=message, container=taken_by)

    def claim(self, position: int) -> None:
        """A letter is claimed by its place in the run."""
        letter = {"state": "redriving", "run": f"{RUN}/{position}", "redrives": 1, "history": []}
        self.row(f"letter {self.ids[position]}", "letter", letter)

    def mark(self) -> None:
        """The redriver marks what it has sent."""
        self.row(f"run {RUN}", "states first 0000", {"states": ""})

    def cancel(self) -> None:
        """An operator cancels it."""
        self.row(f"run {RUN}", "run", {**self.run, "state": "cancelled"})

    def ask(self, key: str) -> None:
        """A request begins a run, and has no answer."""
        id = f"request-{len(self.entries)}"
        place = {"who": "operator:ada", "method": "POST", "path": redrives.ROUTE, "body": {}, "key": key}
        self.record("request", id=id, if_match=None, token=None, **place)
        self.record("invocation", container="operations/api-1", function="operations/api", cause=[id])
        self.row(f"run {id}", "run", self.run, container="operations/api-1")

    def publish(self, position: int, state: str) -> None:
        """A relay publishes a letter, or cannot."""
        self.claim(position)
        letter = {"state": state, "run": f"{RUN}/{position}", "redrives": 1, "history": []}
        self.row(f"letter {self.ids[position]}", "letter", letter)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += int(seconds * SECOND)

    def row(self, partition: str, sort: str, data: dict[str, Any], container: str = REDRIVER) -> None:
        """A row is written."""
        item = {"data": {"S": json.dumps(data)}, "partition": {"S": partition}, "sort": {"S": sort}}
        self.record("row", table=TABLE, key=(partition, sort), item=item, container=container)

    def record(self, kind: str, **fields: Any) -> None:
        """An entry, a millisecond after the last."""
        self.now += 1_000
        self.entries.append((self.now, kind, fields))

    def violated(self) -> set[str]:
        """The rules that it breaks."""
        history = ParsedHistory(self.entries, {"tables": {}, "quiescent": False})
        return {violation.invariant for violation in redrives.violations(history)}


def test_a_step_begins_when_the_one_before_has_its_outcomes() -> None:
    day = Redriven(3)
    day.send(0)
    day.tell(0, "failing")
    day.send(1, 2)
    day.tell(1, "done")
    day.tell(2, "done")
    assert day.violated() == set()


def test_a_letter_of_the_next_step_is_not_sent_before_there_are_outcomes() -> None:
    day = Redriven(3)
    day.send(0, 1, 2)
    for position in range(3):
        day.tell(position, "done")
    assert day.violated() == {RAMP}


def test_a_letter_without_any_outcome_is_waited_for_too() -> None:
    day = Redriven(2)
    day.send(0, 1)
    assert day.violated() == {RAMP}


def test_that_a_letter_came_back_is_an_outcome() -> None:
    day = Redriven(2)
    day.send(0)
    day.publish(0, "open")
    day.send(1)
    assert day.violated() == set()


def test_a_cancelled_redrive_sends_what_it_has_claimed_and_no_more() -> None:
    day = Redriven(3)
    day.claim(0)
    day.cancel()
    day.claim(1)  # by a worker that had looked before
    day.wait(60)
    day.send(0, 1)
    assert HALTED not in day.violated()
    day.mark()
    day.claim(2)
    assert HALTED in day.violated()


def test_a_cancelled_redrive_whose_redriver_has_looked_again_claims_nothing() -> None:
    day = Redriven(3)
    day.claim(0)
    day.cancel()
    day.mark()
    day.claim(1)
    assert day.violated() == {HALTED}


def test_a_run_that_is_written_while_it_is_cancelled_is_cancelled_since_the_first_time() -> None:
    day = Redriven(2)
    day.cancel()
    day.wait(60)
    day.cancel()
    day.claim(1)
    assert day.violated() == {HALTED}


def test_requests_under_one_key_begin_one_redrive() -> None:
    day = Redriven(1)
    day.ask("one")
    day.ask("two")
    assert ONCE not in day.violated()
    day.ask("one")
    assert ONCE in day.violated()


def test_what_a_relay_published_is_of_a_step_too() -> None:
    day = Redriven(3)
    day.publish(0, "done")
    day.send(1, 2)
    day.tell(1, "done")
    day.tell(2, "done")
    assert day.violated() == set()


def test_what_a_relay_could_not_publish_counts_for_the_share_of_failures() -> None:
    day = Redriven(4)
    day.publish(0, "open")
    day.send(1, 2)
    day.tell(1, "dead")
    day.tell(2, "done")
    day.send(3)
    assert day.violated() == {STOPS}


def test_a_redrive_may_not_send_while_too_many_letters_fail() -> None:
    day = Redriven(4)
    day.send(0)
    day.tell(0, "failing")
    day.send(1, 2)
    day.tell(1, "failing")
    day.tell(2, "failing")
    day.wait(100)
    day.send(3, container=ANOTHER)
    assert day.violated() == {STOPS}


@pytest.mark.parametrize("claimed_first", [True, False])
def test_it_may_send_what_it_claimed_before_too_many_letters_failed(claimed_first: bool) -> None:
    day = Redriven(4)
    day.send(0)
    day.tell(0, "failing")
    day.send(2)
    if claimed_first:
        day.claim(1)
    day.tell(2, "failing")
    day.wait(10)
    day.send(1)
    assert (STOPS in day.violated()) is not claimed_first


def test_it_may_send_what_another_worker_had_looked_at_before() -> None:
    day = Redriven(4)
    day.send(0)
    day.tell(0, "failing")
    day.send(1, 2)
    day.tell(1, "failing")
    day.tell(2, "failing")
    day.wait(10)
    day.send(3, container=ANOTHER)
    assert day.violated() == set()


def test_it_may_send_once_what_failed_was_handled() -> None:
    day = Redriven(4)
    day.send(0)
    day.tell(0, "failing")
    day.send(1, 2)
    for outcome in ("failing", "done"):
        day.tell(1, outcome)
        day.tell(2, outcome)
    day.send(3)
    assert day.violated() == set()


def test_pages_of_a_request_that_found_its_run_there_are_not_of_the_set() -> None:
    day = Redriven(2, life="second")
    day.page("first", ["letter-0", "letter-1"])
    assert day.violated() == set()


def test_what_an_earlier_try_wrote_beyond_the_total_is_not_of_the_set() -> None:
    assert Redriven(2, total=0).violated() == set()


def test_no_letter_may_be_missing_in_a_set_or_be_in_it_twice() -> None:
    assert Redriven(2, total=3).violated() == {OWN_SET}
    day = Redriven(1)
    day.entries.clear()
    day.page("first", ["letter-0", "letter-0"])
    day.row(f"run {RUN}", "run", {**BEGUN, "total": 2, "life": "first"})
    assert day.violated() == {OWN_SET}


def test_a_letter_that_is_not_of_the_set_may_not_be_sent() -> None:
    day = Redriven(2, total=1)
    day.send(1)
    assert day.violated() == {OWN_SET}
