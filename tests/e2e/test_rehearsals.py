"""Failures rehearsed on a deployment of their own: broken by a deploy, found, forecast, mended, and sent back.

Each prints its figures as the last line of what it prints, as JSON.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from clients.mall import Json, Mall, MallError, wait_for
from clients.order import Order, UnexpectedError
from clients.people import People
from clients.scenarios.crowd import Crowd, Visit
from clients.scenarios.fate import COMPLETED, REJECTED, Fate, money_difference
from clients.scenarios.paths import Path, Scene, Steps, Walk
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from functions.customers.synthetic import PROMISED
from functions.kernel.domain.saga import TRIES
from functions.kernel.messaging.failing import LEAST, SHARE
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.synthesis import STAGE
from infra.local.up import up
from infra.operate.dead_letters import dead_letters
from infra.operate.operator import operator
from tests.e2e.books import Books
from tests.e2e.mending import Mending
from tests.e2e.rehearse import REDRIVE, RESUME, Rehearsal
from tests.e2e.releases import Edit, Releases
from tests.e2e.shell import Shell

INBOX = "functions/payments/inbox.py"
# Of OrderApproved alone: the handler takes OrderReadied too, which an order approved before may send meanwhile.
BROKEN_TOTAL = "event.payment_id, event.amount if isinstance(event, OrderApproved) else event.total,"
MAKES_NO_INVOICE = Edit(INBOX, "event.payment_id, event.total,", BROKEN_TOTAL)
CONFIRMS_NOTHING = Edit(INBOX, "command.customer_id, command.amount)", "command.customer_id, command.total)")
# An error of ours is given up at the third receive here, 6 s after the first, rather than at the eighth after 254 s.
SOON_GIVEN_UP = {"MALLBOTS_MAX_RECEIVES": "3"}
SETTINGS = {"step_timeout": "4", "synthetic": "yes"}
SYNTHETIC = "mallbots-local-customers-synthetic"
NONE = {"passes": 0, "refused": 0, "waits": 0, "fails": 0, "cannotTell": 0}
SPACING, LOOKED_EVERY = 3.0, 2.0  # seconds between two customers; between two looks of one who waits
WORKERS = 4
# Failures at most, so that the consumer does not pause itself in the middle of a rehearsal: more than half of 20 would.
FEW = int(LEAST * SHARE)
MANY = 9  # letters, of which a ramp has four steps
ENDED_WITHIN = 240  # seconds after the redrive


@dataclass
class Rehearsed:
    """A mall of the rehearsals' own, with an operator, and who deploys payments."""

    cloud: LocalCloud
    people: People
    scene: Scene
    operator: Mall
    payments: Releases
    mended: threading.Event = field(default_factory=threading.Event)
    broken_off: threading.Event = field(default_factory=threading.Event)

    @property
    def books(self) -> Books:
        return Books(self.cloud)

    @contextmanager
    def customers(self, walks: list[Walk], fate: Fate) -> Iterator[list[Visit]]:
        """Customers who go their ways in the background, until the last has ended as it should."""
        visits = [Visit(Path(f"order {n}", walk, fate, 1), Order(self.people)) for n, walk in enumerate(walks)]
        with ThreadPoolExecutor(1) as background:
            run = background.submit(Crowd(visits, self.scene).walk, WORKERS)
            try:
                yield visits
                run.result()
            finally:
                self.broken_off.set()
        self.broken_off.clear()
        assert [visit.problem for visit in visits if visit.problem] == []

    def pause(self) -> float:
        """For how long one who waits looks away. Raises UnexpectedError where the rehearsal has failed."""
        if self.broken_off.is_set():
            raise UnexpectedError("the rehearsal has failed")
        return LOOKED_EVERY


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("rehearsed"))
    try:
        up(cloud, SETTINGS)
        cloud.client("events").disable_rule(Name=SYNTHETIC)  # a synthetic order comes when a test wants it
        with (
            at_work(cloud) as people,
            operator(cloud, STAGE) as by_operator,
            Fleet(people.robot, seed(people).robots) as fleet,
        ):
            releases = Releases(cloud, "payments", tmp_path_factory.mktemp("code"), SOON_GIVEN_UP)
            yield Rehearsed(cloud, people, Scene(fleet, open_shop(people.staff)), by_operator, releases)
    finally:
        cloud.stop()


