"""A rehearsal of being on call: three things break under load, and each is mended by the command line alone.

    make rehearse

Customers place orders on a deployment of its own. A consumer is paused and forgotten; commands are lost on their way;
events are given up. The one on call knows nothing of that: `mallbots order` is asked why orders wait, and what it
says to do is done, until all go on. In the end every order must be completed, and no letter open. The last line is
JSON: {"orders", "broken", "mended", "lost", "letters", "typed", "minutes"}.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.cli.verbs import VERBS
from clients.mall import MallError, wait_for
from clients.order import Order
from clients.people import People
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.seed import seed
from infra.local.up import up
from tests.e2e.drill import run
from tests.e2e.shell import Shell, verb_of

TIMES = {"step_timeout": "600"}  # seconds until a saga tries again by itself: longer than anyone on call waits
EVERY = 2.0  # seconds between two customers
LONGEST = 600.0  # seconds until what is broken was found and mended; until all orders are completed
LOOKED_EVERY = 5.0
FEW = 3
ASKED = 4  # orders that are asked about before what they say is done
READS, AT_ONCE = 10, 4  # messages that are taken from a queue at once; orders that are asked about at once
RESUME, RETRY, REDRIVE = "resume", "saga retry", "dead redrive"


@dataclass
class Rehearsal:
    """A mall under load, in which things break.

    few: orders before the first fault, and messages that a fault is about. done: what the one on call typed, by verb.
    """

    cloud: LocalCloud
    people: People
    shell: Shell
    few: int = FEW
    orders: list[Order] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    closed: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def customers(self, product: Mapping[str, int]) -> Iterator[None]:
        """Customers come, until the block is over; it begins when there are a few."""
        coming = threading.Thread(target=self._come, args=(product,), daemon=True)
        coming.start()
        try:
            wait_for(lambda: len(self.orders) >= self.few or None, "the first orders")
            yield
        finally:
            self.closed.set()
            coming.join()

    def _come(self, product: Mapping[str, int]) -> None:
        while not self.closed.wait(EVERY):
            order = Order(self.people)
            try:
                self.orders.append(order.orders(product))
            except MallError as error:
                print(f"a customer goes home: {error}", file=sys.stderr)

    def forgets_a_pause(self) -> None:
        """A consumer is paused, and stays so."""
        self.shell("pause checkout/inbox --reason 'a deploy, which was called off' --yes")

    def loses_commands(self) -> None:
        """Commands to depot vanish from its queue."""
        self._take("depot", "CreateShoppingList")

    def gives_up_events(self) -> None:
        """Events for ordering are given up, as by a function that crashes."""
        for body in self._take("ordering", "BasketCheckedOut"):
            self.cloud.client("sqs").send_message(QueueUrl=self._url("ordering", "DeadLetters"), MessageBody=body)

    def mend(self, by: str = "") -> None:
        """Ask why orders wait, and do what is said, until all go on that were placed by then.

        by: what must have been done for it: until then, orders may not have come to what is broken.
        """
        before, deadline = self.done[by], time.monotonic() + LONGEST
        while True:
            orders, waiting, stuck = self._asked_about()
            for line in dict.fromkeys(one["do"].removeprefix("mallbots ") for one in stuck if _mends(one["do"])):
                self._types(line)
            if not waiting and (not by or self.done[by] > before):
                return
            assert time.monotonic() < deadline, f"{len(waiting)} of {len(orders)} orders do not go on: {stuck}"
            time.sleep(LOOKED_EVERY)

    def _asked_about(self) -> tuple[list[Order], list[Order], list[dict[str, Any]]]:
        """All orders, those that wait, and what is said of the first of these where something is to blame."""
        orders = list(self.orders)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [order for order, waits in zip(orders, pool.map(_waits, orders), strict=True) if waits]
            found = list(pool.map(self._why, waiting[:ASKED]))
        return orders, waiting, [one for one in found if one["blames"]]

    def lost(self) -> int:
        """Have all orders collected and paid; how many are not completed then."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda order: order.is_approved().is_collected().pays(), self.orders))
        deadline = time.monotonic() + LONGEST
        while (left := self._not_completed()) and time.monotonic() < deadline:
            time.sleep(LOOKED_EVERY)
        return left

    def _not_completed(self) -> int:
        return sum(order.order()["status"] != "completed" for order in self.orders)

    def _why(self, order: Order) -> dict[str, Any]:
        found: dict[str, Any] = self.shell(f"order {order.id}")["why"]
        return found

    def _types(self, line: str) -> None:
        print(f"mallbots {line} --yes", file=sys.stderr)
        self.shell(f"{line} --yes", 0, 1, 3, 4)  # another may have done it by then
        self.done[verb_of(line)] += 1

    def _take(self, service: str, name: str) -> list[str]:
        """Take messages of a name out of the queue of a consumer, which takes nothing until there are a few.

        The others go back to it, each after one receive: it gives a message up by how often it was received.
        """
        sqs, url = self.cloud.client("sqs"), self._url(service, "Queue")
        taken: list[str] = []
        others: list[str] = []

        def enough() -> bool | None:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=READS)
            for one in found.get("Messages", []):
                if json.loads(one["Body"])["detail-type"] == name:
                    taken.append(one["Body"])
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
                else:
                    others.append(one["ReceiptHandle"])
            return len(taken) >= self.few or None

        with self._stopped(service):
            wait_for(enough, f"{self.few} times {name} for {service}", seconds=LONGEST)
            for handle in others:
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        return taken

    @contextmanager
    def _stopped(self, service: str) -> Iterator[None]:
        """Within the block, a consumer takes nothing."""
        lambdas, function = self.cloud.client("lambda"), self._output(service, "InboxWorkerFunction")
        [mapping] = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def _url(self, service: str, of: str) -> str:
        return self._output(service, f"Inbox{of}")

    def _output(self, service: str, name: str) -> str:
        return self.cloud.outputs()[f"mallbots-local-{service}"][name]


