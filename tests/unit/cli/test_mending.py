"""saga, robot, erase, status, top: what is wrong with a mall is seen, and mended, on the real services in memory."""

from dataclasses import replace

import httpx
import pytest

from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, leave, open_a_store, was_on_the_stream
from tests.flow.test_redrive import broken
from tests.flow.test_saga_timeouts import MINUTE
from tests.unit.cli.typed import ClientsMall, CommandLine


@pytest.fixture
def shopper(mall: ClientsMall) -> Shopper:
    """A customer with a basket and a payment, in a mall with a robot, Ajax."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    bring_a_robot_online(mall)
    return Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30)


def test_a_parked_saga_is_listed_resumed_and_ends(cli: CommandLine, mall: ClientsMall, shopper: Shopper) -> None:
    mall.hold("customers", "AuthorizeCustomer")
    mall.hold("payments", "VoidPayment")
    shopper.checks_out()
    for _ in range(60):
        if cli("saga list --status parked --json").data:
            break
        mall.pass_time(10 * MINUTE)
    order = shopper.basket_id
    assert cli("saga list --status parked").out.split("\n")[1].startswith(order)
    assert "waits for staff: its saga is parked" in cli(f"order {order}").out
    assert cli(f"saga resume {order} --dry-run --json").data["status"] == "parked"
    mall.release("payments", "VoidPayment")
    assert cli(f"saga resume {order} --yes --json").data["status"] != "parked"
    mall.pass_time(10 * MINUTE)
    assert cli(f"saga show {order} --json").data["status"] == "compensated"
    assert "not parked" in cli(f"saga resume {order} --yes", code=1).err
    assert f"did you mean {order}?" in cli(f"saga show {order[:-2]}xx", code=3).err
    assert cli(f"saga show {order[:-2]} --json").data["orderId"] == order


def test_robots_are_listed_registered_and_retired(cli: CommandLine, mall: ClientsMall, shopper: Shopper) -> None:
    [robot] = cli("robot list --json").data
    assert (robot["name"], robot["status"]) == ("Ajax", "idle")
    assert "Ajax" in cli("robot list").out
    assert cli("robot register Hektor --dry-run --json").data == {"id": None, "token": None}
    made = cli("robot register Hektor --yes --json").data
    mall.settle()
    assert made["token"]
    assert cli("robot show Hektor --json").data["id"] == made["id"]
    cli("robot retire Hektor --yes")
    mall.settle()
    assert [one["name"] for one in cli("robot list --json").data] == ["Ajax"]
    assert "did you mean Ajax?" in cli("robot show Ajac", code=3).err


def test_a_robot_whose_registration_is_stored_and_answered_by_503_is_registered_once(cli: CommandLine) -> None:
    cli.cut_off = 1
    made = cli("robot register Hektor --yes --json").data
    cli.mall.settle()
    assert [one["id"] for one in cli("robot list --json").data] == [made["id"]]


@pytest.mark.parametrize("words", ["retire Ajax", "offline Ajax", "pause Ajax", "skip Ajax pick-1", "show Ajax"])
def test_of_robots_with_one_name_none_is_meant_by_it(cli: CommandLine, shopper: Shopper, words: str) -> None:
    cli("robot register Ajax --yes")
    cli.mall.settle()
    ids = {one["id"] for one in cli("robot list --json").data}
    before = cli.writes()
    refused = cli(f"robot {words}{' --yes' * (words != 'show Ajax')}", code=2).err
    assert "2 robots are named 'Ajax'" in refused
    assert all(id in refused for id in ids)
    assert cli.writes() == before


def test_a_robot_is_retired_by_its_id_though_another_has_its_name(cli: CommandLine, shopper: Shopper) -> None:
    second = cli("robot register Ajax --yes --json").data["id"]
    cli.mall.settle()
    cli(f"robot retire {second} --yes")
    cli.mall.settle()
    assert [one["status"] for one in cli("robot list --json").data] == ["idle"]


def test_a_robot_shows_what_it_collects(cli: CommandLine, mall: ClientsMall, shopper: Shopper) -> None:
    shopper.checks_out()
    mall.pass_time(20)
    assert cli("robot show Ajax --json").data["collects"] == [shopper.basket_id]


def test_a_robot_is_told_what_to_do_and_an_action_that_did_not_fail_is_not_repeated(
    cli: CommandLine, mall: ClientsMall, shopper: Shopper
) -> None:
    for words in ("pause Ajax", "resume Ajax", "retry Ajax pick-1", "skip Ajax pick-1"):
        failed = words.startswith(("retry", "skip"))
        said = "no failed action 'pick-1'" if failed else "tell robot Ajax"
        assert said in cli(f"robot {words} --dry-run", code=3 if failed else 0).err
    assert cli.writes() == []
    assert "never been on the robots' stream" in cli("robot pause Ajax --yes", code=1).err
    was_on_the_stream(mall, cli("robot show Ajax --json").data["id"])
    assert cli("robot pause Ajax --yes --json").data["name"] == "Ajax"
    assert cli.writes()[-1].endswith("/pause")
    assert cli("robot resume Ajax --yes --json").data["name"] == "Ajax"
    assert cli.writes()[-1].endswith("/resume")
    for words in ("retry Ajax pick-1", "skip Ajax pick-1"):
        assert "pick-1" in cli(f"robot {words} --yes", code=3).err
    cli.altered["/api/fleet/robots/"] = lambda body: body["robot"].update(retriable=["pick-12", "drop"])
    assert "did you mean pick-12?" in cli("robot retry Ajax pikc-1 --yes", code=3).err
    cli("robot skip Ajax pick-1 --yes", code=3)
    assert cli.writes()[-1].endswith("/actions/pick-12/skip")


def test_a_customer_is_erased_after_what_is_held_was_counted(
    cli: CommandLine, mall: ClientsMall, shopper: Shopper
) -> None:
    shown = cli(f"erase {shopper.customer_id} --dry-run --json")
    assert (shown.data["held"]["profile"], shown.data["erased"]) == (1, False)
    assert "would erase" in shown.err
    assert cli(f"erase {shopper.customer_id} --yes --json").data["erased"]
    mall.pass_time(60)
    assert shopper.refused("GET", f"/api/customers/{shopper.customer_id}").status == 404
    cli("erase no-such-customer --yes", code=3)


def test_a_customer_is_disabled_and_enabled(cli: CommandLine, shopper: Shopper) -> None:
    id = shopper.customer_id
    assert f"would disable customer {id}, who is enabled" in cli(f"customer disable {id} --dry-run").err
    assert cli(f"customer disable {id} --yes --json").data == {"id": id, "enabled": False}
    assert cli(f"customer enable {id} --yes --json").data == {"id": id, "enabled": True}


def test_the_beginning_of_a_customers_id_is_enough_where_an_order_names_it(cli: CommandLine, shopper: Shopper) -> None:
    shopper.checks_out()
    shopper.mall.pass_time(60)
    shown = cli(f"customer disable {shopper.customer_id[:8]} --yes --json")
    assert shown.data == {"id": shopper.customer_id, "enabled": False}


def test_nobody_is_erased_by_the_beginning_of_an_id_which_may_be_another_customers(
    cli: CommandLine, shopper: Shopper
) -> None:
    shopper.checks_out()
    shopper.mall.pass_time(60)
    assert "the whole id" in cli(f"erase {shopper.customer_id[:8]} --yes", code=3).err
    assert cli.writes() == []


def test_the_beginning_of_a_customers_id_is_refused_where_there_are_more_orders_than_were_looked_at(
    cli: CommandLine, shopper: Shopper
) -> None:
    shopper.checks_out()
    shopper.mall.pass_time(60)
    cli.altered["/api/search/orders"] = lambda body: body.update(next="2")
    refused = cli(f"customer disable {shopper.customer_id[:8]} --yes", code=2).err
    assert shopper.customer_id in refused
    assert cli(f"customer disable {shopper.customer_id} --yes --json").data["enabled"] is False


def test_a_mall_in_order_needs_no_person(cli: CommandLine, mall: ClientsMall, shopper: Shopper) -> None:
    shown = cli("status --json").data
    assert (shown["wrong"], shown["deadLetters"], shown["robots"]) == ([], 0, {"idle": 1})
    assert shown["consumers"] > 10
    assert "0 open in 0 groups" in cli("status").out


def test_what_needs_a_person_ends_by_4_with_the_command_that_tells_more(
    cli: CommandLine, mall: ClientsMall, shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, payments, "create_or_reduce_invoice")
    shopper.checks_out()
    mall.pass_time(300)
    for robot in cli("robot list --json").data:
        leave(mall, robot["id"])
    cli("pause search/inbox --reason 'a deploy' --yes")
    mall.minute()
    shown = cli("status --json", code=4).data
    assert [one["what"] for one in shown["wrong"]] == ["paused: search/inbox", "1 dead letter", "no robot is online"]
    assert "! no robot is online: mallbots robot list" in cli("status", code=4).out
    top = cli("top --json").data
    assert [one["name"] for one in top["busy"]] == ["search/inbox"]
    assert [one["message"] for one in top["failing"]] == ["OrderApproved"]
    assert "the column is gone" in cli("top").out


def test_a_service_that_is_down_does_not_hide_the_others(cli: CommandLine, mall: ClientsMall, shopper: Shopper) -> None:
    mall.stop("payments")
    shown = cli("status --json", code=4)
    assert shown.data["robots"] == {"idle": 1}
    assert "payments does not answer" in shown.err
    assert [name for name, code in shown.data["services"].items() if code is None] == ["payments"]
    assert shown.data["differences"] is None
    assert [one["what"] for one in shown.data["wrong"]] == ["payments did not answer"]
    text = cli("status", code=4).out
    assert "payments does not answer" in text
    assert ["money", "not known"] in [line.split(maxsplit=1) for line in text.splitlines()]


def test_what_a_silent_service_would_tell_is_not_known_rather_than_none(cli: CommandLine, shopper: Shopper) -> None:
    for path in ("/api/operations", "/api/checkout", "/api/depot"):
        cli.failing[path] = httpx.Response(500, json={"code": "internal", "message": "something went wrong here"})
    shown = cli("status --json", code=4).data
    asked = ("consumers", "waiting", "deadLetters", "groups", "robots", "runs")
    assert {name: shown[name] for name in asked} == dict.fromkeys(asked)
    assert shown["sagas"] == {"running": None, "parked": None}
    assert shown["silent"] == ["operations", "checkout", "depot"]
    text = cli("status", code=4).out
    known = [line.split()[0] for line in text.splitlines() if not line.endswith("not known")]
    assert known[:4] == ["stage", "services", "operations", "money"]
    assert cli("top --json").data["silent"] == ["operations"]
    assert "what answers is not busy" in cli("top").err


def test_an_error_of_a_service_is_named_with_the_flow_by_which_its_log_lines_are_found(
    cli: CommandLine, shopper: Shopper
) -> None:
    problem = {"code": "internal", "message": "something went wrong here"}
    cli.failing["/api/depot"] = httpx.Response(500, json=problem, headers={"x-correlation-id": "flow-7"})
    shown = cli("robot list", code=1).err
    assert "X-Correlation-Id flow-7" in shown
    assert "mallbots logs SERVICE" in shown


def test_a_page_of_a_proxy_is_no_answer_of_the_mall(cli: CommandLine) -> None:
    cli.failing["/api"] = httpx.Response(200, text="<html><body>Please  sign in</body></html>")
    assert "not the mall's API, but says '<html><body>Please sign in" in cli("robot list", code=1).err


def test_who_resumes_a_consumer_is_told_who_paused_it_and_why(cli: CommandLine) -> None:
    cli("pause search/inbox --reason 'a deploy' --yes")
    shown = cli("resume search/inbox --dry-run").err
    assert "paused by operator:" in shown
    assert "a deploy" in shown


def runs(mall: ClientsMall, code: str, *services: str) -> None:
    for service in services:
        made = mall.runtimes[service]
        mall.runtimes[service] = replace(made, settings={**made.settings, "MALLBOTS_CODE": code})


def test_services_of_the_same_shared_code_are_one_line_and_of_a_partial_deployment_a_line_each(
    cli: CommandLine, mall: ClientsMall, shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLBOTS_CODE", "aaaaaaffffff")  # the gateway's
    for number, service in enumerate(sorted(mall.runtimes)):
        runs(mall, f"aaaaaa{number:06}", service)
    shown = cli("status --json").data["services"]
    assert shown.keys() == mall.runtimes.keys() | {"gateway"}
    assert len(set(shown.values())) == len(shown)
    assert "search, stores; shared code: aaaaaa" in cli("status").out
    runs(mall, "bbbbbb000000", "depot", "search")
    partial = cli("status")
    lines = [line.split()[-2:] for line in partial.out.splitlines()]
    assert ["depot", "bbbbbb000000"] in lines
    assert ["search", "bbbbbb000000"] in lines
    assert ["ordering", shown["ordering"]] in lines
    assert "shared code" not in partial.out
