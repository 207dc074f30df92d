"""The port to the payment provider."""

from collections.abc import Mapping
from typing import Protocol

from functions.kernel.runtime.runtime import Port
from functions.payments.sandbox import SandboxProvider


class PaymentProvider(Protocol):
    """What the service needs of a payment provider. An adapter raises errors of the kernel, with texts of our own."""

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay an amount, in cents, back to the customer, once for each `request_id`.

        Raises RefusedError when the provider refuses (a retry may succeed), UnavailableError when it does not answer
        (it may have paid or not: retry with the same request id), and InvalidError for a request id that was used for
        another amount.
        """

    def statement(self, payment_id: str) -> Mapping[str, int]:
        """The refunds paid of a payment, in cents, by request id. Raises UnavailableError."""


provider: Port[PaymentProvider] = Port("provider", connect=SandboxProvider)