def test_a_handler_that_a_deploy_broke_is_found_mended_and_redriven_under_load_and_all_orders_complete(
    rehearsed: Rehearsed, capsys: pytest.CaptureFixture[str]
) -> None:
    began, letters = time.monotonic(), Mending(rehearsed.operator, "payments/inbox", "OrderApproved")
    early = [partial(_pays_when_there_is_an_invoice, rehearsed, n * SPACING) for n in range(FEW)]
    late = [partial(_comes_when_it_is_mended, rehearsed, n * SPACING) for n in range(3)]
    with rehearsed.customers([*early, *late], COMPLETED) as visits:
        wait_for(lambda: visits[0].order.id or None, "the first order")
        broken = rehearsed.payments.deploy(MAKES_NO_INVOICE)

        group = letters.found(at_least=MANY)
        assert (group["code"], group["error"]) == (broken, "AttributeError")
        before = letters.forecast(group["id"])
        assert before["counts"] == {**NONE, "fails": before["total"]}
        assert before["codes"] == [f"payments {broken}"]

        mended = rehearsed.payments.deploy()
        rehearsed.mended.set()
        after = letters.forecast(group["id"])
        assert after["counts"] == {**NONE, "passes": after["total"]}
        assert after["codes"] == [f"payments {mended}"]
        run = _redriven(letters, after["id"])
        wait_for(partial(_all_have_ended, visits, letters), "the last order", seconds=ENDED_WITHIN)
    letters.resolve(group["id"], "the invoice was made of a field that the event does not have")

    orders = [visit.order for visit in visits]
    figures = _figures(rehearsed, letters, orders, before, after, began)
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")
    assert letters.states() == {"done"}
    assert figures["letters"] == figures["redriven"]
    assert figures["groups"] == 1
    assert letters.kept_to_the_ramp(run["id"])
    assert (figures["completed"], figures["twice"]) == (len(orders), 0)
    assert [order.id for order in orders if money_difference(rehearsed.people.staff, order.id)] == []
    assert dead_letters(rehearsed.cloud) == []


