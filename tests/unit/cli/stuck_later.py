"""Further kinds of stuck orders, and of orders that only seem stuck, written without knowledge of the rules.

What the sentence should name was decided from the domain and from what is planted, before any of them ran. A message
that is lost on its way is looked for first at the relay of the service that sent it, as in `stuck.py`.
"""

from datetime import timedelta
from typing import Any

from functions.checkout import service as checkout
from functions.kernel.eventstore.store import MemoryEventStore
from functions.ordering import service as ordering
from tests.flow.shopper import leave
from tests.unit.cli import stuck_ended, stuck_floor
from tests.unit.cli.stuck import ABSENT, DAY, Plant, Stuck
from tests.unit.cli.stuck_ended import Planting, given_up, pending_while_paused
from tests.unit.cli.stuck_floor import TO_PAY, another, operates


def _lost(service: str, *names: str) -> Planting:
    """Messages never come to a service, before the checkout."""

    def plant(stuck: Stuck) -> None:
        stuck.mall.hold(service, *names)
        stuck.scene.checks_out()

    return plant


# Messages that are lost


def _collection_lost(stuck: Stuck) -> None:
    stuck.mall.hold("ordering", "ShoppingListCompleted")
    stuck.is_collected()
    stuck.mall.pass_time(60)


def _payment_lost(stuck: Stuck) -> None:
    stuck.mall.hold("ordering", "InvoicePaid")
    stuck.is_collected()
    stuck.scene.shopper.pays()
    stuck.mall.pass_time(60)


def _depot_restored(stuck: Stuck) -> None:
    """The depot's table is restored to a moment before the list was created."""
    stuck.scene.checks_out()
    store = stuck.mall.runtimes["depot"].store
    assert isinstance(store, MemoryEventStore)
    del store.items[f"ShoppingList#{stuck.scene.shopper.basket_id}"]
    stuck.mall.pass_time(300)


# Relays, deploys, and operations


def _checkout_relay_behind(stuck: Stuck) -> None:
    stuck.mall.unrelayed.add("checkout")
    stuck.scene.checks_out()


def _payment_not_relayed(stuck: Stuck) -> None:
    stuck.is_collected()
    stuck.mall.unrelayed.add("payments")
    stuck.scene.shopper.pays()
    stuck.mall.pass_time(60)


def _answers_fail(stuck: Stuck) -> None:
    stuck.breaks(checkout, "answer")
    stuck.scene.checks_out()


def _newer_than_the_code(stuck: Stuck) -> None:
    publish = stuck.mall.publish

    def newer(detail: dict[str, Any]) -> None:
        if detail["metadata"]["name"] == "BasketCheckedOut":
            detail["metadata"]["version"] += 90
        publish(detail)

    stuck.patch.setattr(stuck.mall, "publish", newer)
    stuck.scene.checks_out()
    stuck.mall.pass_time(600)


def _paused_itself(stuck: Stuck) -> None:
    """A deploy breaks what all checkouts need: operations pauses the consumer."""
    others = [another(stuck) for _ in range(30)]
    stuck.breaks(ordering, "place")
    for other in others:
        other.checks_out()
    stuck.scene.checks_out()
    for _ in range(3):
        stuck.mall.minute()


def _letter(stuck: Stuck) -> str:
    """Its payment's news was given up; the letter's id."""
    given_up(ordering, "mark_paid", _is_paid)(stuck)
    [letter] = operates(stuck, "GET", "letters?state=open")["letters"]
    id: str = letter["id"]
    return id


def _is_paid(stuck: Stuck) -> None:
    stuck.is_collected()
    stuck.scene.shopper.pays()


def _letter_discarded(stuck: Stuck) -> None:
    operates(stuck, "PUT", f"letters/{_letter(stuck)}/discard", {"reason": "a mistake"})


def _given_up_again(stuck: Stuck) -> None:
    stuck.scene.cli(f"dead redrive {_letter(stuck)} --yes --no-wait")
    stuck.mall.minute()
    stuck.is_given_up()


def _redrive_paused(stuck: Stuck) -> None:
    run = operates(stuck, "POST", "redrives", {"letters": [_letter(stuck)]})["id"]
    operates(stuck, "PUT", f"runs/{run}/pause")
    stuck.mall.minute()


# Payments, and cancellations that do not end


def _payments_down_when_ready(stuck: Stuck) -> None:
    stuck.is_collected()
    stuck.mall.stop("payments")
    stuck.mall.pass_time(60)


def _expiry_paused(stuck: Stuck) -> None:
    stuck.is_collected()
    stuck.scene.pauses("ordering/inbox")
    stuck.mall.now += timedelta(seconds=2 * DAY)


# Two causes at once: the order has come to the first


