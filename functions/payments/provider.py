"""The way out to whoever moves the money."""

from typing import Protocol

from functions.kernel.runtime import Port


class PaymentProvider(Protocol):
    """What a payment provider does for us."""

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay an amount, in cents, back to whoever paid; a `request_id` that was used before pays nothing more.

        Raises RefusedError when the provider will not, and UnavailableError when it does not answer: then it may
        have paid or not, and is to be asked again with the same request id.
        """


class SandboxProvider:
    """A provider that moves no money: each refund succeeds, however often it is asked for."""

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Nothing to do."""


provider: Port[PaymentProvider] = Port("provider", connect=SandboxProvider)
