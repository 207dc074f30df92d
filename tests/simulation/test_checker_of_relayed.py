"""What the checker says of a relay's letters that were sent back."""

import pytest

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.relayed import HELD, violations
from tests.simulation.history_builder import HistoryBuilder


@pytest.mark.parametrize(
    ("detail", "is_held", "found"),
    [
        ("dead: no commit holds it", True, [HELD]),
        ("dead: no commit holds it", False, []),
        ("dead: the relay does not answer", True, []),
        ("done", True, []),
    ],
)
def test_a_letter_is_found_where_a_commit_holds_its_message(detail: str, is_held: bool, found: list[str]) -> None:
    history = HistoryBuilder()
    [message] = history.commit("Order#o", ("Approved", {}), messages=[("OrderApproved", {"order_id": "o"})])
    letter = {
        "consumer": "ordering/relay",
        "message_id": message if is_held else "another",
        "history": [{"what": "given up", "detail": "RecordAgeExceeded"}, {"what": "outcome", "detail": detail}],
    }
    history.write_row(TABLE, "letter letter-1", "letter", 1, letter)
    assert [one.invariant for one in violations(ParsedHistory(history.entries, history.final))] == found
