"""A rehearsal of being on call: three things break under load, and each is mended by the command line alone.

    make rehearse

Customers place orders on a deployment of its own. A consumer is paused and forgotten; commands are lost on their way;
messages are given up. The one on call knows nothing of that: `mallbots order` is asked why orders wait, and what it
says to do is done, until all go on. In the end every order must be completed. The last line is JSON:
{"orders", "broken", "mended", "lost", "typed", "minutes"}.
"""

import argparse
import json
import shlex
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.mall import MallError
from clients.order import Order
from clients.people import People
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.up import up
from tests.e2e.shell import Shell

TIMES = {"step_timeout": "600"}  # seconds until a saga tries again by itself: longer than anyone on call waits
EVERY = 2.0  # seconds between two customers
LONGEST = 900.0  # seconds until all orders go on again
LOOKED_EVERY = 5.0
ASKED = 4  # orders that are asked about before what they say is done
READS, AT_ONCE = 10, 4  # messages that are taken from a queue at once; orders that are asked about at once


@dataclass
class Rehearsal:
    """A mall under load, in which things break. done: what the one on call typed, by verb."""

    cloud: LocalCloud
    people: People
    shell: Shell
    orders: list[Order] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    closed: threading.Event = field(default_factory=threading.Event)

    def load(self, product: dict[str, int]) -> None:
        """Customers come, until the mall closes."""
        while not self.closed.wait(EVERY):
            order = Order(self.people)
            try:
                self.orders.append(order.orders(product))
            except MallError as error:
                print(f"a customer goes home: {error}", file=sys.stderr)

    def forgets_a_pause(self) -> None:
        self.shell("pause checkout/inbox --reason 'a deploy, which was called off' --yes")

    def loses_commands(self) -> None:
        """Commands to depot vanish from its queue."""
        with self._stopped("depot"):
            time.sleep(4 * EVERY)
            self._take("depot")

    def gives_up_messages(self) -> None:
        """Messages to payments are given up, as by a function that crashes."""
        with self._stopped("payments"):
            time.sleep(4 * EVERY)
            for body in self._take("payments"):
                self._client("sqs").send_message(QueueUrl=self._url("payments", "dead-letters"), MessageBody=body)

    def mend(self) -> None:
        """Ask why orders wait that were placed by now, and do what is said, until all of them go on."""
        orders, deadline = list(self.orders), time.monotonic() + LONGEST
        while True:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                waiting = [one for one in orders if _waits(one)]
                found = list(pool.map(self._why, waiting[:ASKED]))
            stuck = [one for one in found if one["blames"]]
            for line in dict.fromkeys(one["do"].removeprefix("mallbots ") for one in stuck if _mends(one["do"])):
                self._types(line)
            if not waiting:
                return
            assert time.monotonic() < deadline, f"orders do not go on: {stuck}"
            time.sleep(LOOKED_EVERY)

    def lost(self) -> int:
        """Have all orders collected and paid; how many are not completed then."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda order: order.is_approved().is_collected().pays(), self.orders))
        deadline = time.monotonic() + LONGEST
        while self._open() and time.monotonic() < deadline:
            time.sleep(LOOKED_EVERY)
        return self._open()

    def _open(self) -> int:
        return sum(order.order()["status"] != "completed" for order in self.orders)

    def _why(self, order: Order) -> dict[str, Any]:
        found: dict[str, Any] = self.shell(f"order {order.id}")["why"]
        return found

    def _types(self, line: str) -> None:
        print(f"mallbots {line} --yes", file=sys.stderr)
        self.shell(f"{line} --yes", 0, 1, 3, 4)  # another may have done it by then
        self.done[" ".join(line.split()[:2])] += 1

    def _stopped(self, service: str) -> "_Stopped":
        function = self.cloud.outputs()[f"mallbots-local-{service}"]["InboxWorkerFunction"]
        return _Stopped(self._client("lambda"), function)

    def _take(self, service: str) -> list[str]:
        """Take all messages out of the queue of a consumer."""
        sqs, url, bodies = self._client("sqs"), self._url(service), []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=READS).get("Messages", []):
            for one in found:
                bodies.append(one["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return bodies

    def _url(self, service: str, of: str = "") -> str:
        url = str(self.cloud.outputs()[f"mallbots-local-{service}"]["InboxQueue"])
        return f"{url}-{of}" if of else url

    def _client(self, service: str) -> Any:
        return self.cloud.client(service)


class _Stopped:
    """Within the block, a consumer takes nothing."""

    def __init__(self, lambdas: Any, function: str) -> None:
        self._lambdas = lambdas
        self._mapping = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"][0]["UUID"]

    def __enter__(self) -> None:
        self._lambdas.update_event_source_mapping(UUID=self._mapping, Enabled=False)

    def __exit__(self, *_: object) -> None:
        self._lambdas.update_event_source_mapping(UUID=self._mapping, Enabled=True)


def _waits(order: Order) -> bool:
    """Whether an order was not accepted by all yet, or has no invoice."""
    try:
        return bool(order.order()["status"] == "pending") or not order.invoice()
    except MallError:
        return True


def _mends(do: str) -> bool:
    """Whether an advice changes something, rather than shows more."""
    return shlex.split(do)[1:2] != ["logs"] and not do.startswith("mallbots robot list")


def rehearse(cloud: LocalCloud, folder: Path) -> dict[str, Any]:
    """Deploy, break, mend, and count."""
    up(cloud, TIMES)
    with at_work(cloud) as people, Fleet(people.robot, seed(people).robots):
        rehearsal, began = Rehearsal(cloud, people, Shell(cloud, folder)), time.monotonic()
        customers = threading.Thread(target=rehearsal.load, args=(open_shop(people.staff).plain,), daemon=True)
        customers.start()
        breaks: Sequence[Callable[[], None]] = (
            rehearsal.forgets_a_pause,
            rehearsal.loses_commands,
            rehearsal.gives_up_messages,
        )
        for breaks_something in breaks:
            time.sleep(4 * EVERY)
            print(f"it {breaks_something.__name__.replace('_', ' ')}", file=sys.stderr)
            breaks_something()
            rehearsal.mend()
        rehearsal.closed.set()
        customers.join()
        rehearsal.mend()
        lost = rehearsal.lost()
        minutes = round((time.monotonic() - began) / 60, 1)
        mended = len({"resume checkout/inbox", "saga retry", "dead redrive"} & rehearsal.done.keys())
        counts = {"orders": len(rehearsal.orders), "broken": len(breaks), "mended": mended, "lost": lost}
        return {**counts, "typed": dict(rehearsal.done), "minutes": minutes}


def main() -> int:
    """0 when all was mended and nothing is lost."""
    parser = argparse.ArgumentParser(prog="make rehearse", description="Break three things, and mend them.")
    parser.add_argument("--port", type=int, default=0, help="of the local cloud (a free one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(options.port or free_port(), Path(folder) / "mall")
        try:
            found = rehearse(cloud, Path(folder) / "config")
        finally:
            cloud.stop()
    print(json.dumps(found))
    return 0 if found["mended"] == found["broken"] and not found["lost"] else 1


if __name__ == "__main__":
    sys.exit(main())
