"""Whole stories for the checker's tests: an order that is completed short of one item, one that is refused, and one
that is refused by a saga which was parked meanwhile.

In all, three cables of 10.00 are ordered: with a payment of 50.00 in the first, and of 20.00 in the others.
"""

from typing import Any

from tests.simulation.history_builder import Said, Tale

LINE: dict[str, Any] = {
    "store_id": "s",
    "product_id": "cable",
    "store_name": "S",
    "product_name": "Cable",
    "price": 1000,
}
STOP: dict[str, Any] = {"store_id": "s", "store_name": "S", "location": "L"}
ASKED: dict[str, dict[str, Any]] = {
    "AuthorizeCustomer": {"customer_id": "c"},
    "CreateShoppingList": {"items": [LINE | {"quantity": 3}]},
    "ConfirmPayment": {"payment_id": "p", "customer_id": "c", "amount": 3000},
    "ApproveOrder": {"shopping_list_id": "o"},
    "RejectOrder": {"reason": "too small"},
    "VoidPayment": {"payment_id": "p", "customer_id": "c"},
}
UNDO_TRIES = 8  # of an undo, before its saga is parked
COMMANDS = ("", "AuthorizeCustomer", "CreateShoppingList", "ConfirmPayment", "InitiateShopping", "ApproveOrder")
ORDER, LIST, SAGA, INVOICE, PAYMENT, BOT = (
    "Order#o",
    "ShoppingList#o",
    "CreateOrderSaga#o",
    "Invoice#o",
    "Payment#p",
    "Bot#r",
)


def _order(status: str, quantity: int = 3, **more: Any) -> dict[str, Any]:
    state: dict[str, Any] = {
        "order_id": "o",
        "customer_id": "c",
        "payment_id": "p",
        "items": [LINE | {"quantity": quantity}],
    }
    state |= {"total": 1000 * quantity, "status": status, "ready": False, "paid": False, "shopping_list_id": "o"}
    return state | more


def _list(status: str, assignment: int = 0, picked: int = 0, **more: Any) -> dict[str, Any]:
    items = [{"product_id": "cable", "name": "Cable", "quantity": 3, "picked": picked}]
    state: dict[str, Any] = {
        "shopping_list_id": "o",
        "order_id": "o",
        "status": status,
        "stops": [STOP | {"items": items}],
    }
    return state | {"bot_id": "r" if assignment else None, "assignment": assignment, "by_staff": False} | more


def _payment(status: str, captured: int = 0, released: int = 0, refunded: int = 0, **more: Any) -> dict[str, Any]:
    state: dict[str, Any] = {
        "payment_id": "p",
        "customer_id": "c",
        "order_id": "o",
        "authorized": 5000,
        "captured": captured,
    }
    return state | {"released": released, "refunded": refunded, "status": status} | more


def _invoice(status: str, amount: int, **more: Any) -> dict[str, Any]:
    return {"invoice_id": "o", "order_id": "o", "payment_id": "p", "amount": amount, "status": status} | more


def _bot(status: str, list_id: str | None = None) -> dict[str, Any]:
    return {"bot_id": "r", "name": "R", "status": status, "list_id": list_id}


def _command(name: str) -> Said:
    return name, {"order_id": "o"} | ASKED.get(name, {})


def _sends(step: int) -> tuple[Said, Said, tuple[str, dict[str, Any], int]]:
    """A saga's step: the event, the command and the reminder."""
    reminder = {"order_id": "o", "step": step, "attempt": 1, "compensating": False}
    sent = ("StepSent", {"step": step, "attempt": 1})
    return sent, _command(COMMANDS[step]), ("StepTimedOut", reminder, 60)


def _undoes(step: int, command: str, attempt: int = 1) -> tuple[Said, Said, tuple[str, dict[str, Any], int]]:
    reminder = {"order_id": "o", "step": step, "attempt": attempt, "compensating": True}
    return ("UndoSent", {"step": step, "attempt": attempt}), _command(command), ("StepTimedOut", reminder, 60)


def _goes_on(tale: Tale, step: int, because: str) -> str:
    sent, command, reminder = _sends(step)
    answered = ("StepAnswered", {"step": step - 1})
    [asked] = tale.commit(SAGA, answered, sent, says=[command], reminds=[reminder], because=because)
    return asked


