"""The history of a run, as it is made of what is stored."""

import pytest

from tests.chaos.history import _transactions


@pytest.mark.parametrize(("apart", "writes"), [(0.021, 1), (0.3, 2)])
def test_commits_of_one_cause_are_one_transaction_also_where_a_busy_machine_made_them_slowly(
    apart: float, writes: int
) -> None:
    commits = [
        (at, "depot/events", {"stream": {"S": stream}}) for at, stream in [(1.0, "List#1"), (1.0 + apart, "Bot#1")]
    ]
    assert len(list(_transactions(commits))) == writes
