"""The port to the payment provider: the whole life of a payment, each call under a request id."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from functions.kernel.runtime import runtime
from functions.kernel.runtime.trial import Trial, accepts
from functions.payments.domain import Statement


class PaymentProvider(Protocol):
    """What the service needs of a payment provider.

    Amounts are in cents. A payment is named by its id here: an adapter finds the provider's own by it. Each request id
    takes effect once: a request that took effect is answered alike however often it comes, and one with another amount
    under its id is an InvalidError. A refused request, and one that did not arrive, bind nothing: the same id is asked
    anew, maybe with another amount. Every call but `statement` may raise RefusedError when the provider refuses, and
    UnavailableError when it does not answer within budget.TRY seconds (it may have taken effect or not: the call is
    repeated under its request id). Texts are our own: clients read them.
    """

    def authorize(self, payment_id: str, customer_id: str, amount: int, request_id: str) -> None:
        """Hold an amount of a customer's money, once for each payment.

        Raises RefusedError also when the payment was voided, before or since, and when it was authorized under another
        request id: that was another customer's request.

        An authorization that nobody captures or voids lapses by itself some day, as those of cards do.
        """

    def capture(self, payment_id: str, amount: int, request_id: str) -> int:
        """Capture an amount of what is held, 0 too, and release the rest. Returns what was captured.

        Repeated with another amount it is no error: it returns what the first call captured. Raises RefusedError when
        less is held, or the payment was voided.
        """

    def void(self, payment_id: str, request_id: str) -> None:
        """Release all that is held; what was captured, by a call whose answer was lost, is given back whole.

        A payment that the provider does not know is void too. Afterwards nothing is authorized or captured of it.
        """

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay an amount of what was captured back to the customer."""

    def statement(self, payment_id: str) -> Statement:
        """What was done of a payment. Raises UnavailableError."""


def connect() -> PaymentProvider:
    """The adapter that the stage names, as `package.module:name`, called without arguments."""
    return cast(PaymentProvider, _adapter()())


def in_trial(port: str, trial: Trial) -> PaymentProvider:
    """The adapter itself if its books are rows of this service, which a trial has.

    Of any other, a void or refund is taken to be done, and what only its answer tells is unknowable.
    """
    adapter = _adapter()
    if getattr(adapter, "keeps_its_books_in_rows", False):
        return cast(PaymentProvider, adapter())
    return cast(PaymentProvider, accepts("void", "refund")(port, trial))


def _adapter() -> Callable[[], object]:
    module, _, name = runtime.current().setting("PAYMENT_PROVIDER").partition(":")
    return cast(Callable[[], object], getattr(import_module(module), name))
