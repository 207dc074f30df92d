"""Trees of orders against the simulator's record of what was handled."""

from dataclasses import replace

import pytest

from events.envelope import Metadata
from functions.kernel.messaging import inbox
from functions.kernel.runtime.context import Context
from tests.simulation.trees import compare, main, of_tree


def test_the_tree_of_each_order_is_what_the_simulator_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from", "3", "--to", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == '{"schedules": 1, "orders": 1, "equal": 1, "different": 0}'


def test_a_cause_that_is_not_the_message_that_was_handled_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    true = inbox._context

    def mistaken(metadata: Metadata) -> Context:
        found = true(metadata)
        return replace(found, causation_id=metadata.causation_id) if metadata.name == "OrderCreated" else found

    monkeypatch.setattr(inbox, "_context", mistaken)
    [different] = compare(3).different
    assert "is under BasketCheckedOut" in different


def test_a_message_that_is_its_own_cause_is_a_root() -> None:
    assert of_tree([{"id": "a", "causationId": "a", "stream": "A#a", "time": "2026-01-05T09:00:00Z"}]) == {"a": None}
