"""Orders at a pace on a simulated cloud without faults, and the log of all calls while as many begin as end.

| | |
|---|---|
| flow | that of tests/simulation/whole_order.py, by 9 requests that write, and four looks of the clients |
| who asks | customers by the token of the session that a kiosk opens for them, robots by their own: the gateway asks the authorizer about each, and again after 60 s. Kiosks and clerks have tokens of the user pool for all their orders; what they make the gateway ask is a line of a month |
| pace | orders begin at random within equal times; between two requests of one are 6 to 10 s, so that many are under way at once |
| batches | as the pace gives: messages of different orders share those of a relay or an inbox; a queue with a window gathers GATHERERS batches at a time, MOST_GATHERERS where it has a maximum concurrency; a batch is received at once (tests/cost/receives.py) |
| counted | from when the first orders are over until as many more have begun; an order is 13 requests |
| left out | what would be without orders: schedules, heartbeats, leases; they are lines of a month (tests/cost/month.py) |
"""  # noqa: E501  (a table)

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError

from tests.simulation.cloud import A_CLERK
from tests.simulation.cost import Call
from tests.simulation.dynamodb import DynamoDBClient
from tests.simulation.expressions import Item
from tests.simulation.sdk import Effect, Wire
from tests.simulation.tables import Table
from tests.simulation.templates import deployed
from tests.simulation.whole_order import A_KIOSK, AFTERWARDS, PACE, STORES, Left, WholeOrder

APART = (6.0, 10.0)  # seconds between two requests of an order
LOOKS = 4
# Batches that Lambda gathers side by side of a queue in which it waits for more. It begins with five, and has as few as
# two where traffic is low and no maximum concurrency is set, so not of a queue for which infra/queues.py sets one.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
GATHERERS, MOST_GATHERERS = 2, 5
WATCHED = 70  # seconds after its last request, until the watch of an order's saga is over
REFUSED = "ConditionalCheckFailedException"
READS = ("GetItem", "Query", "BatchGetItem", "Scan")


@dataclass
class Run:
    """What was counted of some orders.

    calls: what AWS bills, call by call. asked: the calls of each function by operation. answers: of reads, the table,
    the items, and whether it was consistent; of a batch one for each key. history: the entries of what happened.
    logged: the lines of each container. containers: by function. left: what an order left in the tables. seconds: of
    the time that was counted. before, after: the items of tables. refused: what writes wanted whose condition did not
    hold. indexes: their keys, by table. queues: those that a function consumes. gathered: those of them with a window.
    """

    orders: float = 0.0
    seconds: float = 0.0
    requests: int = 0
    calls: list[Call] = field(default_factory=list)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: list[tuple[str, list[Item], bool]] = field(default_factory=list)
    history: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    logged: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    containers: Counter[str] = field(default_factory=Counter)
    left: Left = field(default_factory=Left)
    before: dict[str, dict[Any, Item]] = field(default_factory=dict)
    after: dict[str, dict[Any, Item]] = field(default_factory=dict)
    refused: list[Item] = field(default_factory=list)
    indexes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    queues: frozenset[str] = frozenset()
    gathered: frozenset[str] = frozenset()


class Orders(WholeOrder):
    """A mall in which orders begin at a pace (a second); `counted` of them while the mall is neither filled nor left.

    Each table is compared before and after all orders, so that what one leaves is exact. deeds: requests of an order
    that write. longest: seconds of an order.
    """

    deeds = 9
    longest = deeds * APART[1] + WATCHED

    def __init__(self, per_second: float, counted: int, gatherers: int) -> None:
        super().__init__(gatherers=gatherers)
        self._gather_bounded()
        self.run = Run()
        self.robots: dict[str, str] = {}  # tokens by robot
        self._gap, self._counted = 1.0 / per_second, counted
        self._before = int(self.longest / self._gap) + 1
        self._number = self._before + counted

    def _gather_bounded(self) -> None:
        """Gather as many batches as Lambda begins with, where a maximum concurrency keeps it from going below that."""
        for name, mapping in deployed().mappings.items():
            worker = self.cloud.queues[name].worker
            if worker and mapping.window and mapping.concurrency:
                worker._gatherers = MOST_GATHERERS

    def _work(self) -> None:
        products = [self._product(store) for store in STORES]
        self._ask("POST", "/api/customers", {"name": "Bo Lind", "smsNumber": "+15550101"})  # makes the year's key
        self._bring_robots()
        self.cloud.sleep(PACE)
        self._sum_up()
        before, buyers, choices = self._tables(), [], self.cloud.choices
        begun = 0.0, 0, 0
        for number in range(self._number):
            if number == self._before:  # as many are under way as ever will be
                begun = self._begin()
            buyer = self._buyer()
            wait = choices.seconds(0.0, self._gap, "an order begins")
            self.cloud.sleep(wait)
            buyers.append(self.cloud.spawn(buyer.order, products))
            self.cloud.sleep(self._gap - wait)
        self._end(begun)
        while not all(buyer.done for buyer in buyers):
            self.cloud.sleep(10.0)
        self._leave()
        self.cloud.sleep(AFTERWARDS)
        assert self.cloud.is_quiescent()
        left = self._tables().since(before)
        for one in left.counters:
            for table in one:
                one[table] = round(one[table] / self._number)
        self.run.left = left

    def _bring_robots(self) -> None:
        """Bring more robots than are ever at work."""
        for number in range(max(4, int(1.5 * self.longest / self._gap))):
            robot = self._ask("POST", "/api/depot/bots", {"name": f"Ajax {number}"})
            self.robots[robot] = self.token
            self._ask("PUT", f"/api/depot/bots/{robot}/online")

    def _buyer(self) -> "Buyer":
        return Buyer(self)

    def _leave(self) -> None:
        """All orders are over."""

    def _begin(self) -> tuple[float, int, int]:
        cloud = self.cloud
        cloud.cost.counting, cloud.cost.calls = True, []
        self.run.before = self._items()
        return cloud.now(), len(cloud.history.entries), len(cloud.world.logged)

    def _items(self) -> dict[str, dict[Any, Item]]:
        return {name: dict(table.items) for name, table in self.cloud.tables.items()}

    def _end(self, begun: tuple[float, int, int]) -> None:
        cloud, run, (at, entries, lines) = self.cloud, self.run, begun
        cloud.cost.counting = False
        run.calls, cloud.cost.calls = cloud.cost.calls or [], None
        run.after = self._items()
        run.indexes = {name: table.index_keys for name, table in cloud.tables.items()}
        run.queues = frozenset(name for name, queue in cloud.queues.items() if queue.worker)
        run.gathered = frozenset(name for name, mapping in deployed().mappings.items() if mapping.window)
        run.seconds = cloud.now() - at
        run.history = cloud.history.entries[entries:]
        run.logged = [(container, line) for _, container, line in cloud.world.logged[lines:]]
        run.requests = sum(kind == "request" for _, kind, _ in run.history)
        run.orders = run.requests / (self.deeds + LOOKS)
        run.containers = Counter({name: len(one.containers) for name, one in cloud.functions.items() if one.containers})