def test_orders_whose_payments_a_broken_handler_did_not_confirm_are_rejected_and_the_commands_change_nothing_later(
    rehearsed: Rehearsed, capsys: pytest.CaptureFixture[str]
) -> None:
    began, letters = time.monotonic(), Mending(rehearsed.operator, "payments/inbox", "ConfirmPayment")
    broken = rehearsed.payments.deploy(CONFIRMS_NOTHING)
    with rehearsed.customers([partial(_orders, n * 2 * SPACING) for n in range(FEW // TRIES)], REJECTED) as visits:
        pass
    orders = [visit.order for visit in visits]
    for order in orders:
        wait_for(partial(_is_released, rehearsed.books, order), f"the money of {order.id} to be released")

    group = letters.found(at_least=len(orders))
    assert (group["code"], group["error"]) == (broken, "AttributeError")
    before = letters.forecast(group["id"])
    assert before["counts"] == {**NONE, "fails": before["total"]}

    rehearsed.payments.deploy()
    assert wait_until_idle(rehearsed.cloud) == {}
    states = [rehearsed.books.state(order) for order in orders]
    after = letters.forecast(group["id"])
    assert after["counts"] == {**NONE, "refused": after["total"]}
    _redriven(letters, after["id"])
    letters.resolve(group["id"], "the amount was read of a field that the command does not have")
    assert wait_until_idle(rehearsed.cloud) == {}

    figures = _figures(rehearsed, letters, orders, before, after, began)
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")
    assert letters.states() == {"done"}
    assert figures["letters"] == figures["redriven"]
    assert figures["groups"] == 1
    assert (figures["completed"], figures["rejected"], figures["twice"]) == (0, len(orders), 0)
    assert [rehearsed.books.state(order) for order in orders] == states
    assert dead_letters(rehearsed.cloud) == []


def test_what_the_command_line_says_of_an_order_that_waits_mends_it(
    rehearsed: Rehearsed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two faults of `make rehearse`, of one order or a few each; operations need not wait for its minute."""
    cloud = rehearsed.cloud
    rehearsal = Rehearsal(cloud, rehearsed.people, Shell(cloud, tmp_path_factory.mktemp("config")), few=1)
    with rehearsal.customers(rehearsed.scene.stock.plain):
        rehearsal.forgets_a_pause()
        rehearsal.mend(RESUME)
        rehearsal.gives_up_events()
        _invoked(cloud, "operations", "Collector")
        rehearsal.mend(REDRIVE)
    rehearsal.mend()
    assert rehearsal.lost() == 0
    assert rehearsal.done[RESUME] >= 1 <= rehearsal.done[REDRIVE]
    assert dead_letters(cloud) == []


def test_a_synthetic_order_is_approved_and_cancelled_under_the_role_of_its_function(rehearsed: Rehearsed) -> None:
    placed = _invoked(rehearsed.cloud, "customers", "Synthetic")
    assert placed.get("why") is None
    assert 0 < placed["seconds"] < PROMISED
    wait_for(partial(_is_cancelled, rehearsed, placed["order"]), "the order's end")
    assert wait_until_idle(rehearsed.cloud) == {}


def _invoked(cloud: LocalCloud, service: str, function: str) -> Json:
    """What a function answers that a schedule runs."""
    name = cloud.outputs()[f"mallbots-local-{service}"][f"{function}Function"]
    found = cloud.client("lambda", read_timeout=60).invoke(FunctionName=name, Payload=b"{}")
    answer: Json = json.loads(found["Payload"].read()) or {}
    assert "FunctionError" not in found, answer
    return answer


def _is_cancelled(rehearsed: Rehearsed, order_id: str) -> bool | None:
    return rehearsed.people.staff.get(f"/api/ordering/{order_id}")["order"]["status"] == "cancelled" or None


def _orders(after: float, order: Order, scene: Scene) -> Steps:
    yield after
    order.orders(scene.stock.plain)


def _pays_when_there_is_an_invoice(rehearsed: Rehearsed, after: float, order: Order, scene: Scene) -> Steps:
    """The robot brings it only then, so that no later event makes the invoice.

    Who waits for a robot occupies no worker: those who have one would find none that is free.
    """
    yield after
    order.orders(scene.stock.plain).is_approved()
    while not _has_invoice(order):
        yield rehearsed.pause()
    while order.shopping_list()["status"] != "assigned":
        yield rehearsed.pause()
    order.is_collected().pays()


def _comes_when_it_is_mended(rehearsed: Rehearsed, after: float, order: Order, scene: Scene) -> Steps:
    while not rehearsed.mended.is_set():
        yield rehearsed.pause()
    yield from _pays_when_there_is_an_invoice(rehearsed, after, order, scene)


def _has_invoice(order: Order) -> bool:
    try:
        return bool(order.invoice())
    except MallError as error:
        if error.status != 404:
            raise
        return False


def _is_released(books: Books, order: Order) -> bool | None:
    """Whether the provider holds nothing any more, and took nothing."""
    return books.done(order.payment_id) == {"authorize": 1, "void": 1} or None


def _redriven(letters: Mending, forecast: str) -> Json:
    """Send back what was forecast, and see that each letter is done with. Returns the run."""
    run = letters.redrive(forecast)
    assert (run["state"], run["counts"]["done"]) == ("done", run["total"]), run
    return run


def _all_have_ended(visits: list[Visit], letters: Mending) -> bool | None:
    """Whether all customers are through; redrives what was stored after the set of the last redrive was taken."""
    if group := letters.open_group():
        _redriven(letters, letters.forecast(group)["id"])
    return all(visit.ended.is_set() for visit in visits) or None


def _figures(
    rehearsed: Rehearsed, letters: Mending, orders: list[Order], before: Json, after: Json, began: float
) -> dict[str, int | str]:
    """The last line of a rehearsal. before, after: the forecasts of the code that was broken, and of the mended."""
    found = letters.letters()
    statuses = [order.by_staff.order()["status"] for order in orders]
    return {
        "orders": len(orders),
        "letters": len(found),
        "groups": len({letter["group"] for letter in found}),
        "forecast_before": _answers(before),
        "forecast_after": _answers(after),
        "redriven": letters.redriven,
        "completed": statuses.count("completed"),
        "rejected": statuses.count("rejected"),
        "twice": sum(rehearsed.books.twice(order) for order in orders),
        "seconds": round(time.monotonic() - began),
    }


def _answers(forecast: Json) -> str:
    """What a forecast says of its letters, such as `passes`."""
    return ", ".join(answer for answer, letters in forecast["counts"].items() if letters)
