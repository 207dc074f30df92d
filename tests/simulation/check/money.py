"""Money is conserved: never more taken than was set aside, nor given back than was taken; in the end it all adds up."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.check.delivery import Ways
from tests.simulation.check.parsed_history import Reading
from tests.simulation.check.records import Commit, Event
from tests.simulation.check.violation import Violation

WITHIN = "no more is captured than authorized, nor refunded than captured"
TOGETHER = "an invoice and its payment change together"
FALLS = "what is owed never rises"
OWED = "captured less refunded is what is owed"
RELEASED = "authorized is captured and released"
BILLED = "an invoice says what its order owes"
SERVED = "an order is served by its own payment"

ACCEPTED = ("approved", "ready", "completed")


@dataclass
class Payment:
    """What the events of a payment say, in cents; requested, made: refunds by their number."""

    customer: str = ""
    order: str | None = None
    status: str = ""
    authorized: int = 0
    captured: int = 0
    released: int = 0
    requested: dict[int, int] = field(default_factory=dict)
    made: dict[int, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """What was captured and went not back, in cents."""
        return self.captured - sum(self.made.values())


@dataclass
class Invoice:
    """The same of an invoice; paid: what it said when it was paid."""

    status: str = ""
    payment: str = ""
    amount: int = 0
    paid: int | None = None


@dataclass
class Order:
    """The same of an order; total in cents."""

    customer: str = ""
    payment: str = ""
    status: str = ""
    total: int = 0
    paid: bool = False
    approved: bool = False
    items: list[dict[str, int | str]] = field(default_factory=list)

    def apply(self, event: Event) -> None:
        """Take what an event of it says."""
        match event.name:
            case "Created":
                self.status, self.customer = "pending", event.data["customer_id"]
                self.payment = event.data["payment_id"]
                self.items = [dict(item) for item in event.data["items"]]
            case "Approved":
                self.status, self.approved = "approved", True
            case "Readied":
                self.status = "ready"
                _take_out(self, event.data["shortages"])
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


def violations(reading: Reading, ways: Ways) -> Iterator[Violation]:
    """Amounts that no moment may show, and what does not add up in the end."""
    payments: dict[str, Payment] = {}
    invoices: dict[str, Invoice] = {}
    orders: dict[str, Order] = {}
    for commit in reading.commits:
        if commit.kind == "Payment":
            yield from _pay(payments.setdefault(commit.thing, Payment()), commit)
        elif commit.kind == "Invoice":
            yield from _bill(invoices.setdefault(commit.thing, Invoice()), commit)
        elif commit.kind == "Order":
            for event in commit.events:
                orders.setdefault(commit.thing, Order()).apply(event)
    yield from _together(payments, invoices)
    if reading.is_still:
        for order_id, order in orders.items():
            if not _lacks(ways, order_id, order.payment):
                yield from _adds_up(order_id, order, invoices.get(order_id), payments.get(order.payment))
        for payment_id, payment in payments.items():
            if payment.made != payment.requested and not ways.misses("payments", payment_id, ["RefundDue"]):
                text = f"of the payment {payment_id} {payment.requested} was to go back, and {payment.made} did"
                yield Violation(OWED, text, {"stream": f"Payment#{payment_id}"})


def _lacks(ways: Ways, order_id: str, payment_id: str) -> bool:
    """Whether somebody lacks a message without which an order's money cannot add up."""
    heard = ("OrderApproved", "OrderReadied", "OrderCancelled", "OrderRejected")
    return (
        ways.misses("payments", order_id, heard)
        or ways.misses("payments", payment_id, ["RefundDue"])
        or ways.misses("ordering", order_id, ["InvoicePaid"])
    )


