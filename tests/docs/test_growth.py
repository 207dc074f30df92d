"""Streams do not get dearer as they grow: docs/adr/0034."""

from infra.documents.generate import ROOT
from tests.docs.growth import table

DECISION = ROOT / "docs" / "adr" / "0034-snapshots-and-causes.md"


def test_one_more_commit_and_a_load_cost_as_much_after_10_000_events_as_the_decision_says() -> None:
    assert table() in DECISION.read_text()