def _tells(tale: Tale, kind: str, because: str) -> None:
    tale.note(
        "effect",
        port="texts",
        request_id=f"o {kind}",
        what={"number": "+49", "text": f"Your order is {kind}."},
        answered=True,
        again=False,
    )
    data = {"order_id": "o", "customer_id": "c", "kind": kind, "at": ""}
    tale.commit(f"Notification#o {kind}", ("Sent", data), says=[("NotificationSent", data)], because=because)


def _begun(authorized: int) -> tuple[Tale, str]:
    """A payment, a basket that is checked out, its order, and a saga that asks for the customer; the command's id."""
    tale = Tale()
    tale.ask("POST", "/api/payments", key="1")
    tale.commit(
        PAYMENT,
        ("Authorized", {"customer_id": "c", "amount": authorized}),
        says=[("PaymentAuthorized", _payment("authorized", order_id=None, authorized=authorized))],
    )
    tale.answer(body={"id": "p"}, version=1)
    basket = {"basket_id": "o", "customer_id": "c"}
    tale.ask("POST", "/api/baskets", key="2")
    tale.commit("Basket#o", ("Started", {"customer_id": "c", "at": ""}), says=[("BasketStarted", basket)])
    tale.answer(body={"id": "o"}, version=1)
    tale.row("baskets/views", "baskets", "o", 1, {"basket_id": "o"}, untouched_partition="open")
    tale.ask("PUT", "/api/baskets/o/addItem", key="3")
    tale.commit("Basket#o", ("ItemAdded", {"line": LINE | {"quantity": 3}, "at": ""}))
    tale.answer(version=2)
    tale.ask("PUT", "/api/baskets/o/checkout", key="4", match='"2"')
    [checked_out] = tale.commit("Basket#o", ("CheckedOut", {"payment_id": "p"}), says=[("BasketCheckedOut", basket)])
    tale.answer(version=3)
    tale.row("baskets/views", "baskets", "o", 3, {"basket_id": "o"})
    created = {"customer_id": "c", "payment_id": "p", "items": [LINE | {"quantity": 3}], "at": ""}
    [order] = tale.commit(ORDER, ("Created", created), says=[("OrderCreated", _order("pending"))], because=checked_out)
    _tells(tale, "received", order)
    sent, command, reminder = _sends(1)
    taken = ("OrderTaken", {"customer_id": "c", "payment_id": "p", "items": [], "total": 3000})
    [asked] = tale.commit(SAGA, taken, ("Started", {"at": ""}), sent, says=[command], reminds=[reminder], because=order)
    return tale, asked


def _planned(authorized: int) -> tuple[Tale, str]:
    """The same, with a list that is planned; the id of the command that asks for the payment."""
    tale, asked = _begun(authorized)
    asked = _goes_on(tale, 2, tale.reply("CustomerAuthorized", {"order_id": "o"}, asked))
    stops = [STOP | {"items": [{"product_id": "cable", "name": "Cable", "quantity": 3, "picked": 0}]}]
    created = ("Created", {"order_id": "o", "stops": stops, "by_staff": False})
    says = [("ShoppingListCreated", _list("pending")), ("ShoppingListAccepted", {"order_id": "o"})]
    _, accepted = tale.commit(LIST, created, says=says, because=asked, command=asked)
    return tale, _goes_on(tale, 3, accepted)


def completed() -> Tale:
    """An order that is paid before one of its three cables turns out to be missing, and completed."""
    tale, asked = _planned(5000)
    accepted = ("PaymentAccepted", {"order_id": "o"})
    confirmed = ("PaymentConfirmed", _payment("confirmed"))
    _, heard = tale.commit(
        PAYMENT, ("Confirmed", {"order_id": "o"}), says=[confirmed, accepted], because=asked, command=asked
    )
    asked = _goes_on(tale, 4, heard)
    available, initiated = ("ShoppingListAvailable", _list("available")), ("ShoppingInitiated", {"order_id": "o"})
    _, heard = tale.commit(LIST, ("Initiated", {}), says=[available, initiated], because=asked, command=asked)
    asked = _goes_on(tale, 5, heard)
    says = [("OrderApproved", _order("approved")), ("OrderApprovalAccepted", {"order_id": "o"})]
    approved, heard = tale.commit(
        ORDER, ("Approved", {"shopping_list_id": "o"}), says=says, because=asked, command=asked
    )
    tale.commit(SAGA, ("StepAnswered", {"step": 5}), ("Completed", {"at": ""}), because=heard)
    tale.row("checkout/views", "saga#o", "saga", 20, {"status": "completed"})
    _tells(tale, "approved", approved)
    tale.commit(
        INVOICE,
        ("Billed", {"payment_id": "p", "amount": 3000}),
        says=[("InvoiceCreated", _invoice("pending", 3000))],
        because=approved,
    )
    _collect_and_pay(tale)
    tale.let_reminders_come()
    return tale


