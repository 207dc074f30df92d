"""Money: never more captured than authorized, nor refunded than captured; in the final state all amounts add up."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Event
from tests.simulation.check.violation import Violation

WITHIN_LIMITS = "no more is captured than authorized, nor refunded than captured"
TOGETHER = "an invoice and its payment change together"
NEVER_RISES = "what is owed never rises"
OWED = "captured less refunded is what is owed"
RELEASED = "what was authorized is captured or released"
INVOICED = "an invoice has the amount that its order owes"
OWN_PAYMENT = "an order is paid with its own payment"
AT_ONCE = "a refund and a void are asked of the provider at once"

ACCEPTED = ("approved", "ready", "completed")
REMINDERS = ("RefundDue", "VoidDue")


@dataclass
class Payment:
    """A payment by its events, in cents. requested, made: refunds by number.

    paid: what was captured, less what the same commit asks to refund: it is the invoice's amount.
    """

    customer: str = ""
    order: str | None = None
    status: str = ""
    authorized: int = 0
    captured: int = 0
    released: int = 0
    paid: int = 0
    requested: dict[int, int] = field(default_factory=dict)
    made: dict[int, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """What was captured and not refunded, in cents."""
        return self.captured - sum(self.made.values())


@dataclass
class Invoice:
    """An invoice by its events. paid: its amount when it was paid."""

    status: str = ""
    payment: str = ""
    amount: int = 0
    paid: int | None = None


@dataclass
class Order:
    """An order by its events; total in cents."""

    customer: str = ""
    payment: str = ""
    status: str = ""
    total: int = 0
    paid: bool = False
    approved: bool = False
    items: list[dict[str, int | str]] = field(default_factory=list)

    def apply(self, event: Event) -> None:
        """Apply one event."""
        match event.name:
            case "Created":
                self.status, self.customer = "pending", event.data["customer_id"]
                self.payment = event.data["payment_id"]
                self.items = [dict(item) for item in event.data["items"]]
            case "Approved":
                self.status, self.approved = "approved", True
            case "Readied":
                self.status = "ready"
                _reduce(self, event.data["shortages"])
            case "Paid":
                self.paid = True
            case "Completed":
                self.status = "completed"
            case "Rejected":
                self.status = "rejected"
            case "Cancelled":
                self.status = "cancelled"
            case "NothingFound":
                self.status, self.items = "cancelled", []
        self.total = sum(int(item["price"]) * int(item["quantity"]) for item in self.items)


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Amounts that are wrong at any time, and amounts that do not add up in the final state."""
    payments: dict[str, Payment] = {}
    invoices: dict[str, Invoice] = {}
    orders: dict[str, Order] = {}
    for commit in history.commits:
        if commit.kind == "Payment":
            yield from _apply_payment(payments.setdefault(commit.aggregate_id, Payment()), commit)
        elif commit.kind == "Invoice":
            yield from _apply_invoice(invoices.setdefault(commit.aggregate_id, Invoice()), commit)
        elif commit.kind == "Order":
            for event in commit.events:
                orders.setdefault(commit.aggregate_id, Order()).apply(event)
    yield from _together(payments, invoices)
    if history.is_quiescent:
        for order_id, order in orders.items():
            if not _lacks(deliveries, order_id, order.payment):
                yield from _adds_up(order_id, order, invoices.get(order_id), payments.get(order.payment))
        for payment_id, payment in payments.items():
            if payment.made != payment.requested and not deliveries.misses("payments", payment_id, ["RefundDue"]):
                text = f"the payment {payment_id} has the refunds {payment.made} made of {payment.requested}"
                yield Violation(OWED, text, {"stream": f"Payment#{payment_id}"})


def _lacks(deliveries: Deliveries, order_id: str, payment_id: str) -> bool:
    """Whether a message is missing without which an order's amounts cannot add up."""
    names = ("OrderApproved", "OrderReadied", "OrderCancelled", "OrderRejected")
    return (
        deliveries.misses("payments", order_id, names)
        or deliveries.misses("payments", payment_id, ["RefundDue"])
        or deliveries.misses("ordering", order_id, ["InvoicePaid"])
    )


def _apply_payment(payment: Payment, commit: Commit) -> Iterator[Violation]:
    for event in commit.events:
        data = event.data
        match event.name:
            case "Authorized":
                payment.status, payment.customer = "authorized", data["customer_id"]
                payment.authorized = data["amount"]
            case "Confirmed":
                payment.status, payment.order = "confirmed", data["order_id"]
            case "Abandoned":
                payment.status = "abandoned"
            case "Voided":
                payment.status, payment.released = "voided", payment.authorized
            case "Captured":
                payment.status, payment.captured = "settled", payment.captured + data["amount"]
                payment.released = payment.authorized - payment.captured
                payment.paid = payment.captured - _refunded_at_once(commit)
            case "RefundRequested":
                if data["number"] != len(payment.requested) + 1:
                    text = f"{commit.where} requests the refund {data['number']} as its {len(payment.requested) + 1}."
                    yield Violation(WITHIN_LIMITS, text, {"stream": commit.stream})
                payment.requested[data["number"]] = data["amount"]
            case "Refunded":
                if payment.requested.get(data["number"]) != data["amount"] or data["number"] in payment.made:
                    text = f"{commit.where} records a refund of {data['amount']} that is not requested, or made before"
                    yield Violation(WITHIN_LIMITS, text, {"stream": commit.stream})
                payment.made[data["number"]] = data["amount"]
    if (payment.authorized <= 0 and payment.status != "abandoned") or payment.captured > payment.authorized:
        text = f"{commit.where} has {payment.captured} captured of {payment.authorized}"
        yield Violation(WITHIN_LIMITS, text, {"stream": commit.stream})
    if sum(payment.requested.values()) > payment.captured:
        text = f"{commit.where} refunds {sum(payment.requested.values())} of {payment.captured} captured"
        yield Violation(WITHIN_LIMITS, text, {"stream": commit.stream})
    yield from _published(payment, commit)
    for message in commit.messages:
        if message.name in REMINDERS and message.delay != 0:
            text = f"{message.name} of {commit.where} comes after {message.delay} s"
            yield Violation(AT_ONCE, text, {"stream": commit.stream, "message": message.id})


