"""Each verb of the installed command line on the deployed mall, as its operator, under the roles of the stack.

What a verb changes is looked up afterwards (outcomes.py). What only looks is asked side by side.
"""

import ast
import json
import uuid
from pathlib import Path

import pytest

from clients.cli.verbs import VERBS
from clients.mall import Json, wait_for
from clients.order import FINAL, Order
from clients.robot.files import alone_in
from clients.scenarios.stock import open_shop
from infra.local.shoppers import ROBOTS
from infra.local.show import wait_until_idle
from tests.e2e import outcomes
from tests.e2e.conftest import Deployed
from tests.e2e.typist import Typist

CHECKOUT = "BasketCheckedOut"
LETTERS_WITHIN = 150  # seconds: operations stores letters once a minute
SLOWLY = "--rate 1 --no-wait --yes"
NAME, PHONE = "Zenobia Quill", "5550100"  # of the customer who is erased; the phone is that of every Order
# The verbs that are only refused here, since what they are for is not to be had in minutes:
REFUSED = {
    "saga resume",  # a saga is parked after 35 tries of a compensation, most of them 15 minutes apart
    "money show",  # no money differs here: test_money.py makes a refund that is refused, in memory
    "money recheck",
    "run switch",  # a rebuild waits for six minutes: test_replays.py, which shortens that, takes one by this verb
}


