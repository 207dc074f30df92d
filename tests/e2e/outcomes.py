"""What the verbs of the command line have changed, looked up: by the API, in a table, in a queue, in a file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from zipfile import ZipFile

from clients.mall import Json, wait_for
from clients.robot.client import Connected, running
from clients.robot.enrol import enrol
from clients.robot.machine import Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from functions.kernel.projections.view_store import read_item
from tests.e2e.conftest import Deployed
from tests.e2e.typist import Typist
from tests.support.aws import items

REFUSED = 409
TAKEN_BY_OTHERS = 10  # lists, at most
WELL, BADLY = 1.0, 0.0  # how something goes for a robot


def parts(file: Path) -> dict[str, str]:
    """The parts of a report of an incident, by their names."""
    with ZipFile(file) as archive:
        return {Path(name).stem: archive.read(name).decode() for name in archive.namelist()}


def key_of(deployed: Deployed, customer_id: str) -> Json:
    """What the vault has in the place of a customer's key."""
    place = {"partition": {"S": f"customer {customer_id}"}, "sort": {"S": "key"}}
    table = deployed.output("customers", "VaultTable")
    found = deployed.client("dynamodb").get_item(TableName=table, Key=place, ConsistentRead=True)
    content: Json = json.loads(found["Item"]["data"]["S"])
    return content


def waiting_for(deployed: Deployed, service: str) -> list[str]:
    """The ids of the messages in the queue of a service, of which it takes none now."""
    url = deployed.output(service, "InboxQueue")
    found = deployed.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(one["Body"])["detail"]["metadata"]["id"] for one in found.get("Messages", [])]


def orders(deployed: Deployed) -> set[str]:
    """The ids of the latest orders, as search has them."""
    return {one["orderId"] for one in deployed.mall.post("/api/search/orders", {"limit": 100})["orders"]}


def names_in_search(deployed: Deployed, store_id: str) -> list[str]:
    """The names of a store in the read models of search, one for each model that has it."""
    rows = items(deployed.client("dynamodb"), deployed.output("search", "ViewsTable"))
    found = (read_item(row) or {} for row in rows if row["sort"]["S"] == store_id)
    return [str(row.get("name")) for row in found]


def one_item(deployed: Deployed) -> Json:
    """One of a product of the mall, as a basket that was checked out has it."""
    product = deployed.mall.get(f"/api/stores/products/{deployed.products[0]}")["product"]
    named = {"store_id": product["storeId"], "store_name": "A store", "product_id": product["id"]}
    return {**named, "product_name": product["name"], "price": 1250, "quantity": 1}


@contextmanager
def soon_given_up(deployed: Deployed, service: str) -> Iterator[None]:
    """Within the block, the inbox of a service gives a message up at the first receive, and not at the eighth."""
    client, name = deployed.client("lambda"), deployed.output(service, "InboxWorkerFunction")
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def set_to(variables: dict[str, str]) -> None:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    set_to(before | {"MALLBOTS_MAX_RECEIVES": "1"})
    try:
        yield
    finally:
        set_to(before)


def collect_letters(deployed: Deployed) -> None:
    """Have operations store the letters now: its schedule does each minute."""
    function = deployed.output("operations", "CollectorFunction")
    deployed.client("lambda").invoke(FunctionName=function, Payload=b"{}")


def robots(deployed: Deployed) -> dict[str, str]:
    """The status of each robot at the depot."""
    return {one["id"]: one["status"] for one in deployed.mall.pages("/api/depot/bots", "bots")}


def reported(deployed: Deployed, bot_id: str) -> Json:
    """What a robot reported last over its stream."""
    found: Json = deployed.mall.get(f"/api/fleet/robots/{bot_id}")["robot"]
    return found


@contextmanager
def clumsy(deployed: Deployed, bot_id: str, folder: Path) -> Iterator[None]:
    """Within the block, a robot works that fails to put down its first two lists of one item, the first of them once.

    Of what it does, that alone is retriable. Its luck is asked twice for each item that it picks, and once for each
    time that it puts down what it has.
    """
    files = enrol(deployed.mall, bot_id, folder)
    identity, luck = files.identity(), chain((WELL, WELL, BADLY, WELL), (WELL, WELL, BADLY), repeat(WELL))
    assert identity is not None
    settings = Settings(failing=(WELL + BADLY) / 2).faster(20)
    robot = Robot(bot_id, Memory(plan().parking[0]), settings, plan(), lambda: next(luck))
    with running([Connected(robot, identity, files)]):
        wait_for(lambda: robots(deployed)[bot_id] == "idle" or None, "the robot online")
        yield


def list_for(deployed: Deployed, bot_id: str) -> str:
    """A list of one item that staff give to a robot before the dispatcher gives it to another."""
    product = deployed.mall.get(f"/api/stores/products/{deployed.products[0]}")["product"]
    wanted = [{"storeId": product["storeId"], "productId": product["id"], "quantity": 1}]
    for _ in range(TAKEN_BY_OTHERS):
        made = str(deployed.mall.post("/api/depot/shopping", {"orderId": "of-the-staff", "items": wanted})["id"])
        deployed.mall.put(f"/api/depot/shopping/{made}/initiate")
        answer = deployed.mall.send("PUT", f"/api/depot/shopping/{made}/assign", {"botId": bot_id})
        if answer.is_success:
            return made
        assert answer.status_code == REFUSED, answer.text
        cancel_list(deployed, made)
    raise AssertionError("other robots have all lists")


def cancel_list(deployed: Deployed, list_id: str) -> None:
    deployed.mall.post(f"/api/depot/shopping/{list_id}")


def listed(deployed: Deployed, list_id: str) -> Json:
    """A list as the depot has it."""
    found: Json = deployed.mall.get(f"/api/depot/shopping/{list_id}")["list"]
    return found


def events(shell: Typist, stream: str) -> list[str]:
    """The names of what happened to an aggregate, oldest first."""
    return [event["name"] for commit in shell(f"history {stream}") for event in commit["events"]]
