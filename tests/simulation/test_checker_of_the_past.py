"""What operators are shown of a stream: which answers the checker takes for what is stored."""

import json
from typing import Any

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.past import AS_OF, COMMITS
from tests.simulation.history_builder import HistoryBuilder

ORDER = "/api/operations/streams/ordering/Order/o"


def answered(path: str, status: int, body: dict[str, Any], history: HistoryBuilder | None = None) -> set[str]:
    """The invariants of the past that an answer after a completed order violates."""
    history = history or sample_histories.completed()
    history.wait(1)
    history.request("GET", f"{ORDER}{path}", who="operator:1")
    history.respond(status, body)
    return {one.invariant for one in check(history.entries, history.final)} & {AS_OF, COMMITS}


def commits() -> list[dict[str, Any]]:
    """The commits of the order, as they are shown."""
    entries = sample_histories.completed().entries
    items = [fields["item"] for _, kind, fields in entries if kind == "commit" and fields["key"][0] == "Order#o"]
    found = [(int(item["version"]["N"]), json.loads(item["events"]["S"])) for item in items]
    return [{"version": version, "events": [{"name": name} for name, _, _ in events]} for version, events in found]


NEWEST = commits()[-1]["version"] + len(commits()[-1]["events"]) - 1


def test_the_commits_of_a_stream_are_shown_as_they_are_stored() -> None:
    assert not answered("", 200, {"commits": commits(), "next": None})
    assert not answered("", 200, {"commits": commits()[:2], "next": "more"})


@pytest.mark.parametrize("shown", [commits()[1:], commits()[:-1], [*commits(), commits()[-1]]])
def test_commits_that_are_left_out_or_shown_twice_are_found(shown: list[dict[str, Any]]) -> None:
    assert answered("", 200, {"commits": shown, "next": None}) == {COMMITS}


def test_a_stream_that_is_not_found_is() -> None:
    assert answered("", 404, {}) == {COMMITS}
    assert answered("/state?version=1", 404, {}) == {AS_OF}


@pytest.mark.parametrize(("query", "version"), [("?version=1", 1), ("", NEWEST), (f"?version={NEWEST + 1}", NEWEST)])
def test_a_state_has_the_version_that_was_asked_for_or_the_newest(query: str, version: int) -> None:
    assert not answered(f"/state{query}", 200, {"version": version, "state": {}})
    assert answered(f"/state{query}", 200, {"version": version + 1, "state": {}}) == {AS_OF}