def _refunded_at_once(commit: Commit) -> int:
    return sum(event.data["amount"] for event in commit.events if event.name == "RefundRequested")


def _published(payment: Payment, commit: Commit) -> Iterator[Violation]:
    """The amounts in a commit's last message are those of the events."""
    published = [message.data for message in commit.messages if message.delay is None and "authorized" in message.data]
    for data in published[-1:]:
        released, refunded = data["released"], data["refunded"]
        if (data["captured"], refunded) != (payment.captured, sum(payment.made.values())):
            text = f"{commit.where} publishes {data['captured']} captured and {refunded} refunded"
            yield Violation(OWED, text, {"stream": commit.stream})
        if data["status"] in ("voided", "settled", "refunded") and data["authorized"] != data["captured"] + released:
            text = (
                f"{commit.where} has {data['authorized']} authorized, {data['captured']} captured, {released} released"
            )
            yield Violation(RELEASED, text, {"stream": commit.stream})


def _apply_invoice(invoice: Invoice, commit: Commit) -> Iterator[Violation]:
    before = invoice.amount if invoice.status else None
    for event in commit.events:
        match event.name:
            case "Billed":
                invoice.status, invoice.payment = "pending", event.data["payment_id"]
                invoice.amount = event.data["amount"]
            case "Adjusted":
                invoice.amount = event.data["amount"]
            case "Paid":
                invoice.status, invoice.paid = "paid", invoice.amount
            case "Cancelled":
                invoice.status, invoice.amount = "cancelled", 0
                invoice.payment = event.data["payment_id"]
        if before is not None and invoice.amount > before:
            text = f"{commit.where} raises what is owed from {before} to {invoice.amount}"
            yield Violation(NEVER_RISES, text, {"stream": commit.stream})
        before = invoice.amount


def _reduce(order: Order, shortages: list[dict[str, int | str]]) -> None:
    """Reduce the items by the shortages; where a product has several lines, from the last line on."""
    for short in shortages:
        missing = int(short["quantity"])
        for item in reversed(order.items):
            if (item["store_id"], item["product_id"]) == (short["store_id"], short["product_id"]):
                taken = min(missing, int(item["quantity"]))
                item["quantity"] = int(item["quantity"]) - taken
                missing -= taken


def _together(payments: dict[str, Payment], invoices: dict[str, Invoice]) -> Iterator[Violation]:
    """An invoice is paid exactly when its amount is captured."""
    captured = {payment.order: payment.paid for payment in payments.values() if payment.status == "settled"}
    for order_id, invoice in invoices.items():
        if invoice.paid != captured.get(order_id):
            text = (
                f"the invoice {order_id} was paid with {invoice.paid}, and {captured.get(order_id)} was captured for it"
            )
            yield Violation(TOGETHER, text, {"streams": [f"Invoice#{order_id}", f"Payment#{invoice.payment}"]})


def _adds_up(order_id: str, order: Order, invoice: Invoice | None, payment: Payment | None) -> Iterator[Violation]:
    about = {"streams": [f"Order#{order_id}", f"Invoice#{order_id}", f"Payment#{order.payment}"]}
    own = payment if payment and payment.order == order_id else None
    owed = order.total if order.status in ACCEPTED else 0
    if order.status in ACCEPTED and own and own.status == "voided":
        text = f"the order {order_id} is {order.status}, and its payment {order.payment} is voided"
        yield Violation(OWN_PAYMENT, text, about)
    if order.status in ACCEPTED and own is None:
        text = f"the order {order_id} is {order.status}, and the payment {order.payment} does not serve it"
        yield Violation(OWN_PAYMENT, text, about)
    if order.status != "pending" and (invoice is None or invoice.amount != owed):
        found = f"is {invoice.amount}" if invoice else "does not exist"
        yield Violation(INVOICED, f"the order {order_id} ({order.status}) owes {owed}, and its invoice {found}", about)
        return
    if invoice is None:
        return
    is_paid = invoice.status == "paid"
    if order.status in ACCEPTED and (is_paid != order.paid or invoice.status == "cancelled"):
        paid = "paid" if order.paid else "not paid"
        yield Violation(INVOICED, f"the order {order_id} is {paid}, and its invoice {invoice.status}", about)
    due = owed if is_paid else 0
    if own and own.kept != due:
        text = f"{due} is owed for the order {order_id} ({order.status}), and {own.kept} was captured and kept"
        yield Violation(OWED, text, about)
    ended = order.status in ("completed", "rejected", "cancelled")
    if own and ended and own.authorized != own.captured + own.released:
        text = f"of {own.authorized} for the order {order_id} ({order.status}) {own.captured} was captured"
        yield Violation(RELEASED, f"{text} and {own.released} released", about)
    free = payment and payment.order is None and payment.customer == order.customer
    if order.status in ("rejected", "cancelled") and free and payment and payment.status == "authorized":
        text = f"the order {order_id} is {order.status}, and its payment {order.payment} is still {payment.status}"
        yield Violation(RELEASED, text, about)