def _pay(payment: Payment, commit: Commit) -> Iterator[Violation]:
    for event in commit.events:
        data = event.data
        match event.name:
            case "Authorized":
                payment.status, payment.customer = "authorized", data["customer_id"]
                payment.authorized = data["amount"]
            case "Confirmed":
                payment.status, payment.order = "confirmed", data["order_id"]
            case "Voided":
                payment.status, payment.released = "voided", payment.authorized
            case "Captured":
                payment.status, payment.captured = "settled", payment.captured + data["amount"]
                payment.released = payment.authorized - payment.captured
            case "RefundRequested":
                if data["number"] != len(payment.requested) + 1:
                    text = f"{commit.where} requests the refund {data['number']} as its {len(payment.requested) + 1}."
                    yield Violation(WITHIN, text, {"stream": commit.stream})
                payment.requested[data["number"]] = data["amount"]
            case "Refunded":
                if payment.requested.get(data["number"]) != data["amount"] or data["number"] in payment.made:
                    text = (
                        f"{commit.where} notes a refund of {data['amount']} that was not requested, or was made before"
                    )
                    yield Violation(WITHIN, text, {"stream": commit.stream})
                payment.made[data["number"]] = data["amount"]
    if payment.authorized <= 0 or payment.captured > payment.authorized:
        text = f"{commit.where} has {payment.captured} captured of {payment.authorized}"
        yield Violation(WITHIN, text, {"stream": commit.stream})
    if sum(payment.requested.values()) > payment.captured:
        text = f"{commit.where} gives back {sum(payment.requested.values())} of {payment.captured} that was captured"
        yield Violation(WITHIN, text, {"stream": commit.stream})
    yield from _said(payment, commit)


def _said(payment: Payment, commit: Commit) -> Iterator[Violation]:
    """What the last message of a commit says of a payment is what the events say."""
    said = [message.data for message in commit.messages if message.delay is None and "authorized" in message.data]
    for data in said[-1:]:
        released, refunded = data["released"], data["refunded"]
        if (data["captured"], refunded) != (payment.captured, sum(payment.made.values())):
            text = f"{commit.where} tells others of {data['captured']} captured and {refunded} refunded"
            yield Violation(OWED, text, {"stream": commit.stream})
        if data["status"] in ("voided", "settled", "refunded") and data["authorized"] != data["captured"] + released:
            text = (
                f"{commit.where} has {data['authorized']} authorized, {data['captured']} captured, {released} released"
            )
            yield Violation(RELEASED, text, {"stream": commit.stream})


def _bill(invoice: Invoice, commit: Commit) -> Iterator[Violation]:
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
            text = f"{commit.where} lets what is owed rise from {before} to {invoice.amount}"
            yield Violation(FALLS, text, {"stream": commit.stream})
        before = invoice.amount


def _take_out(order: Order, shortages: list[dict[str, int | str]]) -> None:
    """Reduce the items by what was not found; of a product on several lines from the last one on."""
    for short in shortages:
        missing = int(short["quantity"])
        for item in reversed(order.items):
            if (item["store_id"], item["product_id"]) == (short["store_id"], short["product_id"]):
                taken = min(missing, int(item["quantity"]))
                item["quantity"] = int(item["quantity"]) - taken
                missing -= taken


def _together(payments: dict[str, Payment], invoices: dict[str, Invoice]) -> Iterator[Violation]:
    """An invoice is paid exactly when its amount is captured."""
    captured = {payment.order: payment.captured for payment in payments.values() if payment.status == "settled"}
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
    if order.status in ACCEPTED and own is None:
        text = f"the order {order_id} is {order.status}, and the payment {order.payment} does not serve it"
        yield Violation(SERVED, text, about)
    if order.status != "pending" and (invoice is None or invoice.amount != owed):
        said = f"says {invoice.amount}" if invoice else "is not there"
        yield Violation(BILLED, f"the order {order_id} ({order.status}) owes {owed}, and its invoice {said}", about)
        return
    if invoice is None:
        return
    is_paid = invoice.status == "paid"
    if order.status in ACCEPTED and (is_paid != order.paid or invoice.status == "cancelled"):
        paid = "paid" if order.paid else "not paid"
        yield Violation(BILLED, f"the order {order_id} is {paid}, and its invoice {invoice.status}", about)
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