def _collect_and_pay(tale: Tale) -> None:
    tale.ask("POST", "/api/depot/bots")
    tale.commit(BOT, ("Registered", {"name": "R"}), says=[("BotRegistered", _bot("offline"))])
    tale.answer(body={"id": "r"}, version=1)
    tale.ask("PUT", "/api/depot/bots/r/online")
    tale.commit(BOT, ("CameOnline", {}), says=[("BotCameOnline", _bot("idle"))])
    tale.answer(version=2)
    assigned = ("Assigned", {"bot_id": "r", "assignment": 1})
    tale.commit(LIST, assigned, says=[("ShoppingListAssigned", _list("assigned", 1))], together=2)
    tale.commit(BOT, ("TookList", {"list_id": "o"}), says=[("BotAssigned", _bot("active", "o"))], together=2)
    tale.ask("PUT", "/api/payments/invoices/o/pay", key="5")
    [paid] = tale.commit(INVOICE, ("Paid", {}), says=[("InvoicePaid", _invoice("paid", 3000))], together=2)
    tale.commit(PAYMENT, ("Captured", {"amount": 3000}), together=2)
    tale.answer(version=2)
    tale.commit(ORDER, ("Paid", {}), says=[("OrderPaid", _order("approved", paid=True))], because=paid)
    tale.ask("PUT", "/api/depot/shopping/o/start", body={"assignment": 1})
    tale.commit(LIST, ("Started", {}), says=[("ShoppingListStarted", _list("active", 1))])
    tale.answer(version=4)
    tale.ask("PUT", "/api/depot/shopping/o/pick", body={"assignment": 1, "quantity": 2})
    picked = ("Picked", {"store_id": "s", "product_id": "cable", "quantity": 2})
    tale.commit(LIST, picked, says=[("ShoppingListItemPicked", _list("active", 1, 2))])
    tale.answer(version=5)
    short = [{"store_id": "s", "product_id": "cable", "quantity": 1}]
    tale.ask("PUT", "/api/depot/shopping/o/complete", body={"assignment": 1})
    done = [("ShoppingListCompleted", _list("completed", 1, 2))]
    [collected] = tale.commit(LIST, ("Completed", {"shortages": short}), says=done, together=2)
    tale.commit(BOT, ("Finished", {}), says=[("BotFinished", _bot("idle"))], together=2)
    tale.answer(version=6)
    readied = ("Readied", {"shortages": short, "at": ""})
    says = [("OrderReadied", _order("ready", 2, ready=True, paid=True))]
    says += [("OrderCompleted", _order("completed", 2, ready=True, paid=True))]
    ready, complete = tale.commit(ORDER, readied, ("Completed", {}), says=says, because=collected)
    _tells(tale, "ready_for_pickup", ready)
    _tells(tale, "completed", complete)
    adjusted = ("Adjusted", {"amount": 2000, "reason": "short_pick"})
    tale.commit(INVOICE, adjusted, says=[("InvoiceAdjusted", _invoice("paid", 2000))], because=ready, together=2)
    refund = ("RefundDue", {"payment_id": "p", "number": 1}, 0)
    tale.commit(
        PAYMENT, ("RefundRequested", {"number": 1, "amount": 1000}), reminds=[refund], because=ready, together=2
    )
    what = {"payment": "p", "amount": 1000}
    tale.note("effect", port="provider", request_id="p 1", what=what, answered=True, again=False)
    refunded = ("PaymentRefunded", _payment("settled", 3000, 2000, 1000, refund=1000))
    tale.commit(PAYMENT, ("Refunded", {"number": 1, "amount": 1000}), says=[refunded], because=f"{PAYMENT}/4/RefundDue")
    tale.ask("GET", "/api/ordering/o")
    tale.answer(body={}, version=5)


