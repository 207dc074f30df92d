"""Further kinds of orders that have ended, or are to end, with something outstanding (see `stuck_later.py`)."""

from collections.abc import Callable
from types import ModuleType

from functions.payments import service as payments
from tests.flow.bank import Bank
from tests.unit.cli.stuck import Plant, Stuck

Planting = Callable[[Stuck], None]


def pending_while_paused(consumer: str, service: str, message: str) -> Planting:
    """A consumer is paused before a message comes to a service, which leads to one for that consumer."""

    def plant(stuck: Stuck) -> None:
        stuck.mall.hold(service, message)
        stuck.scene.checks_out()
        stuck.scene.pauses(consumer)
        stuck.mall.release(service, message)
        stuck.mall.pass_time(20)

    return plant


def given_up(service: ModuleType, use_case: str, act: Callable[[Stuck], object]) -> Planting:
    def plant(stuck: Stuck) -> None:
        stuck.breaks(service, use_case)
        act(stuck)
        stuck.is_given_up()

    return plant


def _refund_reminder_lost(stuck: Stuck) -> None:
    queue = stuck.mall.runtimes["payments"].queue
    send = queue.send
    stuck.patch.setattr(queue, "send", lambda body, *a, **k: None if "RefundDue" in body else send(body, *a, **k))
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    stuck.scene.shopper.is_cancelled_by_staff()
    stuck.mall.pass_time(600)


def _void_refused(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    Bank(stuck.mall).behaviour = "refuses"
    stuck.scene.shopper.is_cancelled_by_staff()
    stuck.is_given_up()


def _bank_away(stuck: Stuck) -> None:
    bank = Bank(stuck.mall)
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    bank.behaviour = "is away"
    stuck.scene.shopper.is_cancelled_by_staff()
    stuck.is_given_up()


def _is_cancelled_once_paid(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    stuck.scene.shopper.is_cancelled_by_staff()


def _cancelled_while_paused(consumer: str) -> Planting:
    def plant(stuck: Stuck) -> None:
        stuck.scene.checks_out()
        stuck.scene.pauses(consumer)
        stuck.scene.shopper.is_cancelled_by_staff()
        stuck.mall.pass_time(60)

    return plant


def _cancelled_list_waits_for_ordering(stuck: Stuck) -> None:
    """Staff cancel the list of an order, which ordering does not learn: no robot will ever collect it."""
    stuck.scene.checks_out()
    stuck.scene.pauses("ordering/inbox")
    stuck.scene.shopper.ask("POST", f"/api/depot/shopping/{stuck.scene.shopper.basket_id}")
    stuck.mall.pass_time(60)


def _refused_while_depot_paused(stuck: Stuck) -> None:
    stuck.scene.pauses("depot/inbox")
    stuck.scene.shopper.authorizes_a_payment(1)
    stuck.scene.checks_out()


def _too_small_while_ordering_paused(stuck: Stuck) -> None:
    stuck.scene.shopper.authorizes_a_payment(1)
    pending_while_paused("ordering/inbox", "payments", "ConfirmPayment")(stuck)


REFUND = ("RefundDue", "refund")

PLANTS = [
    Plant("the refund's reminder is lost", _refund_reminder_lost, "payments", REFUND),
    Plant("its void is refused", _void_refused, "payments/inbox", ("VoidDue", "void")),
    Plant("the bank is away", _bank_away, "payments/inbox", REFUND),
    Plant(
        "its cancellation was given up",
        given_up(payments, "cancel_invoice", _is_cancelled_once_paid),
        "payments/inbox",
        ("OrderCancelled",),
    ),
    Plant(
        "cancelled, depot is paused",
        _cancelled_while_paused("depot/inbox"),
        "depot/inbox",
        ("OrderCancelled", "shopping list"),
    ),
    Plant(
        "cancelled, payments is paused",
        _cancelled_while_paused("payments/inbox"),
        "payments/inbox",
        ("OrderCancelled", "payment"),
    ),
    Plant(
        "the list's cancellation waits in a paused queue",
        _cancelled_list_waits_for_ordering,
        "ordering/inbox",
        ("ShoppingListCancelled", "end of its list"),
        ("idle",),
    ),
    Plant(
        "refused, its undoing is paused",
        _refused_while_depot_paused,
        "depot/inbox",
        ("ShoppingListCancellationAccepted",),
    ),
    Plant(
        "its rejection is paused",
        _too_small_while_ordering_paused,
        "ordering/inbox",
        ("OrderRejectionAccepted", "RejectOrder"),
        ("OrderApprovalAccepted",),
    ),
]