@pytest.fixture(scope="module")
def shell(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    return Typist(deployed.cloud, tmp_path_factory.mktemp("config"))


def test_an_order_is_found_explained_and_reported_without_its_customer_who_is_erased(
    deployed: Deployed, shell: Typist, tmp_path: Path
) -> None:
    order = Order(deployed.people, name=NAME).registers().fills_a_basket(open_shop(deployed.mall).plain)
    order.authorizes_a_payment().checks_out()
    shell(f"wait {order.id} approved --seconds 60")
    shown, by_payment, trace, saga, sagas, history, before, changes, report = shell.all(
        f"order {order.id}",
        f"order {order.payment_id}",
        f"trace {order.id}",
        f"saga show {order.id}",
        "saga list --status completed",
        f"history {order.id}",
        f"at 1 {order.id}",
        f"diff {order.id} 1 2",
        f"incident {order.id} --out {tmp_path} --yes",
    )
    assert shown["id"] == by_payment["id"] == order.id
    assert shown["why"]["sentence"]
    assert shown["why"]["blames"] in ("", "robots")
    assert {"BasketCheckedOut", "OrderCreated"} <= {one["name"] for one in trace}
    assert (saga["status"], saga["awaited"]) == ("completed", [])
    assert order.id in {one["orderId"] for one in sagas}
    assert [event["name"] for commit in history for event in commit["events"]] == ["Created", "Approved"]
    assert (before["version"], before["state"]["status"]) == (1, "pending")
    assert {"path": "status", "old": "pending", "new": "approved"} in changes
    told = outcomes.parts(Path(report["file"]))
    assert json.loads(told["state"])["order"]["id"] == order.id
    assert {"OrderCreated", "OrderApproved"} <= {one["name"] for one in json.loads(told["timeline"])}
    assert [part for part, text in told.items() if NAME in text or PHONE in text] == []
    shell.refuses(f"saga retry {order.id} --yes", 1, "waits for no answer")
    shell.refuses(f"saga resume {order.id} --yes", 1, "not parked")
    assert shell("money list --status open") == []
    for verb in ("show", "recheck"):
        shell.refuses(f"money {verb} {order.id} --yes".removesuffix(" --yes" * (verb == "show")), 3, "never differed")
    order.cancels()

    customer = f"/api/customers/{order.customer_id}"
    for verb, enabled in (("disable", False), ("enable", True)):
        assert shell(f"customer {verb} {order.customer_id} --yes")["enabled"] is enabled
        assert deployed.mall.get(customer)["customer"]["enabled"] is enabled
    asked = {one["path"] for one in shell(f"audit --about {order.customer_id}")}
    assert {f"{customer}/disable", f"{customer}/enable"} <= asked
    assert shell(f"erase {order.customer_id} --dry-run")["erased"] is False
    assert deployed.mall.get(customer)["customer"]["name"] == NAME
    assert shell(f"erase {order.customer_id} --yes")["erased"] is True
    assert deployed.mall.send("GET", customer).status_code == 404
    assert set(outcomes.key_of(deployed, order.customer_id)) == {"erased"}
    assert order.by_staff.order()["status"] == "cancelled"


def test_a_command_without_an_answer_is_sent_again_under_its_id(deployed: Deployed, shell: Typist) -> None:
    assert shell("pause customers/inbox --reason 'a rehearsal' --yes")["state"] in ("pausing", "paused")
    _wait_until(shell, "customers/inbox", "paused")
    assert "customers/inbox" in {one["name"] for one in shell("top --every 0")["busy"]}
    order = Order(deployed.people).registers().fills_a_basket(open_shop(deployed.mall).plain)
    order.authorizes_a_payment().checks_out()
    saga = f"/api/checkout/sagas/{order.id}"
    wait_for(lambda: deployed.mall.get(saga)["saga"]["awaited"] or None, "a command without an answer")
    retried = shell(f"saga retry {order.id} --yes")
    assert retried["commands"] == ["AuthorizeCustomer"]
    [sent] = retried["sent"]
    wait_for(lambda: outcomes.waiting_for(deployed, "customers").count(sent) > 1 or None, "it and the same once more")
    assert shell("resume customers/inbox --yes")["state"] in ("resuming", "running")
    _wait_until(shell, "customers/inbox", "running")
    wait_for(lambda: order.order()["status"] != "pending" or None, "an answer")
    if order.order()["status"] not in FINAL:  # on a slow machine, the saga's own three tries were over
        order.cancels()


def _wait_until(shell: Typist, consumer: str, state: str) -> None:
    def is_so() -> bool | None:
        return any((one["name"], one["state"]) == (consumer, state) for one in shell("consumers")) or None

    wait_for(is_so, f"{consumer} {state}")


def test_history_is_brought_and_called_off(shell: Typist) -> None:
    told = shell("replay search --from stores --dry-run")["estimate"]
    assert told["messages"] > 0
    assert (told["precision"], told["gaps"]) == ("exact", [])
    replay = shell(f"replay search --from stores {SLOWLY}")["id"]
    shell(f"run pause {replay} --yes")
    assert shell(f"run show {replay}")["state"] == "paused"
    shell(f"run resume {replay} --yes")
    assert shell(f"run show {replay}")["state"] == "running"
    shell(f"run cancel {replay} --yes")
    rebuild = shell(f"rebuild search orders {SLOWLY}")["id"]
    shell.refuses(f"run switch {rebuild} --yes", 1, "built")
    shell(f"run abort {rebuild} --yes")
    states = {one["id"]: one["state"] for one in shell("runs")}
    assert (states[replay], states[rebuild]) == ("cancelled", "cancelled")


def test_a_message_that_is_refused_is_edited_sent_back_and_taken(
    deployed: Deployed, shell: Typist, tmp_path: Path
) -> None:
    """Two checkouts without an item: one gets its item, the other is closed."""
    order, other = Order(deployed.people).registers().authorizes_a_payment(12.50), str(uuid.uuid4())
    order.id = str(uuid.uuid4())
    whose = f"--set customer_id={order.customer_id} --set payment_id={order.payment_id}"
    with outcomes.soon_given_up(deployed, "ordering"):
        for id in (order.id, other):
            shell(f"send {CHECKOUT} --to ordering {whose} --set basket_id={id} --set items=[] --yes")
        found = wait_for(lambda: _open_letters(deployed, shell, 2), "two letters", seconds=LETTERS_WITHIN)
    ids, group = {one["order"]: one["id"] for one in found}, found[0]["group"]
    letter, unwanted = ids[order.id], ids[other]
    groups, shown, forecast, exported = shell.all(
        "dead groups",
        f"dead show {letter}",
        f"dead forecast {letter}",
        f"dead export {letter} --to {tmp_path} --yes",
    )
    assert group in {one["id"] for one in groups}
    assert (shown["letter"]["id"], shown["letter"]["reason"]) == (letter, "the order has no items")
    assert (forecast["total"], forecast["counts"]["fails"]) == (1, 1)
    test = Path(exported["file"]).read_text()
    assert order.id in test
    assert any(isinstance(one, ast.FunctionDef) and one.name.startswith("test_") for one in ast.parse(test).body)
    assert shell(f"dead note {group} 'a sample' --yes")["note"] == "a sample"
    assert shell(f"dead owner {group} Ada --yes")["owner"] == "Ada"
    for verb, state in (("park", "parked"), ("reopen", "open"), ("discard", "discarded")):
        reason = "" if verb == "reopen" else "--reason 'a sample'"
        assert shell(f"dead {verb} {unwanted} {reason} --yes")[verb] == [unwanted]
        assert shell(f"dead show {unwanted}")["letter"]["state"] == state

    edited = shell(f"dead edit {letter} --set 'items={json.dumps([outcomes.one_item(deployed)])}' --yes")["letter"]
    assert deployed.mall.send("GET", f"/api/ordering/{order.id}").status_code == 404
    assert shell(f"dead redrive {edited} --yes")["run"]["state"] == "done"
    order.is_approved()
    assert [item["quantity"] for item in order.order()["items"]] == [1]
    order.cancels()
    assert shell(f"dead resolve {group} --yes")["state"] == "resolved"
    states = {one["id"]: one["state"] for one in shell("dead list --service ordering")}
    assert [states[id] for id in (letter, edited, unwanted)] == ["done", "done", "discarded"]


def _open_letters(deployed: Deployed, shell: Typist, number: int) -> list[Json] | None:
    outcomes.collect_letters(deployed)
    found: list[Json] = shell(f"dead list --service ordering --message {CHECKOUT} --state open")
    return found if len(found) >= number else None


def test_a_sample_reaches_the_one_consumer_that_was_named(deployed: Deployed, shell: Typist) -> None:
    store = str(uuid.uuid4())
    shell(f"send StoreRebranded --to search --set store_id={store} --set 'name=Volt & Sons' --yes")
    wait_for(lambda: outcomes.names_in_search(deployed, store) or None, "a store by that name")
    assert set(outcomes.names_in_search(deployed, store)) == {"Volt & Sons"}
    assert store not in {one["id"] for one in deployed.mall.pages("/api/stores", "stores")}


def test_a_simulated_robot_comes_online_pauses_and_goes_on_until_ctrl_c(deployed: Deployed, shell: Typist) -> None:
    before = outcomes.robots(deployed).keys()
    with shell.at_work("robot run --count 1 --speed 5 --yes"):
        [made] = wait_for(lambda: outcomes.robots(deployed).keys() - before or None, "a further robot")
        wait_for(lambda: outcomes.robots(deployed)[made] == "idle" or None, "the robot online")
        shell(f"robot pause {made} --yes")
        wait_for(lambda: outcomes.reported(deployed, made)["paused"] or None, "a robot that pauses")
        shell(f"robot resume {made} --yes")
        wait_for(lambda: not outcomes.reported(deployed, made)["paused"] or None, "a robot that goes on")
        shell(f"robot offline {made} --yes")
        wait_for(lambda: "WentOffline" in outcomes.events(shell, f"Bot#{made}") or None, "the robot taken offline")
        wait_for(lambda: outcomes.robots(deployed)[made] == "idle" or None, "the robot back by what it reports")
    wait_for(lambda: outcomes.robots(deployed)[made] == "offline" or None, "the robot offline")
    assert outcomes.reported(deployed, made)["connection"] == "offline"
    shell(f"robot retire {made} --yes")


def test_what_a_robot_cannot_put_down_is_tried_again_or_given_up(
    deployed: Deployed, shell: Typist, tmp_path: Path
) -> None:
    made = shell("robot register Clumsy --yes")["id"]
    with outcomes.clumsy(deployed, made, tmp_path):
        brought = outcomes.list_for(deployed, made)
        action = _failed(deployed, made)
        shown, robots = shell.all(f"robot show {made}", "robot list")
        assert (shown["name"], shown["collects"], shown["retriable"]) == ("Clumsy", ["of-the-staff"], [action])
        assert made in {one["id"] for one in robots}
        shell.refuses(f"robot retry {made} pick-1 --yes", 3, "there is no failed action")
        shell(f"robot retry {made} {action} --yes")
        wait_for(lambda: outcomes.listed(deployed, brought)["status"] == "completed" or None, "the list brought")

        dropped = outcomes.list_for(deployed, made)
        shell(f"robot skip {made} {_failed(deployed, made)} --yes")
        wait_for(lambda: not outcomes.reported(deployed, made)["retriable"] or None, "an action given up")
        assert outcomes.listed(deployed, dropped)["status"] == "active"  # until its robot's lease ends
        outcomes.cancel_list(deployed, dropped)
    [[item]] = [stop["items"] for stop in outcomes.listed(deployed, brought)["stops"]]
    assert item["picked"] == 1
    assert shell(f"robot retire {made} --yes") == {"id": made, "retired": True}
    assert made not in outcomes.robots(deployed)


def _failed(deployed: Deployed, bot_id: str) -> str:
    """The action that a robot failed at, and waits with."""
    [action] = wait_for(lambda: outcomes.reported(deployed, bot_id)["retriable"] or None, "an action that failed")
    return str(action)


def test_as_many_orders_are_placed_and_completed_as_were_asked_for(deployed: Deployed, shell: Typist) -> None:
    before = outcomes.orders(deployed)
    report = shell("load --orders 1 --clients 1 --yes")
    assert (report["orders"], report["completed"], report["twice"]) == (1, 1, 0)
    [made] = wait_for(lambda: outcomes.orders(deployed) - before or None, "the order to be found")
    assert Order(deployed.people, id=made).by_staff.order()["status"] == "completed"


def test_customers_come_until_ctrl_c_and_the_mall_stays_up(deployed: Deployed, shell: Typist) -> None:
    before = outcomes.orders(deployed)
    # The robots of this mall take their steps by REST, so the shoppers get none: as if another program ran them.
    with alone_in(deployed.cloud.state / ROBOTS), shell.at_work("shoppers --pace 1 --yes"):
        wait_for(lambda: outcomes.orders(deployed) - before or None, "an order", seconds=120)
    assert wait_until_idle(deployed.cloud) == {}
    for id in outcomes.orders(deployed) - before:
        order = Order(deployed.people, id=id).by_staff
        if order.order()["status"] not in FINAL:
            order.cancels()


def test_the_mall_is_shown_and_every_verb_did_what_it_says(shell: Typist) -> None:
    shell("login")
    who, catalog, consumers, top, _, page, costs = shell.all(
        "whoami",
        "catalog OrderCreated",
        "consumers",
        "top --every 0",
        "logs ordering --since 5m",
        "open console --no-browser",
        "cost --stage local",
    )
    assert who["roles"] == ["operator"]
    assert catalog["name"] == "OrderCreated"
    assert len(consumers) > 12
    assert top["silent"] == []
    assert page["address"].endswith("/console/")
    assert costs["millionOrders"]
    status = shell("status")
    assert (status["wrong"], status["notRunning"], status["deadLetters"]) == ([], [], 0)
    checks = shell("doctor --all", 0, 4)  # 4 where this machine lacks something
    assert [one for one in checks if one["state"] != "fine" and one["about"] != "machine"] == []
    shell("logout")
    assert {verb.words for verb in VERBS} - shell.typed == set()
    assert {verb.words for verb in VERBS} - shell.done == REFUSED
