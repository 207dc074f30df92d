"""What reading costs is written down, and stays true."""

import re

from tests.contract.rest.reads import DOCUMENT, document


def test_what_is_written_down_is_what_is_counted() -> None:
    assert DOCUMENT.read_text() == document(), "run .venv/bin/python -m tests.contract.rest.reads"


def test_a_page_of_a_list_costs_a_few_units() -> None:
    lists = re.findall(r"\| `GET .*` \| ([\d.]+) \| ([\d.]+) \|", DOCUMENT.read_text())
    assert len(lists) >= 10
    assert max(float(cost) for row in lists for cost in row) <= 10
