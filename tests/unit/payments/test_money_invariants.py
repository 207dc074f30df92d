"""Invariants of money, with messages in any order, once or twice:

1. what was captured and released of a payment is no more than was authorized, and all of it once it is settled,
   refunded or voided;
2. a payment whose invoice is paid keeps the invoice's amount; without a paid invoice nothing was captured;
3. the provider, which may refuse, not receive or not answer, has paid at least what is recorded as refunded and at
   most what was requested: each request once, with one amount. It holds what is authorized here, until that is voided,
   and has captured what is captured here; or else for an invoice whose payment crashed before its commit;
4. a payment serves one order for ever, one of its own customer that it covers, and was accepted for no other;
5. the amount of an invoice never rises, and a paid or cancelled invoice stays so;
6. an order's end changes no payment of another customer and none that serves another order;
7. a refund or void that is not made yet has its reminder in the queue or the dead-letter queue; and no payment is
   voided but by an order's end, or because no order took it.

Liveness: when every message has arrived and the dead letters are redriven, every refund and void is made, and the sweep
leaves nothing at the provider that is not here. Then authorized =
captured + released and captured − refunded = owed for what was paid or ended, an ended order owes nothing and holds no
money, and reconciliation finds no difference.
"""

from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from events.checkout import ConfirmPayment, VoidPayment
from events.payments import UnconfirmedPaymentsDue
from events.registry import Message
from functions.kernel.domain.errors import MallBotsError
from functions.kernel.runtime import clock, context
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.payments import service, views
from tests.support.contention import crash
from tests.unit.payments.books import Books, Order
from tests.unit.payments.till import ADA, approved, cancelled, readied, rejected

BOB = ADA.model_copy(update={"customer_id": "bob"})
UNKNOWN = "unknown"
SOME = st.integers(0, 9)

T = TypeVar("T")