def _payments_paused_and_no_robots(stuck: Stuck) -> None:
    leave(stuck.mall, stuck.scene.bot)
    stuck.scene.pauses("payments/inbox")
    stuck.scene.checks_out()


def _relay_behind_and_depot_paused(stuck: Stuck) -> None:
    stuck.scene.pauses("depot/inbox")
    stuck.mall.unrelayed.add("ordering")
    stuck.scene.checks_out()
    stuck.mall.pass_time(60)


def _paid_early_and_no_robots(stuck: Stuck) -> None:
    leave(stuck.mall, stuck.scene.bot)
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    stuck.mall.pass_time(20)


def _no_invoice(stuck: Stuck) -> None:
    """It is ready, and its customer cannot pay."""
    stuck.mall.hold("payments", "OrderApproved", "OrderReadied")
    stuck.is_collected()
    stuck.scene.pauses("payments/inbox")
    stuck.mall.release("payments", "OrderApproved", "OrderReadied")
    stuck.mall.pass_time(20)


COMMANDS = ("AuthorizeCustomer", "CreateShoppingList", "ConfirmPayment", "CustomerAuthorized")

PLANTS = [
    *stuck_floor.PLANTS,
    *stuck_ended.PLANTS,
    Plant("the checkout is lost", _lost("ordering", "BasketCheckedOut"), "baskets/relay", ("BasketCheckedOut",)),
    Plant("the new order is lost", _lost("checkout", "OrderCreated"), "ordering/relay", ("OrderCreated",)),
    Plant(
        "the list's beginning is lost",
        _lost("depot", "InitiateShopping"),
        "checkout/relay",
        ("InitiateShopping", "ShoppingInitiated"),
    ),
    Plant(
        "an answer is lost",
        _lost("checkout", "ShoppingListAccepted"),
        "depot/relay",
        ("ShoppingListAccepted",),
    ),
    # Planted as one of customers alone. No route and no commit tells it from a lost AuthorizeCustomer, for customers
    # only looks: the sentence has to leave open which of the two was lost. The same command sent again mends both.
    Plant(
        "a customer's answer is lost",
        _lost("checkout", "CustomerAuthorized"),
        "checkout/relay or customers/inbox",
        ("AuthorizeCustomer was not sent, or it was lost, or its answer was",),
    ),
    Plant("the collection is lost", _collection_lost, "depot/relay", ("ShoppingListCompleted",)),
    Plant("the payment is lost", _payment_lost, "payments/relay", ("InvoicePaid",), TO_PAY),
    Plant(
        "depot lost its list in a restore",
        _depot_restored,
        "depot",
        ("no shopping list", "no list", "knows no", "does not know", "missing", "lost", "gone", "restored"),
    ),
    Plant("checkout's relay is behind", _checkout_relay_behind, "checkout/relay", COMMANDS),
    Plant("the payment is not relayed", _payment_not_relayed, "payments/relay", ("InvoicePaid",), TO_PAY),
    Plant(
        "checkout fails at answers",
        _answers_fail,
        "checkout/inbox",
        ("CustomerAuthorized", "ShoppingListAccepted", "PaymentAccepted"),
    ),
    Plant("a message is newer than the code", _newer_than_the_code, "ordering/inbox", ("BasketCheckedOut",)),
    Plant("a consumer paused itself", _paused_itself, "ordering/inbox", ("paused",)),
    Plant(
        "the checkout was given up",
        given_up(ordering, "place", lambda stuck: stuck.scene.checks_out()),
        "ordering/inbox",
        ("BasketCheckedOut",),
    ),
    Plant("its letter is discarded", _letter_discarded, "ordering/inbox", ("discarded",), TO_PAY),
    Plant("its letter was given up again", _given_up_again, "ordering/inbox", ("InvoicePaid",), TO_PAY),
    Plant("the redrive of its letter is paused", _redrive_paused, "ordering/inbox", ("is paused",), TO_PAY),
    Plant("payments is down when it is ready", _payments_down_when_ready, "payments", ABSENT, ("its invoice",)),
    Plant("its expiry is paused", _expiry_paused, "ordering/inbox", ("paused",), ("overdue",)),
    Plant(
        "its answer waits at checkout",
        pending_while_paused("checkout/inbox", "depot", "CreateShoppingList"),
        "checkout/inbox",
        ("paused",),
    ),
    Plant("payments is paused, no robots", _payments_paused_and_no_robots, "payments/inbox", ("paused",), ("robot",)),
    Plant("a relay, then a pause", _relay_behind_and_depot_paused, "ordering/relay", ("OrderCreated",), ("paused",)),
    Plant("paid early, no robots", _paid_early_and_no_robots, "robots", ("offline", "online"), TO_PAY),
    Plant("no invoice to pay", _no_invoice, "payments/inbox", ("paused",)),
]
