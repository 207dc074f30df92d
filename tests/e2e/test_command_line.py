"""Each verb of the installed command line, once, on the deployed mall: as its operator, under the roles of the stack.

What only looks is asked side by side. What a deployed mall has none of (a parked saga, an action that failed) is asked
for and refused, with the exit code of that.
"""

import json
from typing import Any

import pytest

from clients.cli.verbs import VERBS
from clients.mall import wait_for
from clients.order import Order
from clients.scenarios.stock import open_shop
from events.registry import language
from language.story import sample as sample_of
from tests.e2e.conftest import Deployed
from tests.e2e.shell import Shell

MESSAGE = "StoreRebranded"
LETTER_WITHIN = 150  # seconds: operations stores letters once a minute


def _gives_up_a_message(deployed: Deployed) -> None:
    """A message that search gives up at once, for its publisher did not send it."""
    body = {"detail-type": MESSAGE, "source": "mallbots.forged", "detail": sample_of(language()[MESSAGE])}
    queue = deployed.output("search", "InboxQueue")
    deployed.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(body))


@pytest.fixture(scope="module")
def shell(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    _gives_up_a_message(deployed)  # operations has stored it when the other tests are done
    return Shell(deployed.cloud, tmp_path_factory.mktemp("config"))


def test_an_order_is_found_and_explained_and_its_saga_shown(deployed: Deployed, shell: Shell) -> None:
    order = Order(deployed.people).registers().fills_a_basket(open_shop(deployed.mall).plain).authorizes_a_payment()
    order.checks_out()
    shell(f"wait {order.id} approved --seconds 60")
    shown, by_payment, trace, saga, sagas, history, before, changes, audited, bundle = shell.all(
        f"order {order.id}",
        f"order {order.payment_id}",
        f"trace {order.id}",
        f"saga show {order.id}",
        "saga list --status completed",
        f"history {order.id}",
        f"at 1 {order.id}",
        f"diff {order.id} 1 2",
        "audit --limit 5",
        f"incident {order.id} --dry-run",
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
    assert isinstance(audited, list)
    assert bundle
    assert "waits for no answer" in shell(f"saga retry {order.id} --yes", 1)
    assert "not parked" in shell(f"saga resume {order.id} --yes", 1)
    assert shell(f"erase {order.customer_id} --dry-run")["erased"] is False
    order.cancels()


def test_consumers_are_paused_and_history_is_brought_and_called_off(shell: Shell) -> None:
    assert shell("pause insights/inbox --reason 'a rehearsal' --yes")["state"] in ("pausing", "paused")
    assert shell("resume insights/inbox --yes")["state"] in ("resuming", "running")
    told = shell("replay search --from stores --dry-run")["estimate"]
    assert told["messages"] > 0
    assert (told["precision"], told["gaps"]) == ("exact", [])
    replay = shell("replay search --from stores --rate 1 --no-wait --yes")["id"]
    assert shell(f"run show {replay}")["id"] == replay
    shell(f"run pause {replay} --yes")
    shell(f"run resume {replay} --yes")
    shell(f"run cancel {replay} --yes")
    rebuild = shell("rebuild search orders --rate 1 --no-wait --yes")["id"]
    assert shell(f"run switch {rebuild} --yes", 1)
    shell(f"run abort {rebuild} --yes")
    assert {replay, rebuild} <= {one["id"] for one in shell("runs")}


def test_robots_are_registered_told_and_retired(shell: Shell) -> None:
    made = shell("robot register Rehearsed --yes")["id"]
    shown, robots, *_ = shell.all(
        f"robot show {made}",
        "robot list",
        f"robot pause {made} --dry-run",
        f"robot resume {made} --dry-run",
        f"robot retry {made} pick-1 --dry-run",
        f"robot skip {made} pick-1 --dry-run",
        "robot run --count 2 --dry-run",
    )
    assert shown["name"] == "Rehearsed"
    assert made in {one["id"] for one in robots}
    assert shell(f"robot retire {made} --yes") == {"id": made, "retired": True}


def test_letters_are_found_read_and_closed(shell: Shell) -> None:
    def stored() -> Any:
        return next(iter(shell(f"dead list --service search --message {MESSAGE} --state open")), None)

    letter = wait_for(stored, "the letter", seconds=LETTER_WITHIN)
    id, group = letter["id"], letter["group"]
    groups, shown, forecast, exported, edited, redriven = shell.all(
        "dead groups",
        f"dead show {id}",
        f"dead forecast {id}",
        f"dead export {id} --dry-run",
        f"dead edit {id} --set name=Volt --dry-run",
        f"dead redrive {id} --dry-run",
    )
    assert group in {one["id"] for one in groups}
    assert shown["letter"]["id"] == id
    assert forecast["total"] == 1
    assert exported["file"].endswith(".py")
    assert edited["data"]["name"] == "Volt"
    assert redriven["run"] is None
    assert shell(f"dead note {group} 'a forgery' --yes")["note"] == "a forgery"
    assert shell(f"dead owner {group} Ada --yes")["owner"] == "Ada"
    assert shell(f"dead park {id} --reason later --yes")["park"] == [id]
    assert shell(f"dead reopen {id} --yes")["reopen"] == [id]
    assert shell(f"dead discard {id} --reason 'a forgery' --yes")["discard"] == [id]
    assert shell(f"dead resolve {group} --yes")["state"] == "resolved"


def test_the_mall_is_shown_and_every_verb_was_typed(shell: Shell) -> None:
    shell("login")
    who, catalog, sent, consumers, top, logs, *_ = shell.all(
        "whoami",
        "catalog OrderCreated",
        "send OrderCreated --dry-run",
        "consumers",
        "top --every 0",
        "logs ordering --since 5m",
        "open console --no-browser",
        "shoppers --dry-run",
        "load --orders 1 --dry-run",
        "cost --stage local",
        "status",
        "doctor --all",
        codes=(0, 4),
    )
    assert who["roles"] == ["operator"]
    assert catalog["name"] == "OrderCreated"
    assert sent
    assert len(consumers) > 12
    assert top["busy"] is not None
    assert isinstance(logs, list)
    shell("logout")
    assert {verb.words for verb in VERBS} - shell.typed == set()