class Money(Books):
    """Orders of two customers; their messages are under way until they are delivered, perhaps twice."""

    @initialize(amounts=st.lists(st.integers(1, 60), min_size=1, max_size=3))
    def open(self, amounts: list[int]) -> None:
        for customer in (ADA, BOB):
            self.till.deliver(customer)
        self.payments = [service.authorize("ada", amount) for amount in amounts]
        self.payments.append(service.authorize("bob", 30))

    @rule(payment=SOME, stranger=st.booleans(), total=st.integers(0, 60), at_once=st.booleans())
    def place(self, payment: int, stranger: bool, total: int, at_once: bool) -> None:
        payment_id = [*self.payments, UNKNOWN][payment % (len(self.payments) + 1)]
        customer_id = "bob" if (payment_id == self.payments[-1]) != stranger else "ada"
        order = Order(f"order-{len(self.orders)}", customer_id, payment_id, total)
        self.orders.append(order)
        confirm = ConfirmPayment(order_id=order.id, payment_id=payment_id, customer_id=customer_id, amount=total)
        self.publish(confirm, at_once)

    @rule(payment=SOME, unused=st.integers(0, 5), paid=st.booleans())
    def order_at_once(self, payment: int, unused: int, paid: bool) -> None:
        """Take an order as far as most go, and redeliver its messages later: else few would be paid."""
        authorized = service.payment(pick(self.payments, payment)).authorized
        self.place(payment % len(self.payments), stranger=False, total=max(1, authorized - unused), at_once=True)
        order = self.orders[-1]
        if order in self.accepted():
            self.approve(self.accepted().index(order), at_once=True)
        if paid:
            self.pay(len(self.orders) - 1)

    @rule(of=SOME, at_once=st.booleans())
    @precondition(lambda self: self.accepted())
    def approve(self, of: int, at_once: bool) -> None:
        order = pick(self.accepted(), of)
        order.status = "approved"
        self.publish(approved(order.payment_id, order.total, order.id), at_once)

    @rule(of=SOME, short=st.integers(0, 9), at_once=st.booleans())
    @precondition(lambda self: self.of_status("approved"))
    def make_ready(self, of: int, short: int, at_once: bool) -> None:
        order = pick(self.of_status("approved"), of)
        order.status, order.total = "ready", max(0, order.total - short)
        self.publish(readied(order.payment_id, order.total, order.id), at_once)

    @rule(of=SOME)
    @precondition(lambda self: self.of_status("pending"))
    def reject(self, of: int) -> None:
        order = pick(self.of_status("pending"), of)
        order.status = "rejected"
        self.underway += [rejected(order.payment_id, order.id, order.customer_id), self.voiding(order)]

    @rule(of=SOME, at_once=st.booleans())
    @precondition(lambda self: self.of_status("pending", "approved", "ready"))
    def cancel(self, of: int, at_once: bool) -> None:
        order = pick(self.of_status("pending", "approved", "ready"), of)
        self.publish(cancelled(order.payment_id, order.id, order.customer_id), at_once)
        if order.status != "ready":  # the saga may still run
            self.underway.append(self.voiding(order))
        order.status = "cancelled"

    @rule(of=SOME)
    @precondition(lambda self: self.orders)
    def pay(self, of: int) -> None:
        with suppress(MallBotsError), context.within(Context()):
            service.pay(pick(self.orders, of).id)

    @rule(of=SOME)
    @precondition(lambda self: self.orders)
    def pay_and_crash_before_the_commit(self, of: int) -> None:
        self.store.before = [crash]
        with suppress(ConnectionError):
            self.pay(of)
        self.store.before = []

    @rule(amount=st.integers(1, 60), again=st.booleans())
    def authorize_and_crash_before_the_commit(self, amount: int, again: bool) -> None:
        self.attempts += 1
        cause = Cause(f"key-{self.attempts}", "digest")
        self.store.before = [crash]
        with suppress(ConnectionError), context.within(Context(cause=cause)):
            service.authorize("ada", amount)
        self.store.before = []
        if again:
            with context.within(Context(cause=cause)):
                self.payments.insert(0, service.authorize("ada", amount))

    @rule(which=SOME)
    def confirm_while_it_is_released(self, which: int) -> None:
        """An order takes a payment between the sweep's decision and its commit: the sweep changes nothing."""
        payment_id = pick(self.payments, which)
        if service.payment(payment_id).status == "authorized":
            self.store.before = [lambda: self.place(which, stranger=False, total=1, at_once=True)]
            self.release(which)
            self.store.before = []

    @rule(which=SOME)
    def release(self, which: int) -> None:
        """What the sweep does, a day later, with a payment that no order took."""
        payment_id = pick(self.payments, which)
        later = clock.now() + timedelta(days=1)
        with clock.fixed(lambda: later), context.within(Context()):
            service.release(payment_id)
        if service.payment(payment_id).order_id is None:
            self.released.add(payment_id)

    @rule(which=SOME, stays=st.booleans())
    @precondition(lambda self: self.underway)
    def arrive(self, which: int, stays: bool) -> None:
        message = pick(self.underway, which)
        assert self.till.deliver(message)
        if not stays:
            self.underway.remove(message)

    @rule(which=SOME, of=SOME)
    @precondition(lambda self: self.underway)
    def pay_while_a_message_is_handled(self, which: int, of: int) -> None:
        message = pick(self.underway, which)
        self.store.before = [lambda: self.pay(of)]
        assert self.till.deliver(message)
        self.store.before = []

    @rule(of=SOME)
    @precondition(lambda self: self.orders)
    def pay_twice_at_once(self, of: int) -> None:
        self.store.before = [lambda: self.pay(of)]
        self.pay(of)
        self.store.before = []

    @rule(fails=st.sampled_from(["", "before", "after", "refuse"]), tries=st.sampled_from([1, 8]))
    def remind(self, fails: str, tries: int) -> None:
        """Deliver the reminders; one that fails at its last try, or is refused, is dead-lettered."""
        self.till.bank.fails = fails
        self.till.deliver_reminders(tries)
        self.till.bank.fails = ""

    @rule()
    def remind_and_crash_before_the_refund_is_recorded(self) -> None:
        self.till.relay()
        self.store.before = [crash]
        self.till.deliver_reminders()
        self.store.before = []

    @rule()
    @precondition(lambda self: self.till.dead_letters.sent)
    def redrive(self) -> None:
        self.till.queue.sent += self.till.dead_letters.sent
        self.till.dead_letters.sent = []

    def teardown(self) -> None:
        try:
            for message in self.underway:
                assert self.till.deliver(message)
            self.redrive()
            self.till.deliver_reminders()
            for number in range(len(self.orders)):
                self.pay_what_crashed(number)
            self.sweep_all()
            self.it_adds_up()
            assert set(self.till.bank.held) <= set(self.payments)
            for payment_id in self.payments:
                self.check_end(service.payment(payment_id))
            for order in self.of_status("rejected", "cancelled"):
                assert service.invoice(order.id).amount == 0
            for order in self.orders:
                self.check_difference(order)
            assert self.till.queue.sent == self.till.dead_letters.sent == []
        finally:
            self._active.__exit__(None, None, None)

    def pay_what_crashed(self, number: int) -> None:
        """A customer pays again for whose invoice the provider has captured, with no commit after it."""
        order = self.orders[number]
        if order.payment_id in self.till.bank.captures and service.payment(order.payment_id).status == "confirmed":
            self.pay(number)
            self.till.deliver_reminders()

    def sweep_all(self) -> None:
        """The sweep of a day later releases all payments that no order took, and those that are stored nowhere."""
        later = clock.now() + timedelta(days=1, seconds=1)
        with clock.fixed(lambda: later):
            waiting = {found.id for found in views.unconfirmed_since(clock.now())}
            assert self.till.deliver(UnconfirmedPaymentsDue(time=clock.stamp()))
            assert set(views.unconfirmed_since(clock.now())) == set()
        self.released |= waiting & set(self.payments)
        self.till.deliver_reminders()

    def publish(self, message: Message, at_once: bool) -> None:
        """Put a message under way; one that is delivered at once may be redelivered later."""
        self.underway.append(message)
        if at_once:
            assert self.till.deliver(message)

    def voiding(self, order: Order) -> VoidPayment:
        return VoidPayment(order_id=order.id, payment_id=order.payment_id, customer_id=order.customer_id)


def pick(items: list[T], number: int) -> T:
    return items[number % len(items)]


TestTheMoney = Money.TestCase
TestTheMoney.settings = settings(max_examples=40, stateful_step_count=60, deadline=None, derandomize=True)
