"""The whole simulated cloud: an order passes through all services, and equal seeds give equal histories."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.check.parsed_history import row_data
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.faults import FAULTS, Faults
from tests.simulation.gateway import Response

ROOT = Path(__file__).parents[2]


class Visit:
    """One customer and one robot; every request is retried until it succeeds."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.order = ""
        self.number = 0
        self.attempts = 160  # of each request, every 2 s: the bus may bring a message 300 s late

    def send(self, method: str, path: str, body: Any = None) -> Any:
        self.number += 1
        headers = {"Idempotency-Key": f"key-{self.number}"}
        responses: list[Response] = []
        while len(responses) < self.attempts:
            responses.append(self.cloud.request(method, path, body, headers))
            if responses[-1].status == 200:
                return responses[-1].body
            self.cloud.sleep(2)
        raise AssertionError(f"{method} {path}: {responses[-1]}")

    def run_visit(self) -> None:
        store = self.send("POST", "/api/stores", {"name": "Volt & Wire", "location": "Level 2"})["id"]
        product = {"name": "Lamp", "description": "", "sku": "LAMP", "price": 3.5}
        product_id = self.send("POST", f"/api/stores/{store}/products", product)["id"]
        customer = self.send("POST", "/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"})["id"]
        bot = self.send("POST", "/api/depot/bots", {"name": "Ajax"})["id"]
        payment = self.send("POST", "/api/payments", {"customerId": customer, "amount": 10})["id"]
        self.order = self.send("POST", "/api/baskets", {"customerId": customer})["id"]
        self.send("PUT", f"/api/baskets/{self.order}/addItem", {"productId": product_id, "quantity": 2})
        self.send("PUT", f"/api/baskets/{self.order}/checkout", {"paymentId": payment})
        while self.status("ordering", "order") == "pending":
            self.cloud.sleep(3)
        for _ in range(300):
            if self.status("ordering", "order") != "approved":
                return
            self.collect(bot)
            self.cloud.sleep(5)

    def status(self, service: str, name: str) -> str:
        found: str = self.send("GET", f"/api/{service}/{self.order}")[name]["status"]
        return found

    def collect(self, bot: str) -> None:
        """Take the next step of the robot, and pay."""
        self.cloud.request("PUT", f"/api/depot/bots/{bot}/online")
        shopping = self.send("GET", f"/api/depot/shopping/{self.order}")["list"]
        if shopping["status"] == "assigned":
            self.cloud.request(
                "PUT", f"/api/depot/shopping/{self.order}/complete", {"assignment": shopping["assignment"]}
            )
        self.cloud.request("PUT", f"/api/payments/invoices/{self.order}/pay")


def visited(seed: int, faults: dict[str, float] | None = None) -> Visit:
    choices = Choices(seed)
    cloud = Cloud(choices, Faults(choices, faults))
    visit = Visit(cloud)
    task = cloud.spawn(visit.run_visit)
    cloud.run(1_800.0, enough=lambda: task.done)
    assert cloud.settle(), "it did not settle"
    return visit


def status(visit: Visit) -> str:
    """The final status of the order."""
    task = visit.cloud.spawn(lambda: visit.status("ordering", "order"))
    visit.cloud.run(visit.cloud.now() + 60)
    result: str = task.result
    return result


def test_an_order_completes_without_faults() -> None:
    visit = visited(1)
    assert status(visit) == "completed"
    assert not [name for name, queue in visit.cloud.state()["queues"].items() if "dead" in name and queue]


# Five times the usual rate, one fault at a time.
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"target given up", "stream lost", "old version"}))
def test_an_order_ends_whatever_the_fault(fault: str) -> None:
    visit = visited(3, {fault: min(0.1, FAULTS[fault][1] * 5)})
    assert status(visit) in ("ready", "completed", "cancelled", "rejected")


def test_a_stopped_service_continues_when_it_is_started() -> None:
    choices = Choices(5)
    cloud = Cloud(choices, Faults(choices))
    visit = Visit(cloud)

    def outage() -> None:
        cloud.sleep(40)
        cloud.start("payments")

    cloud.stop("payments")
    cloud.spawn(outage)
    task = cloud.spawn(visit.run_visit)
    cloud.run(1_800.0, enough=lambda: task.done)
    assert status(visit) == "completed"
    statuses = Counter(fields["status"] for _, kind, fields in cloud.history.entries if kind == "response")
    assert statuses[503] > 0


def test_the_history_has_the_delivery_of_every_commit_and_the_routing_of_every_entry() -> None:
    visit = visited(2)
    entries = visit.cloud.history.entries
    committed = {(f["table"], *f["key"]) for _, kind, f in entries if kind == "commit" and "messages" in f["item"]}
    delivered = {(f["table"], *key) for _, kind, f in entries if kind == "stream" for key in f["keys"]}
    assert committed == delivered
    published = {f["entry"] for _, kind, f in entries if kind == "published"}
    assert {f["entry"] for _, kind, f in entries if kind == "routed"} <= published


def test_what_is_given_up_is_stored_by_operations_and_leaves_its_queue() -> None:
    choices = Choices(4)
    cloud = Cloud(choices, Faults(choices))
    cloud.queues["search/inbox/dead-letters"].send('{"detail-type": "Unknown"}', by="test")
    cloud.run(130.0)
    assert cloud.state()["queues"]["search/inbox/dead-letters"] == []
    [letter] = [
        row_data(item) for (_, sort), item in cloud.tables["operations/views"].items.items() if sort == "letter"
    ]
    assert letter
    assert (letter["consumer"], letter["state"]) == ("search/inbox", "open")


ALL = "{name: usual for name, (_, usual) in FAULTS.items()}"
PRINT = f"""
from tests.simulation.faults import FAULTS
from tests.simulation.test_cloud import visited
print(visited(11, {ALL}).cloud.history.trace_hash)
"""


def trace_hash_in_process(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", PRINT], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_a_seed_gives_one_history_in_two_processes_with_other_hash_seeds() -> None:
    usual = {name: usual for name, (_, usual) in FAULTS.items()}
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    assert trace_hash_in_process(other) == visited(11, usual).cloud.history.trace_hash


def test_two_seeds_give_two_histories() -> None:
    assert visited(11).cloud.history.trace_hash != visited(12).cloud.history.trace_hash


def test_a_replay_of_the_recorded_choices_gives_the_same_history() -> None:
    usual = {name: usual for name, (_, usual) in FAULTS.items()}
    first = visited(11, usual).cloud
    choices = Choices(11, first.choices.recorded)
    again = Visit(Cloud(choices, Faults(choices, usual)))
    task = again.cloud.spawn(again.run_visit)
    again.cloud.run(1_800.0, enough=lambda: task.done)
    again.cloud.settle()
    assert again.cloud.history.trace_hash == first.history.trace_hash


def test_a_fault_that_is_left_out_does_not_strike() -> None:
    choices = Choices(11, without=range(1, 1_000))
    cloud = Cloud(choices, Faults(choices, {name: usual for name, (_, usual) in FAULTS.items()}))
    visit = Visit(cloud)
    task = cloud.spawn(visit.run_visit)
    cloud.run(1_800.0, enough=lambda: task.done)
    assert not cloud.faults.fired
    assert cloud.faults.number > 0
