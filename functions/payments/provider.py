"""The way out to whoever moves the money."""

from collections.abc import Mapping
from typing import Protocol

from functions.kernel.runtime.runtime import Port
from functions.payments.sandbox import SandboxProvider


class PaymentProvider(Protocol):
    """What a payment provider does for us. An adapter raises errors of the kernel, in words of our own."""

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay an amount, in cents, back to whoever paid; a `request_id` that was paid before pays nothing more.

        Raises RefusedError when the provider will not (it may be asked again, should it change its mind),
        UnavailableError when it does not answer: then it may have paid or not, and is to be asked again with the same
        request id; and InvalidError for a request id that was used for another amount.
        """

    def statement(self, payment_id: str) -> Mapping[str, int]:
        """What was paid back of a payment, in cents, by request id. Raises UnavailableError."""


provider: Port[PaymentProvider] = Port("provider", connect=SandboxProvider)
