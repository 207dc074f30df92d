"""Whole histories for the checker's tests: an order that is completed with one item short, one that is rejected, and
one that is rejected after its saga was parked and resumed.

In all of them three cables of 10.00 are ordered: with a payment of 50.00 in the first, and of 20.00 in the others.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.simulation.history_builder import HistoryBuilder, NamedData

LINE: dict[str, Any] = {
    "store_id": "s",
    "product_id": "cable",
    "store_name": "S",
    "product_name": "Cable",
    "price": 1000,
}
STOP: dict[str, Any] = {"store_id": "s", "store_name": "S", "location": "L"}
COMMAND_DATA: dict[str, dict[str, Any]] = {
    "AuthorizeCustomer": {"customer_id": "c"},
    "CreateShoppingList": {"items": [LINE | {"quantity": 3}]},
    "ConfirmPayment": {"payment_id": "p", "customer_id": "c", "amount": 3000},
    "ApproveOrder": {"shopping_list_id": "o"},
    "RejectOrder": {"reason": "too small"},
    "VoidPayment": {"payment_id": "p", "customer_id": "c"},
}
UNDO_ATTEMPTS = 8  # to undo a step, before its saga is parked
UNDOS = {0: "RejectOrder", 3: "VoidPayment", 2: "CancelShoppingList"}
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
    state["readied_at"] = "" if status in ("ready", "completed") else None
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
    assignment = 1 if list_id else 0
    return {"bot_id": "r", "name": "R", "status": status, "list_id": list_id, "assignment": assignment}


def _command(name: str) -> NamedData:
    return name, {"order_id": "o"} | COMMAND_DATA.get(name, {})


def _ask(builder: HistoryBuilder, *steps: int, after: Sequence[NamedData], cause: str) -> list[str]:
    """Commit these events and the steps that they lead to; the ids of the commands."""
    sent = [("StepSent", {"step": step, "attempt": 1, "due": builder.time(60)}) for step in steps]
    return _send(builder, after, sent, [COMMANDS[step] for step in steps], cause)


def _undo(builder: HistoryBuilder, step: int, *after: NamedData, cause: str | None = None, attempt: int = 1) -> str:
    """Commit these events and an attempt to undo a step; the id of its command."""
    due = builder.time(min(60 << attempt - 1, 900))
    sent = ("UndoSent", {"step": step, "attempt": attempt, "due": due})
    [command_id] = _send(builder, after, [sent], [UNDOS[step]], cause)
    return command_id


def _send(
    builder: HistoryBuilder, after: Sequence[NamedData], sent: list[NamedData], commands: list[str], cause: str | None
) -> list[str]:
    """Commit events that send a command each, and set a watch unless the latest one ends in time."""
    now, due = builder.time(), sent[-1][1]["due"]
    watches = [event[2]["until"] for event in builder.events(SAGA) if event[0] == "WatchSet"]
    is_watched = watches and now < watches[-1] <= due
    delay = round((datetime.fromisoformat(due) - datetime.fromisoformat(now)).total_seconds())
    return builder.commit(
        SAGA,
        *after,
        *sent,
        *([] if is_watched else [("WatchSet", {"until": due})]),
        messages=[_command(command) for command in commands],
        of_events=range(len(after), len(after) + len(sent)),
        timers=[] if is_watched else [("SagaWatchEnds", {"order_id": "o", "until": due}, delay)],
        cause=cause,
    )


def _notify(builder: HistoryBuilder, kind: str, cause: str) -> None:
    builder.record(
        "effect",
        port="texts",
        request_id=f"o {kind}",
        what={"number": "+49", "text": f"Your order is {kind}."},
        answered=True,
        again=False,
    )
    data = {"order_id": "o", "customer_id": "c", "kind": kind, "at": ""}
    builder.commit(f"Notification#o {kind}", ("Sent", data), messages=[("NotificationSent", data)], cause=cause)


def _ask_provider(builder: HistoryBuilder, call: str, amount: int) -> None:
    what = {"call": call, "payment": "p", "amount": amount}
    builder.record("effect", port="provider", request_id=f"p {call}", what=what, answered=True, again=False)


def _checked_out(authorized: int) -> tuple[HistoryBuilder, list[str]]:
    """A payment, a basket that is checked out, its order, and a saga that has begun; the ids of its commands."""
    builder = HistoryBuilder()
    builder.commit("Customer#c", ("Registered", {}))
    builder.request("POST", "/api/payments", key="1")
    _ask_provider(builder, "authorize", authorized)
    builder.commit(
        PAYMENT,
        ("Authorized", {"customer_id": "c", "amount": authorized}),
        messages=[("PaymentAuthorized", _payment("authorized", order_id=None, authorized=authorized))],
    )
    builder.respond(body={"id": "p"}, version=1)
    basket = {"basket_id": "o", "customer_id": "c"}
    builder.request("POST", "/api/baskets", key="2")
    builder.commit("Basket#o", ("Started", {"customer_id": "c", "at": ""}), messages=[("BasketStarted", basket)])
    builder.respond(body={"id": "o"}, version=1)
    builder.write_row("baskets/views", "baskets", "o", 1, {"basket_id": "o"}, untouched_partition="open")
    builder.request("PUT", "/api/baskets/o/addItem", key="3")
    builder.commit("Basket#o", ("ItemAdded", {"line": LINE | {"quantity": 3}, "at": ""}))
    builder.respond(version=2)
    builder.request("PUT", "/api/baskets/o/checkout", key="4", if_match='"2"')
    [checked_out] = builder.commit(
        "Basket#o", ("CheckedOut", {"payment_id": "p"}), messages=[("BasketCheckedOut", basket)]
    )
    builder.respond(version=3)
    builder.write_row("baskets/views", "baskets", "o", 3, {"basket_id": "o"})
    created = {"customer_id": "c", "payment_id": "p", "items": [LINE | {"quantity": 3}], "at": ""}
    [order] = builder.commit(
        ORDER, ("Created", created), messages=[("OrderCreated", _order("pending"))], cause=checked_out
    )
    _notify(builder, "received", order)
    taken = ("OrderTaken", {"customer_id": "c", "payment_id": "p", "items": [], "total": 3000})
    builder.write_row("checkout/views", "running", "mark#o", 1, {"order_id": "o"})
    return builder, _ask(builder, 1, 2, 3, after=[taken, ("Started", {"at": builder.time()})], cause=order)


def _list_created(authorized: int) -> tuple[HistoryBuilder, str]:
    """The same, with a shopping list and an authorized customer; the id of the command that has no answer yet."""
    builder, [of_customer, of_list, of_payment] = _checked_out(authorized)
    stops = [STOP | {"items": [{"product_id": "cable", "name": "Cable", "quantity": 3, "picked": 0}]}]
    created = ("Created", {"order_id": "o", "stops": stops, "by_staff": False})
    messages = [("ShoppingListCreated", _list("pending")), ("ShoppingListAccepted", {"order_id": "o"})]
    authorized_id = builder.reply("CustomerAuthorized", {"order_id": "o"}, of_customer)
    builder.commit(SAGA, ("StepAnswered", {"step": 1}), cause=authorized_id)
    _, accepted = builder.commit(LIST, created, messages=messages, cause=of_list, answers=of_list)
    builder.commit(SAGA, ("StepAnswered", {"step": 2}), cause=accepted)
    return builder, of_payment


def completed() -> HistoryBuilder:
    """An order that is paid, collected with one of three cables missing, and completed."""
    builder, command_id = _list_created(5000)
    accepted = ("PaymentAccepted", {"order_id": "o"})
    confirmed = ("PaymentConfirmed", _payment("confirmed"))
    _, reply_id = builder.commit(
        PAYMENT, ("Confirmed", {"order_id": "o"}), messages=[confirmed, accepted], cause=command_id, answers=command_id
    )
    [command_id] = _ask(builder, 4, after=[("StepAnswered", {"step": 3})], cause=reply_id)
    available, initiated = ("ShoppingListAvailable", _list("available")), ("ShoppingInitiated", {"order_id": "o"})
    _, reply_id = builder.commit(
        LIST, ("Initiated", {}), messages=[available, initiated], cause=command_id, answers=command_id
    )
    [command_id] = _ask(builder, 5, after=[("StepAnswered", {"step": 4})], cause=reply_id)
    messages = [("OrderApproved", _order("approved")), ("OrderApprovalAccepted", {"order_id": "o"})]
    approved, reply_id = builder.commit(
        ORDER, ("Approved", {"shopping_list_id": "o"}), messages=messages, cause=command_id, answers=command_id
    )
    builder.commit(SAGA, ("StepAnswered", {"step": 5}), ("Completed", {"at": ""}), cause=reply_id)
    builder.write_row("checkout/views", "sagas", "o", 20, {"status": "completed"})
    builder.delete_row("checkout/views", "running", "mark#o")
    _notify(builder, "approved", approved)
    builder.commit(
        INVOICE,
        ("Billed", {"payment_id": "p", "amount": 3000}),
        messages=[("InvoiceCreated", _invoice("pending", 3000))],
        cause=approved,
    )
    _collect_and_pay(builder)
    builder.deliver_timers()
    return builder


def _collect_and_pay(builder: HistoryBuilder) -> None:
    builder.request("POST", "/api/depot/bots")
    builder.commit(BOT, ("Registered", {"name": "R"}), messages=[("BotRegistered", _bot("offline"))])
    builder.respond(body={"id": "r"}, version=1)
    builder.request("PUT", "/api/depot/bots/r/online")
    builder.commit(BOT, ("CameOnline", {}), messages=[("BotCameOnline", _bot("idle"))])
    builder.respond(version=2)
    assigned = ("Assigned", {"bot_id": "r", "assignment": 1})
    builder.commit(LIST, assigned, messages=[("ShoppingListAssigned", _list("assigned", 1))], in_transaction=2)
    builder.commit(
        BOT,
        ("TookList", {"list_id": "o", "assignment": 1}),
        messages=[("BotAssigned", _bot("active", "o"))],
        in_transaction=2,
    )
    builder.request("PUT", "/api/payments/invoices/o/pay", key="5")
    _ask_provider(builder, "capture", 3000)
    [paid] = builder.commit(INVOICE, ("Paid", {}), messages=[("InvoicePaid", _invoice("paid", 3000))], in_transaction=2)
    builder.commit(PAYMENT, ("Captured", {"amount": 3000}), in_transaction=2)
    builder.respond(version=2)
    builder.commit(ORDER, ("Paid", {}), messages=[("OrderPaid", _order("approved", paid=True))], cause=paid)
    builder.request("PUT", "/api/depot/shopping/o/start", body={"assignment": 1})
    builder.commit(LIST, ("Started", {}), messages=[("ShoppingListStarted", _list("active", 1))])
    builder.respond(version=4)
    builder.request("PUT", "/api/depot/shopping/o/pick", body={"assignment": 1, "quantity": 2})
    picked = ("Picked", {"store_id": "s", "product_id": "cable", "quantity": 2})
    builder.commit(LIST, picked, messages=[("ShoppingListItemPicked", _list("active", 1, 2))])
    builder.respond(version=5)
    short = [{"store_id": "s", "product_id": "cable", "quantity": 1}]
    builder.request("PUT", "/api/depot/shopping/o/complete", body={"assignment": 1})
    done = [("ShoppingListCompleted", _list("completed", 1, 2))]
    [collected] = builder.commit(LIST, ("Completed", {"shortages": short}), messages=done, in_transaction=2)
    builder.commit(BOT, ("Finished", {}), messages=[("BotFinished", _bot("idle"))], in_transaction=2)
    builder.respond(version=6)
    readied = ("Readied", {"shortages": short, "at": ""})
    messages = [("OrderReadied", _order("ready", 2, ready=True, paid=True))]
    messages += [("OrderCompleted", _order("completed", 2, ready=True, paid=True))]
    ready, complete = builder.commit(ORDER, readied, ("Completed", {}), messages=messages, cause=collected)
    _notify(builder, "ready_for_pickup", ready)
    _notify(builder, "completed", complete)
    adjusted = ("Adjusted", {"amount": 2000, "reason": "short_pick"})
    builder.commit(
        INVOICE, adjusted, messages=[("InvoiceAdjusted", _invoice("paid", 2000))], cause=ready, in_transaction=2
    )
    refund = ("RefundDue", {"payment_id": "p", "number": 1}, 0)
    builder.commit(
        PAYMENT, ("RefundRequested", {"number": 1, "amount": 1000}), timers=[refund], cause=ready, in_transaction=2
    )
    _ask_provider(builder, "refund", 1000)
    refunded = ("PaymentRefunded", _payment("settled", 3000, 2000, 1000, refund=1000))
    builder.commit(
        PAYMENT, ("Refunded", {"number": 1, "amount": 1000}), messages=[refunded], cause=f"{PAYMENT}/4/RefundDue"
    )
    builder.request("GET", "/api/ordering/o")
    builder.respond(body={}, version=5)


def refused() -> HistoryBuilder:
    """An order whose payment is refused: it is rejected, and its saga compensates."""
    builder, command_id = _compensating()
    _reject_and_undo(builder, command_id)
    return builder


def parked() -> HistoryBuilder:
    """The same, but RejectOrder has no answer: the saga is parked, and compensates when staff resume it."""
    builder, command_id = _compensating()
    unanswered = []
    for attempt in range(2, UNDO_ATTEMPTS + 1):
        unanswered.append(command_id)
        builder.wait(3_600)
        command_id = _undo(builder, 0, cause=_watch_id(builder), attempt=attempt)
    builder.wait(3_600)
    parked_because = {"reason": "RejectOrder has no answer after 8 tries", "at": ""}
    builder.commit(SAGA, ("Parked", parked_because), cause=_watch_id(builder))
    builder.write_row("checkout/views", "sagas", "o", 19, {"status": "parked"})
    unanswered.append(command_id)
    builder.request("PUT", "/api/checkout/sagas/o/resume", key="6")
    command_id = _undo(builder, 0, ("Resumed", {"at": ""}), attempt=UNDO_ATTEMPTS + 1)
    builder.respond()
    _reject_and_undo(builder, command_id)
    for late in unanswered:
        builder.reply("OrderRejectionAccepted", {"order_id": "o"}, late)
    return builder


def _watch_id(builder: HistoryBuilder) -> str:
    """The id of the end of the latest watch."""
    version = max(number for number, event in enumerate(builder.events(SAGA), start=1) if event[0] == "WatchSet")
    return f"{SAGA}/{version}/SagaWatchEnds"


def _compensating() -> tuple[HistoryBuilder, str]:
    """An order whose payment is refused, and a saga that compensates; the id of its first command."""
    builder, command_id = _list_created(2000)
    reply_id = builder.reply("PaymentRefused", {"order_id": "o", "reason": "too small"}, command_id)
    turned_round = ("TurnedRound", {"reason": "too small", "at": ""})
    command_id = _undo(builder, 0, turned_round, cause=reply_id)
    return builder, command_id


def _reject_and_undo(builder: HistoryBuilder, command_id: str) -> None:
    messages = [("OrderRejected", _order("rejected")), ("OrderRejectionAccepted", {"order_id": "o"})]
    rejected, reply_id = builder.commit(
        ORDER, ("Rejected", {"reason": "too small"}), messages=messages, cause=command_id, answers=command_id
    )
    _notify(builder, "rejected", rejected)
    command_id = _undo(builder, 3, ("Undone", {"step": 0}), cause=reply_id)
    voided = ("PaymentVoided", _payment("voided", 0, 2000, order_id=None, authorized=2000))
    messages = [voided, ("PaymentVoidAccepted", {"order_id": "o"})]
    due = [("VoidDue", {"payment_id": "p"}, 0)]
    _, reply_id = builder.commit(
        PAYMENT, ("Voided", {}), messages=messages, timers=due, cause=command_id, answers=command_id
    )
    _ask_provider(builder, "void", 0)
    builder.commit(PAYMENT, ("VoidMade", {}), cause=f"{PAYMENT}/2/VoidDue")
    command_id = _undo(builder, 2, ("Undone", {"step": 3}), cause=reply_id)
    messages = [("ShoppingListCancelled", _list("cancelled")), ("ShoppingListCancellationAccepted", {"order_id": "o"})]
    _, reply_id = builder.commit(
        LIST, ("Cancelled", {"order_id": "o"}), messages=messages, cause=command_id, answers=command_id
    )
    builder.commit(SAGA, ("Undone", {"step": 2}), ("Compensated", {"at": ""}), cause=reply_id)
    builder.write_row("checkout/views", "sagas", "o", 20, {"status": "compensated"})
    builder.delete_row("checkout/views", "running", "mark#o")
    builder.commit(
        INVOICE,
        ("Cancelled", {"payment_id": "p"}),
        messages=[("InvoiceCancelled", _invoice("cancelled", 0))],
        cause=rejected,
    )
    builder.deliver_timers()
