"""The money of an order, for every path on which money goes back and every behaviour of the payment provider.

Each path is taken with a provider that pays, that refuses, that loses its answers, and that is away for a time. In the
end no refund was paid twice and none is missing: authorized = captured + released and captured − refunded = the
invoice's amount.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from functions.payments.domain import Statement
from tests.flow.adding_up import at_the_provider, everything_adds_up, money
from tests.flow.bank import Bank, Behaviour
from tests.flow.scene import ORDERED, Scene, a_scene
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.mall import Mall

RETRIED_FOR = 30_000  # seconds: 8 hours, and the longest back-off

DISORDER = [None, 1, 2]  # messages in order, and two kinds of disorder with repetitions
FAULTS: list[Behaviour] = ["refuses", "loses answers", "is away"]
CABLE = {"cable": 1}  # 9.95


def paid_then_short(scene: Scene) -> None:
    scene.is_approved().shopper.pays()
    scene.is_collected(CABLE)


def paid_then_nothing_found(scene: Scene) -> None:
    scene.is_approved().shopper.pays()
    scene.is_collected(ORDERED)


def paid_then_cancelled(scene: Scene) -> None:
    scene.is_approved().shopper.pays()
    assert scene.shopper.cancels().status == 200


def paid_while_being_cancelled(scene: Scene) -> None:
    scene.is_approved()
    scene.mall.hold("payments", "OrderCancelled")
    assert scene.shopper.cancels().status == 200
    scene.shopper.pays()
    scene.mall.release("payments", "OrderCancelled")
    scene.mall.settle()


def paid_while_found_to_be_short(scene: Scene) -> None:
    scene.is_approved()
    scene.mall.hold("payments", "OrderReadied")
    scene.is_collected(CABLE)
    scene.shopper.pays()
    scene.mall.release("payments", "OrderReadied")
    scene.mall.settle()


def paid_then_short_then_cancelled(scene: Scene) -> None:
    """Ordering receives the payment too late to complete the order, so it can be cancelled."""
    scene.mall.hold("ordering", "InvoicePaid")
    scene.is_approved().shopper.pays()
    scene.is_collected(CABLE)
    assert scene.shopper.is_cancelled_by_staff().status == 200
    scene.mall.release("ordering", "InvoicePaid")
    scene.mall.settle()


@dataclass(frozen=True)
class Path:
    """The steps of an order, its final status, and the refunds of the 114.80 that was captured, in cents."""

    steps: Callable[[Scene], None]
    status: str
    refunds: list[int]

    @property
    def payment_status(self) -> str:
        return "settled" if self.status == "completed" else "refunded"


PATHS = [
    Path(paid_then_short, "completed", [995]),
    Path(paid_then_nothing_found, "cancelled", [11480]),
    Path(paid_then_cancelled, "cancelled", [11480]),
    Path(paid_while_being_cancelled, "cancelled", [11480]),
    Path(paid_while_found_to_be_short, "completed", [995]),
    Path(paid_then_short_then_cancelled, "cancelled", [10485, 995]),
]
each_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.steps.__name__)
each_fault = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


@pytest.fixture
def bank(scene: Scene) -> Bank:
    return Bank(scene.mall)


@each_path
def test_what_is_not_owed_is_refunded(scene: Scene, bank: Bank, path: Path) -> None:
    path.steps(scene)
    scene.mall.pass_time(60)
    ends_as(path, scene, bank)


@each_path
def test_a_refused_refund_is_not_forgotten_and_is_made_when_the_provider_pays_again(
    scene: Scene, bank: Bank, path: Path
) -> None:
    bank.behaviour = "refuses"
    path.steps(scene)
    scene.mall.pass_time(60)
    payment = money(scene.mall, scene.shopper.payment_id)
    assert (payment.status, payment.refunded) == ("settled", 0)
    assert sorted((refund.amount for refund in payment.refunds), reverse=True) == path.refunds
    assert scene.shopper.order()["status"] == path.status

    letters = bank.pays_again()
    reasons = {
        f"refund {number} of payment {payment.id} was refused: the account is closed"
        for number in range(1, len(path.refunds) + 1)
    }
    assert {letter.reason and letter.reason["reason"] for letter in letters} == reasons
    assert {json.loads(letter.body)["detail-type"] for letter in letters} == {"RefundDue"}
    ends_as(path, scene, bank)


@each_path
@pytest.mark.parametrize("fault", ["loses answers", "is away"])
def test_a_refund_is_made_once_when_the_provider_fails_for_a_while(
    scene: Scene, bank: Bank, path: Path, fault: Behaviour
) -> None:
    bank.behaviour = fault
    path.steps(scene)
    scene.mall.pass_time(30)
    payment = money(scene.mall, scene.shopper.payment_id)
    assert (payment.refunded, payment.kept) == (0, payment.captured - sum(path.refunds))
    assert min(bank.asked.values()) > 1
    bank.behaviour = "willing"
    scene.mall.pass_time(600)
    ends_as(path, scene, bank)


@each_path
@pytest.mark.parametrize("fault", ["loses answers", "is away"])
def test_a_refund_is_dead_lettered_when_the_provider_fails_for_long_and_redriven(path: Path, fault: Behaviour) -> None:
    scene = a_scene()
    bank = Bank(scene.mall)
    bank.behaviour = fault
    path.steps(scene)
    scene.mall.pass_time(RETRIED_FOR)
    assert scene.mall.waiting().get("payments", []) == []
    assert len(bank.pays_again()) == len(path.refunds)
    ends_as(path, scene, bank)


@each_fault
def test_the_void_of_a_cancelled_order_is_made_once_the_provider_answers(
    scene: Scene, bank: Bank, fault: Behaviour
) -> None:
    bank.behaviour = fault
    scene.is_approved()
    assert scene.shopper.cancels().status == 200
    void_is_made(scene, bank)


@each_fault
def test_the_void_of_a_rejected_order_is_made_once_the_provider_answers(
    scene: Scene, bank: Bank, fault: Behaviour
) -> None:
    bank.behaviour = fault
    scene.shopper.authorizes_a_payment(100).checks_out()
    scene.mall.pass_time(60)
    assert scene.shopper.order()["status"] == "rejected"
    void_is_made(scene, bank)


def void_is_made(scene: Scene, bank: Bank) -> None:
    scene.mall.pass_time(60)
    assert scene.shopper.payment()["status"] == "voided"
    assert money(scene.mall, scene.shopper.payment_id).to_void
    assert len(bank.asked) == 1
    bank.pays_again()
    assert not money(scene.mall, scene.shopper.payment_id).to_void
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("basket", ["cancelled", "abandoned"])
def test_a_payment_that_no_order_took_is_released_when_its_time_is_over(basket: str) -> None:
    scene = a_scene(settings={"MALLBOTS_PAYMENT_UNCONFIRMED": "3600"})
    if basket == "cancelled":
        scene.shopper.ask("DELETE", f"/api/baskets/{scene.order_id}")
    scene.mall.pass_time(3_400)
    assert scene.shopper.payment()["status"] == "authorized"
    scene.mall.pass_time(260)
    assert scene.shopper.payment()["status"] == "voided"
    assert at_the_provider(scene.mall, scene.shopper.payment_id) == Statement()


def test_a_basket_checked_out_after_the_release_becomes_an_order_that_is_rejected_with_the_reason() -> None:
    scene = a_scene(settings={"MALLBOTS_PAYMENT_UNCONFIRMED": "300"})
    scene.mall.pass_time(400)
    scene.shopper.checks_out()
    scene.mall.pass_time(60)
    assert scene.shopper.order()["status"] == "rejected"
    rejections = [e.data["reason"] for e in scene.mall.published if e.metadata.name == "OrderRejected"]
    assert set(rejections) == {"the payment is voided"}
    everything_adds_up(scene.mall)


@each_fault
def test_customers_see_nothing_of_a_failing_provider(scene: Scene, bank: Bank, fault: Behaviour) -> None:
    bank.behaviour = fault
    paid_then_cancelled(scene)
    scene.mall.pass_time(900)
    shopper = scene.shopper
    seen = [shopper.order(), shopper.payment(), shopper.invoice(), *scene.mall.texts.sent.values()]
    published = [envelope.data for envelope in scene.mall.published]
    assert (shopper.order()["status"], shopper.payment()["status"]) == ("cancelled", "settled")
    assert (shopper.invoice()["status"], shopper.invoice()["amount"]) == ("paid", 0)
    text = json.dumps([seen, published])
    assert not [word for word in ("account is closed", "provider", "answer", "Error") if word in text]


def test_an_invoice_paid_twice_at_once_is_captured_once(scene: Scene) -> None:
    scene.is_approved()
    path = f"/api/payments/invoices/{scene.order_id}/pay"
    first, second = scene.mall.request("PUT", path), scene.mall.request("PUT", path)
    assert (first.status, second.status) == (200, 409)
    assert second.body["detail"] == "the invoice is paid"
    scene.mall.settle()
    scene.is_collected()
    assert scene.paid_and_refunded() == (114.8, 0)
    assert scene.mall.names().count("InvoicePaid") == 1
    everything_adds_up(scene.mall)


def test_a_payment_repeated_with_its_key_gets_the_first_answer(scene: Scene) -> None:
    scene.is_approved()
    path, key = f"/api/payments/invoices/{scene.order_id}/pay", {"idempotency-key": "tap on the screen"}
    answers = [scene.mall.request("PUT", path, headers=key) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    scene.is_collected()
    assert scene.mall.names().count("InvoicePaid") == 1
    everything_adds_up(scene.mall)


def test_the_invoice_of_a_cancelled_order_cannot_be_paid(scene: Scene) -> None:
    scene.is_approved()
    assert scene.shopper.cancels().status == 200
    answer = scene.mall.request("PUT", f"/api/payments/invoices/{scene.order_id}/pay")
    assert (answer.status, answer.body["detail"]) == (409, "the invoice is cancelled")
    assert scene.paid_and_refunded() == (0, 0)
    everything_adds_up(scene.mall)


def test_an_order_with_another_customers_payment_is_rejected_and_does_not_change_it(scene: Scene) -> None:
    theirs = scene.shopper.payment_id
    thief = Shopper(scene.mall).registers().fills_a_basket({scene.products["cable"]: 1})
    thief.payment_id = theirs
    thief.checks_out()
    scene.mall.pass_time(60)
    assert thief.order()["status"] == "rejected"
    assert scene.shopper.payment()["status"] == "authorized"
    assert thief.refused("GET", f"/api/payments/{theirs}", caller=thief.me).status == 404
    assert thief.invoice()["status"] == "cancelled"
    assert thief.refused("PUT", f"/api/payments/invoices/{thief.basket_id}/pay", caller=thief.me).status == 409
    scene.is_approved().is_collected().shopper.pays()
    assert scene.paid_and_refunded() == (114.8, 0)
    everything_adds_up(scene.mall)


def test_a_payment_that_serves_an_order_serves_no_second_one(scene: Scene) -> None:
    scene.is_approved()
    again = Shopper(scene.mall, scene.shopper.customer_id, payment_id=scene.shopper.payment_id)
    again.fills_a_basket({scene.products["cable"]: 1}).checks_out()
    scene.mall.pass_time(60)
    assert again.order()["status"] == "rejected"
    scene.is_collected().shopper.pays()
    assert scene.shopper.order()["status"] == "completed"
    everything_adds_up(scene.mall)


@pytest.mark.parametrize(("price", "times_refused"), [(10.00, 0), (10.13, 2), (10.14, 1), (10.17, 0), (10.19, 0)])
@pytest.mark.parametrize("disorder", DISORDER)
def test_the_sandbox_behaves_as_the_amount_of_a_refund_decides(
    price: float, times_refused: int, disorder: int | None
) -> None:
    mall = Mall(disorder=disorder)
    product = open_a_store(mall, {"poster": price})["poster"]
    bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({product: 1}).authorizes_a_payment(20).checks_out()
    mall.pass_time(10)
    shopper.pays()
    assert shopper.cancels().status == 200
    mall.pass_time(60)
    for _ in range(times_refused):
        (letter,) = mall.dead_letters()["payments"]
        assert letter.reason is not None
        assert letter.reason["reason"].endswith("was refused: the provider does not pay this amount back")
        mall.dead_letters()["payments"].clear()
        mall.runtimes["payments"].queue.send(letter.body)
        mall.pass_time(60)
    always_refused = price == 10.13
    assert shopper.payment()["status"] == ("settled" if always_refused else "refunded")
    assert bool(mall.dead_letters()) == always_refused


def test_an_order_that_is_paid_before_it_is_ready_and_one_after_it_are_both_captured_once(scene: Scene) -> None:
    second = Shopper(scene.mall).registers().fills_a_basket({scene.products["cable"]: 1}).authorizes_a_payment(10)
    scene.is_approved().shopper.pays()
    scene.is_collected()
    second.checks_out()
    scene.mall.pass_time(10)
    collect(second)
    second.pays()
    assert [scene.shopper.order()["status"], second.order()["status"]] == ["completed", "completed"]
    assert scene.paid_and_refunded() == (114.8, 0)
    assert (money(scene.mall, second.payment_id).captured, money(scene.mall, second.payment_id).released) == (995, 5)
    everything_adds_up(scene.mall)


def ends_as(path: Path, scene: Scene, bank: Bank) -> None:
    """The order and its money end as the path says, and everything adds up."""
    assert scene.shopper.order()["status"] == path.status
    assert bank.paid_back(scene.shopper.payment_id) == path.refunds
    assert scene.paid_and_refunded() == (114.8, sum(path.refunds) / 100)
    assert scene.shopper.payment()["status"] == path.payment_status
    everything_adds_up(scene.mall)