class Buyer(WholeOrder):
    """The customer of one of the orders, in the same mall, and the robot that collects it."""

    def __init__(self, mall: Orders) -> None:
        self.cloud, self.requests, self._mall = mall.cloud, 0, mall
        self._session = self._robot = ""

    def order(self, products: list[tuple[str, str]]) -> None:
        """Place one order, and look at it."""
        order = ""
        for number, (method, path, body) in enumerate(self._deeds(products)):
            self._ask(method, path, body)
            order = self.id if path.startswith("/api/baskets/with") else order
            for look in self._looks(number, order):
                self._look(look)
            self.cloud.sleep(self.cloud.choices.seconds(*APART, "between requests"))

    def _deeds(self, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        deeds = super()._deeds(products)
        yield next(deeds)
        customer = self.id
        yield "POST", f"/api/customers/{customer}/sessions", {}
        self.id, self._session = customer, self.token
        yield from deeds

    def _collected(self, order: str, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        assigned = (
            fields["detail"]["data"]["bot_id"]
            for _, kind, fields in reversed(self.cloud.history.entries)
            if kind == "published" and fields["name"] == "ShoppingListAssigned"
            if fields["detail"]["data"]["shopping_list_id"] == order
        )
        self._robot = self._mall.robots[next(assigned)]
        yield from super()._collected(order, products)

    def _token(self, path: str) -> dict[str, str]:
        if path.startswith("/api/customers") or path.endswith("/complete"):  # a kiosk; a clerk, who checks it in
            return {}
        token = self._robot if path.startswith("/api/depot") else self._session
        return {"Authorization": f"Bearer {token}"}

    def _who(self, path: str) -> str:
        """Who asks without a token."""
        return A_KIOSK if path.startswith("/api/customers") else A_CLERK if path.endswith("/complete") else ""

    @staticmethod
    def _looks(number: int, order: str) -> list[str]:
        """What is looked at after a request: the basket before it is checked out, the order until it is paid."""
        return {
            2: [f"/api/baskets/{order}"],
            5: [f"/api/ordering/{order}"],
            7: [f"/api/ordering/{order}", f"/api/payments/invoices/{order}"],
        }.get(number, [])

    def _look(self, path: str) -> None:
        answer = self.cloud.request("GET", path, headers=self._token(path), who="")
        assert answer.status == 200, f"{path}: {answer}"


@contextmanager
def _logging_clients(orders: Orders) -> Iterator[None]:
    """Within the block, what clients of AWS ask and are given is kept while calls are counted."""
    call, ask = Wire.call, DynamoDBClient._call

    def called(wire: Wire, operation: str, target: str, effect: Effect) -> Any:
        if orders.cloud.cost.counting:
            orders.run.asked[wire.caller.rpartition("-")[0], operation] += 1
        return call(wire, operation, target, effect)

    def asked(
        client: DynamoDBClient, operation: str, request: Mapping[str, Any], table: Table, effect: Any
    ) -> dict[str, Any]:
        try:
            answer = ask(client, operation, request, table, effect)
        except ClientError as error:
            if orders.cloud.cost.counting and error.response["Error"]["Code"] == REFUSED:
                orders.run.refused.append(request["Item"])
            raise
        if orders.cloud.cost.counting and operation in READS:
            wanted = request["RequestItems"][table.name] if operation == "BatchGetItem" else request
            consistent = wanted.get("ConsistentRead", False)
            given = [[item] for item in _items(answer)] if operation == "BatchGetItem" else [_items(answer)]
            missing = len(wanted["Keys"]) - len(given) if operation == "BatchGetItem" else 0
            orders.run.answers += [(table.name, items, consistent) for items in (*given, *[[]] * missing)]
        return answer

    with patch.object(Wire, "call", called), patch.object(DynamoDBClient, "_call", asked):
        yield


def _items(answer: dict[str, Any]) -> list[Item]:
    if "Responses" in answer:
        return [item for items in answer["Responses"].values() for item in items]
    return [answer["Item"]] if "Item" in answer else answer.get("Items", [])


def run(per_second: float, counted: int, gatherers: int = GATHERERS, of: type[Orders] = Orders) -> Run:
    """Count some orders at a pace (orders a second)."""
    orders = of(per_second, counted, gatherers)
    with _logging_clients(orders):
        task = orders.cloud.spawn(orders._work)
        orders.cloud.run(1e6, enough=lambda: task.done)
    assert task.done
    return orders.run