def refused() -> Tale:
    """An order whose payment is refused: rejected, and undone everywhere."""
    tale, asked = _turned_round()
    _reject_and_undo(tale, asked)
    return tale


def parked() -> Tale:
    """The same, but nobody answers that it is rejected: the saga is parked, and goes on when staff resume it."""
    tale, asked = _turned_round()
    unanswered = []
    for attempt in range(2, UNDO_TRIES + 1):
        unanswered.append(asked)
        undo, command, reminder = _undoes(0, "RejectOrder", attempt)
        tale.wait(60)
        [asked] = tale.commit(SAGA, undo, says=[command], reminds=[reminder], because=_reminder(tale))
    tale.wait(60)
    obstacle = {"reason": "RejectOrder has no answer after 8 tries", "at": ""}
    tale.commit(SAGA, ("Parked", obstacle), because=_reminder(tale))
    tale.row("checkout/views", "saga#o", "saga", 19, {"status": "parked"})
    unanswered.append(asked)
    undo, command, reminder = _undoes(0, "RejectOrder", UNDO_TRIES + 1)
    tale.ask("PUT", "/api/checkout/sagas/o/resume", key="6")
    [asked] = tale.commit(SAGA, ("Resumed", {"at": ""}), undo, says=[command], reminds=[reminder])
    tale.answer()
    _reject_and_undo(tale, asked)
    for late in unanswered:
        tale.reply("OrderRejectionAccepted", {"order_id": "o"}, late)
    return tale


def _reminder(tale: Tale) -> str:
    """The id of the reminder that the saga's last commit carries."""
    return f"{SAGA}/{tale.version(SAGA)}/StepTimedOut"


def _turned_round() -> tuple[Tale, str]:
    """An order whose payment is refused; the id of the command that asks for its rejection."""
    tale, asked = _planned(2000)
    heard = tale.reply("PaymentRefused", {"order_id": "o", "reason": "too small"}, asked)
    undo, command, reminder = _undoes(0, "RejectOrder")
    turned = ("TurnedRound", {"reason": "too small", "at": ""})
    [asked] = tale.commit(SAGA, turned, undo, says=[command], reminds=[reminder], because=heard)
    return tale, asked


def _reject_and_undo(tale: Tale, asked: str) -> None:
    says = [("OrderRejected", _order("rejected")), ("OrderRejectionAccepted", {"order_id": "o"})]
    rejected, heard = tale.commit(ORDER, ("Rejected", {"reason": "too small"}), says=says, because=asked, command=asked)
    _tells(tale, "rejected", rejected)
    undo, command, reminder = _undoes(3, "VoidPayment")
    undone = ("Undone", {"step": 0})
    [asked] = tale.commit(SAGA, undone, undo, says=[command], reminds=[reminder], because=heard)
    voided = ("PaymentVoided", _payment("voided", 0, 2000, order_id=None, authorized=2000))
    says = [voided, ("PaymentVoidAccepted", {"order_id": "o"})]
    _, heard = tale.commit(PAYMENT, ("Voided", {}), says=says, because=asked, command=asked)
    undo, command, reminder = _undoes(2, "CancelShoppingList")
    undone = ("Undone", {"step": 3})
    [asked] = tale.commit(SAGA, undone, undo, says=[command], reminds=[reminder], because=heard)
    says = [("ShoppingListCancelled", _list("cancelled")), ("ShoppingListCancellationAccepted", {"order_id": "o"})]
    _, heard = tale.commit(LIST, ("Cancelled", {"order_id": "o"}), says=says, because=asked, command=asked)
    tale.commit(SAGA, ("Undone", {"step": 2}), ("Compensated", {"at": ""}), because=heard)
    tale.row("checkout/views", "saga#o", "saga", 20, {"status": "compensated"})
    tale.commit(
        INVOICE,
        ("Cancelled", {"payment_id": "p"}),
        says=[("InvoiceCancelled", _invoice("cancelled", 0))],
        because=rejected,
    )
    tale.let_reminders_come()
