"""Trees of orders against the simulator's record of what was handled."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from events.envelope import Metadata
from functions.kernel.messaging import inbox
from functions.kernel.runtime.context import Context
from tests.simulation.history import Entry
from tests.simulation.run import main
from tests.simulation.trees import Made, differences, of_tree, run_and_compare, timeline


def test_the_tree_of_each_order_is_what_the_simulator_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--from", "7", "--to", "7", "--results", str(tmp_path / "results.jsonl")]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["schedules"], last["trees"], last["different"]) == (1, 1, 0)


def test_a_robot_that_loses_its_lease_in_the_tick_of_another_is_in_no_tree_of_the_others_order() -> None:
    outcome, compared = run_and_compare(10800006)
    offline = [fields["item"] for _, kind, fields in outcome.history if kind == "commit" and is_offline(fields["item"])]
    assert len({one["stream"]["S"] for one in offline}) == 2
    assert (compared.orders, compared.different) == (1, [])


def test_that_a_robot_became_unfit_and_lost_its_list_is_in_the_tree_of_the_order_of_that_list() -> None:
    outcome, compared = run_and_compare(10800014)
    caused = {one["causation_id"]["S"] for one in given_back(outcome.history) if "causation_id" in one}
    said = [fields["item"]["messages"]["S"] for _, kind, fields in outcome.history if has_messages(kind, fields)]
    assert any("RobotDisconnected" in text and any(cause in text for cause in caused) for text in said)
    assert (compared.orders, compared.different) == (1, [])


def test_what_a_robot_reports_of_a_list_of_staffs_own_id_that_was_given_back_is_in_no_tree() -> None:
    outcome, compared = run_and_compare(10800014)
    [order] = (stream.removeprefix("Order#") for stream in streams(outcome.history) if stream.startswith("Order#"))
    lists = {one["stream"]["S"] for one in given_back(outcome.history)}
    assert lists
    assert f"ShoppingList#{order}" not in lists
    assert (compared.orders, compared.different) == (1, [])


def test_that_a_robot_came_back_before_it_heard_of_the_cancellation_is_in_the_tree_of_its_order() -> None:
    outcome, compared = run_and_compare(10562206)
    commits = [fields["item"] for _, kind, fields in outcome.history if kind == "commit"]
    messages = [json.loads(one["messages"]["S"]) for one in commits if "messages" in one]
    flows = {one["detail"]["metadata"]["correlation_id"] for carried in messages for one in carried if is_named(one)}
    assert [one for carried in messages for one in carried if came_back(one, flows)]
    assert (compared.orders, compared.different) == (1, [])


def test_that_a_robot_became_unfit_in_the_flow_of_another_list_is_not_in_the_tree_of_its_next_one() -> None:
    """A robot that staff's list made free was assigned the order's list, and became unfit."""
    carried = [
        said("created", "ShoppingListAvailable", "ShoppingList#order 1", order_id="order"),
        said("done", "ShoppingListCompleted", "ShoppingList#staffs 1", flow="another", list_id="staffs"),
        said("assigned", "BotAssigned", "Bot#bot 2", flow="another", cause="done", list_id="order"),
        said("unfit", "RobotDisconnected", "Robot#bot 3", flow="another", cause="assigned", bot_id="bot"),
    ]
    made = Made(
        messages={one["metadata"]["id"]: one for one in carried},
        causes={one["metadata"]["id"]: one["metadata"]["causation_id"] for one in carried},
    )
    assert [one["id"] for one in timeline("order", carried)] == ["created", "assigned"]
    assert [*differences("order", made)] == []
    made.causes["assigned"] = "created"
    assert [*differences("order", made)] == [
        "BotAssigned of Bot#bot 2 is under nothing, not ShoppingListAvailable of ShoppingList#order 1"
    ]


def test_what_followed_from_a_list_given_back_is_under_that_where_clocks_date_the_list_later() -> None:
    outcome, compared = run_and_compare(10800014)
    commits = [fields["item"] for _, kind, fields in outcome.history if kind == "commit"]
    times = {(one["stream"]["S"], int(one["version"]["N"])): one["time"]["S"] for one in commits}
    returned = [(one["stream"]["S"], int(one["version"]["N"])) for one in given_back(outcome.history)]
    assert any(times[stream, version] > times.get((stream, version + 1), "9") for stream, version in returned)
    assert (compared.orders, compared.different) == (1, [])


def test_what_a_flow_led_to_in_another_order_is_not_in_the_timeline_of_the_order_in_whose_flow_it_was() -> None:
    began = said("began", "ShoppingListAvailable", "a 1", order_id="one")
    freed = said("freed", "ShoppingListAvailable", "b 1", cause="began", bot_id="robot")
    went_on = said("went on", "ShoppingListAvailable", "c 1", cause="freed", order_id="two", shopping_list_id="of two")
    assert [one["id"] for one in timeline("one", [began, freed, went_on])] == ["began", "freed"]
    assert [one["id"] for one in timeline("two", [began, freed, went_on])] == ["went on"]


def said(id: str, name: str, place: str, *, flow: str = "flow", cause: str = "", **data: str) -> dict[str, Any]:
    """A message. place: its stream, and its version there."""
    stream, version = place.split(" ")
    metadata = {
        "id": id,
        "name": name,
        "time": "",
        "source": "",
        "stream": stream,
        "stream_version": int(version),
        "correlation_id": flow,
        "causation_id": cause,
        "actor": "",
    }
    return {"metadata": metadata, "data": data}


def given_back(history: Iterable[Entry]) -> list[dict[str, Any]]:
    return [
        fields["item"]
        for _, kind, fields in history
        if kind == "commit" and "GivenBack" in fields["item"]["events"]["S"]
    ]


def is_named(carried: dict[str, Any]) -> bool:
    return "order_id" in carried["detail"]["data"]


def came_back(carried: dict[str, Any], flows: set[str]) -> bool:
    """Whether it tells, in one of these flows, that a robot connected."""
    told = carried["detail"]["metadata"]
    return told["name"] == "RobotConnected" and told["correlation_id"] in flows


def streams(history: Iterable[Entry]) -> set[str]:
    return {fields["item"]["stream"]["S"] for _, kind, fields in history if kind == "commit"}


def has_messages(kind: str, fields: dict[str, Any]) -> bool:
    return kind == "commit" and "messages" in fields["item"]


def is_offline(item: dict[str, Any]) -> bool:
    return "BotWentOffline" in item.get("messages", {}).get("S", "")


def test_a_cause_that_is_not_the_message_that_was_handled_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    true = inbox._context

    def mistaken(metadata: Metadata) -> Context:
        found = true(metadata)
        return replace(found, causation_id=metadata.causation_id) if metadata.name == "OrderCreated" else found

    monkeypatch.setattr(inbox, "_context", mistaken)
    [different] = run_and_compare(7)[1].different
    assert "is under BasketCheckedOut" in different


def test_a_message_that_is_its_own_cause_is_a_root() -> None:
    assert of_tree([{"id": "a", "causationId": "a", "stream": "A#a", "time": "2026-01-05T09:00:00Z"}]) == {"a": None}
