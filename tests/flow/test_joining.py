"""A service that joins late gets its history, addressed to it alone while orders go on, and answers as one from the first.

Two of each are in the mall: one that has been there since the first order, and one that joins after many.
"""  # noqa: E501

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from functions.kernel.projections.generation import View, split
from functions.kernel.runtime.runtime import Runtime
from functions.operations import replays
from functions.operations.replay_plans import Asked
from tests.flow.a_day import RANGE
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_replays import is_over
from tests.support import loyalty
from tests.support.operated import OperatedMall, deployed, served, views_of

ORDERS = int(os.environ.get("JOIN_ORDERS", "40"))
GOING_ON = 8  # orders that are placed during the replay

# Rows that may differ from those of one that was there from the first, by the partitions that they are in.
MAY_DIFFER = {
    "orders in ": "a decision has a row where it came before what began its flow",
    "late ": "a mark says that a row came late, which those of a replay do",
    "sums": "how far sums are, and under which number",
    "reached by ": "sums are made anew when rows come late, under another number, or are yet to be made",
    "sold by ": "the same",
}


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch, served(loyalty.MANIFEST)):
        yield


@dataclass
class Twins:
    """A mall with two of one service. late: the one that joins; first: the one that was there."""

    mall: OperatedMall
    service: str
    first: Runtime
    late: Runtime

    def of(self, runtime: Runtime) -> None:
        """Have this one answer for the service."""
        self.mall.runtimes[self.service] = runtime


def twins(mall: OperatedMall, service: str) -> Twins:
    """Two of a service, of which one is not deployed yet: no message comes to it."""
    late = mall.runtimes.get(service) or mall.add(service)
    mall.subscribers[:] = [one for one in mall.subscribers if one.runtime is not late]
    return Twins(mall, service, mall.add(service), late)


def join(one: Twins) -> None:
    """Deploy the late one: from now on its rule brings it what is published."""
    one.of(one.late)
    one.mall.subscribe(one.service, one.late)


def place(mall: OperatedMall, products: dict[str, str], orders: int) -> list[Shopper]:
    """Orders of which most complete, some are rejected, and some are cancelled."""
    placed = []
    for number in range(orders):
        shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 1 + number % 3})
        shopper.authorizes_a_payment(5 if number % 7 == 6 else 40).checks_out()
        if number % 7 == 3:
            shopper.is_cancelled_by_staff()
        elif number % 7 != 6:
            shopper.ask("PUT", f"/api/depot/shopping/{shopper.basket_id}/complete", {})
            mall.settle()
            shopper.pays()
        placed.append(shopper)
    return placed


def rows_of(mall: OperatedMall, runtime: Runtime, views: list[View]) -> dict[tuple[str, str], Any]:
    """The rows of views as they are stored, without those that may differ and those whose time is over."""
    found = {}
    for (stored, sort), item in runtime.views.store.items.items():  # type: ignore[attr-defined]
        _, partition = split(stored)
        over = "over" in item or ("expires" in item and int(item["expires"]["N"]) <= mall.now.timestamp())
        if any(view.has(partition) for view in views) and not partition.startswith(tuple(MAY_DIFFER)) and not over:
            found[partition, sort] = item
    return found


def shown_by_insights(one: Twins, runtime: Runtime, shoppers: list[Shopper]) -> dict[str, Any]:
    """What its routes show."""
    one.of(runtime)
    found: dict[str, Any] = {}
    for path in ("sales", "funnel", "waiting"):
        found[path] = one.mall.request("GET", f"/api/insights/{path}?{RANGE}").body
    for shopper in shoppers:
        path = f"/api/insights/orders/{shopper.basket_id}/timeline?limit=100"
        messages = found[path] = one.mall.request("GET", path).body["messages"]
        for flow in {message["correlationId"] for message in messages}:
            found[flow] = one.mall.request("GET", f"/api/insights/timeline/{flow}?limit=100").body["messages"]
    return found


def test_insights_and_a_new_service_that_join_late_answer_as_those_that_were_there_from_the_first() -> None:
    mall = OperatedMall()
    mall.manifests[loyalty.SERVICE] = loyalty.MANIFEST
    insights, newcomer = twins(mall, "insights"), twins(mall, loyalty.SERVICE)
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    bring_a_robot_online(mall)
    shoppers = place(mall, products, ORDERS)
    mall.pass_time(120)
    assert rows_of(mall, insights.late, views_of(mall.manifests["insights"])) == {}

    join(insights)
    join(newcomer)
    others = {name: len(r.store.log) for name, r in mall.runtimes.items() if name != "operations"}  # type: ignore[attr-defined]
    published = len(mall.published)
    ids = [
        mall.begin(replays.begin, Asked("insights"), rate=500),
        mall.begin(replays.begin, Asked(loyalty.SERVICE, names=("ConfirmPayment",)), rate=500),
    ]
    mall.run()  # the first pages, with orders in between: nothing of it is published
    assert len(mall.published) == published
    assert {name: len(mall.runtimes[name].store.log) for name in others} == others  # type: ignore[attr-defined]
    shoppers += place(mall, products, GOING_ON)
    for id in ids:
        run, progress = mall.until(id, is_over)
        assert (run.state, progress.failed) == ("done", 0)
    mall.pass_time(600)  # the roll-ups of insights work off what came late

    for one in (insights, newcomer):
        views = views_of(mall.manifests[one.service])
        assert rows_of(mall, one.late, views) == rows_of(mall, one.first, views)
    assert shown_by_insights(insights, insights.late, shoppers) == shown_by_insights(insights, insights.first, shoppers)
    customers = [shopper.customer_id for shopper in shoppers]
    answers = []
    for runtime in (newcomer.late, newcomer.first):
        newcomer.of(runtime)
        with mall.at_work(loyalty.SERVICE):
            answers.append(loyalty.answers(customers))
    assert answers[0] == answers[1]
    assert sum(answers[0][f"points of {one}"] for one in customers) > ORDERS
