"""The bundle of an incident: what is in it, and that nothing tells who a person is or what anyone wrote."""

import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.cli import incident
from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_redrive import broken, shoppers
from tests.flow.test_robots_stream import a_robot
from tests.unit.cli.typed import ClientsMall, CommandLine

# What people wrote or chose, wherever a mall takes it.
CANARIES = ("Ada Reyes", "+15550100", "my-secret-reason", "my-secret-note", "my-secret-owner", "my-secret-cable")


@pytest.fixture
def letter(mall: ClientsMall, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An order whose invoice could not be made: its letter, with what operators wrote about it."""
    cable = open_a_store(mall, {"my-secret-cable": 9.95})["my-secret-cable"]
    bring_a_robot_online(mall)
    broken(monkeypatch, payments, "create_or_reduce_invoice")
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(300)
    mall.operate("collector")
    [found] = cli("dead list --json").data
    cli(f"dead note {found['group']} my-secret-note --yes")
    cli(f"dead owner {found['group']} my-secret-owner --yes")
    cli(f"dead park {found['id']} --reason my-secret-reason --yes")
    assert found["order"] == shopper.basket_id
    letter: dict[str, Any] = found
    return letter


def bundle(cli: CommandLine, id: str) -> tuple[dict[str, Any], str]:
    """The parts of the file, and all of its text."""
    folder = cli.folder / "out"
    folder.mkdir(exist_ok=True)
    file = Path(cli(f"incident {id} --out {folder} --yes --json").data["file"])
    with zipfile.ZipFile(file) as made:
        texts = {name.removesuffix(".json"): made.read(name).decode() for name in made.namelist()}
    return {name: json.loads(text) for name, text in texts.items()}, "".join(texts.values())


def test_the_bundle_of_an_order_has_its_state_timeline_letters_versions_and_the_audit(
    cli: CommandLine, letter: dict[str, Any]
) -> None:
    parts, _ = bundle(cli, letter["order"])
    assert parts["state"]["order"]["status"] == "approved"
    assert parts["state"]["saga"]["status"] == "completed"
    assert {"OrderCreated", "OrderApproved"} <= {one["name"] for one in parts["timeline"]}
    assert {one["actor"] for one in parts["timeline"]} <= {"customer", "system", "bot", "staff", "kiosk", "anonymous"}
    [found] = parts["letters"]
    assert (found["id"], found["consumer"], found["state"]) == (letter["id"], "payments/inbox", "parked")
    assert parts["versions"]["version"]
    assert "payments/inbox" in {one["name"] for one in parts["consumers"]}
    assert ("PUT /api/operations/letters/{id}/park", "200") in {(e["action"], e["outcome"]) for e in parts["audit"]}


def test_the_bundle_of_a_group_has_its_letters_and_the_order_of_one(cli: CommandLine, letter: dict[str, Any]) -> None:
    parts, _ = bundle(cli, letter["group"])
    assert parts["group"]["counts"]
    assert [one["id"] for one in parts["letters"]] == [letter["id"]]
    assert parts["state"]["id"] == letter["order"]


def test_a_bundle_is_written_while_operations_is_down_and_says_what_it_does_not_know(
    cli: CommandLine, letter: dict[str, Any]
) -> None:
    cli.failing["/api/operations"] = httpx.Response(500, json={"code": "internal", "message": "no"})
    parts, _ = bundle(cli, letter["order"])
    assert parts["state"]["order"]["status"] == "approved"
    assert parts["state"]["silent"] == parts["versions"]["silent"] == ["operations"]
    assert parts["versions"]["services"] is None
    assert {name for name, part in parts.items() if part is None} == {"letters", "timeline", "consumers", "audit"}
    assert "operations does not answer" in cli(f"incident {letter['order']} --dry-run").err


def test_a_bundle_that_has_not_all_letters_of_a_group_says_so_and_has_all_of_the_audit(
    cli: CommandLine, letter: dict[str, Any], mall: ClientsMall, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bundle(cli, letter["group"])[0]["group"]["more"] is False
    shoppers(mall, 2)
    mall.pass_time(300)
    mall.operate("collector")
    monkeypatch.setattr(incident, "MOST", 2)
    parts, _ = bundle(cli, letter["group"])
    assert (parts["group"]["more"], len(parts["letters"])) == (True, 2)
    assert len(parts["audit"]) == len(cli("audit --json").data) > 2
    assert parts["versions"]["audited"]


def test_a_bundle_that_is_there_is_replaced_only_once_that_was_said(cli: CommandLine, letter: dict[str, Any]) -> None:
    order = letter["order"]
    assert f"would write incident-{order}.zip of state," in cli(f"incident {order} --dry-run").err
    cli(f"incident {order} --yes")
    assert f"would replace incident-{order}.zip by state," in cli(f"incident {order} --dry-run").err


@pytest.mark.parametrize("of", ["order", "group"])
def test_nothing_in_a_bundle_is_what_a_person_is_called_or_wrote(
    cli: CommandLine, letter: dict[str, Any], of: str
) -> None:
    _, text = bundle(cli, letter[of])
    assert [canary for canary in CANARIES if canary in text] == []
    shown = cli(f"dead show {letter['id']} --json").out + cli(f"dead show {letter['group']} --json").out
    shown += cli("order " + letter["order"] + " --json").out
    assert [canary for canary in CANARIES[2:] if canary not in shown] == []  # they are there to be left out


def test_a_robot_that_is_blamed_is_named_by_its_id(cli: CommandLine, mall: ClientsMall) -> None:
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    a_robot(mall, "my-secret-robot")
    [robot] = cli("robot list --json").data
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    cli("robot pause my-secret-robot --yes")
    mall.pass_time(30)
    assert "robot my-secret-robot" in cli(f"order {shopper.basket_id} --json").data["why"]["blames"]
    parts, text = bundle(cli, shopper.basket_id)
    assert parts["state"]["why"]["blames"] == f"robot {robot['id']}"
    assert "my-secret-robot" not in text


def test_a_number_is_no_name_of_a_file(cli: CommandLine, letter: dict[str, Any]) -> None:
    shown = cli("incident '+1 555-0100' --dry-run").err
    assert f"incident-{letter['order']}.zip" in shown
    assert "555-0100" not in shown


def test_the_bundle_has_the_code_of_each_service_and_the_audit_of_the_days_on_which_something_happened(
    cli: CommandLine, mall: ClientsMall, letter: dict[str, Any]
) -> None:
    mall.pass_time(24 * 60 * 60)
    parts, _ = bundle(cli, letter["order"])
    assert parts["versions"]["services"].keys() == mall.runtimes.keys()
    assert [one["action"] for one in parts["audit"] if one["action"].endswith("/park")]


def test_the_audit_lists_who_did_what_and_why_and_of_one_person_alone(cli: CommandLine, letter: dict[str, Any]) -> None:
    found = cli("audit --actor operator:operator-1 --json").data
    parked = [one for one in found if one["action"].endswith("/park")]
    assert [(one["outcome"], one["reason"], one["through"]) for one in parked] == [
        ("200", "my-secret-reason", "mallbots"),
        ("asked", "my-secret-reason", "mallbots"),
    ]
    assert {one["actor"] for one in found} == {"operator:operator-1"}
    assert cli("audit --actor operator:unknown --json").data == []
    assert cli("audit --actor operator:operator-1 --limit 2 --json").data == found[:2]


def test_the_audit_shows_what_staff_asked_of_any_service_and_what_was_asked_about_one_thing(
    cli: CommandLine, mall: ClientsMall
) -> None:
    shopper, other = Shopper(mall).registers(), Shopper(mall).registers()
    for one in (shopper, other):
        shopper.ask("DELETE", f"/api/customers/{one.customer_id}")
    listed = cli("audit")
    assert f"DELETE /api/customers/{shopper.customer_id}" in listed.out
    assert f"staff:clerk-1  customers  DELETE /api/customers/{shopper.customer_id}" in listed.out
    about = cli(f"audit --about {shopper.customer_id} --json").data
    assert [(one["service"], one["outcome"]) for one in about] == [("customers", "200"), ("customers", "asked")]
    assert "there are more" in cli("audit --limit 1").err