def _waits(order: Order) -> bool:
    """Whether an order was not accepted by all yet, or has no invoice."""
    try:
        return bool(order.order()["status"] == "pending") or not order.invoice()
    except MallError:
        return True


def _mends(do: str) -> bool:
    """Whether an advice changes something, rather than shows more, or names a page to read."""
    typed = do.removeprefix("mallbots ")
    return typed != do and any(verb.changes for verb in VERBS if verb.words == verb_of(typed))


def rehearse(cloud: LocalCloud, folder: Path) -> dict[str, Any]:
    """Deploy, break, mend, and count."""
    up(cloud, TIMES)
    with at_work(cloud) as people, Fleet(people.robot, seed(people).robots):
        rehearsal, began = Rehearsal(cloud, people, Shell(cloud, folder)), time.monotonic()
        breaks: dict[str, Callable[[], None]] = {
            RESUME: rehearsal.forgets_a_pause,
            RETRY: rehearsal.loses_commands,
            REDRIVE: rehearsal.gives_up_events,
        }
        with rehearsal.customers(open_shop(people.staff).plain):
            for by, breaks_something in breaks.items():
                print(f"it {breaks_something.__name__.replace('_', ' ')}", file=sys.stderr)
                breaks_something()
                rehearsal.mend(by)
        rehearsal.mend()
        lost = rehearsal.lost()
        return {
            "orders": len(rehearsal.orders),
            "broken": len(breaks),
            "mended": len(breaks.keys() & rehearsal.done.keys()),
            "lost": lost,
            "letters": len(rehearsal.shell("dead list --state open")),
            "typed": dict(rehearsal.done),
            "minutes": round((time.monotonic() - began) / 60, 1),
        }


def main() -> int:
    """0 when all was mended, nothing is lost, and no letter is open."""
    found = run("rehearse", "Break three things, and mend them.", rehearse)
    return 0 if found["mended"] == found["broken"] and not found["lost"] and not found["letters"] else 1


if __name__ == "__main__":
    sys.exit(main())
