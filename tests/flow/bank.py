"""A payment provider that fails on demand, and the redrive of the refunds that it refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, cast

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.payments.domain import Statement
from functions.payments.sandbox import SandboxProvider
from tests.support.mall import Mall
from tests.support.queues import MemoryQueue, Message

Behaviour = Literal["willing", "refuses", "loses answers", "is away"]


class Bank:
    """Does what the sandbox does, unless its behaviour is another: that is for what follows a commit.

    asked: the number of requests to void and to refund, by request id.
    """

    def __init__(self, mall: Mall) -> None:
        self.mall = mall
        self.behaviour: Behaviour = "willing"
        self.asked: dict[str, int] = {}
        self._books = SandboxProvider()
        mall.runtimes["payments"].adapters["provider"] = self

    def authorize(self, payment_id: str, customer_id: str, amount: int, request_id: str) -> None:
        self._books.authorize(payment_id, customer_id, amount, request_id)

    def capture(self, payment_id: str, amount: int, request_id: str) -> int:
        return self._books.capture(payment_id, amount, request_id)

    def void(self, payment_id: str, request_id: str) -> None:
        with self._as_it_behaves(request_id):
            self._books.void(payment_id, request_id)

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        with self._as_it_behaves(request_id):
            self._books.refund(payment_id, amount, request_id)

    @contextmanager
    def _as_it_behaves(self, request_id: str) -> Iterator[None]:
        self.asked[request_id] = self.asked.get(request_id, 0) + 1
        if self.behaviour == "refuses":
            raise RefusedError("the account is closed")
        if self.behaviour == "is away":
            raise UnavailableError("the provider does not answer")
        yield
        if self.behaviour == "loses answers":
            raise UnavailableError("the provider's answer was lost")

    def statement(self, payment_id: str) -> Statement:
        if self.behaviour == "is away":
            raise UnavailableError("the provider does not answer")
        return self._books.statement(payment_id)

    def paid_back(self, payment_id: str) -> list[int]:
        """The refunds of a payment, in cents, the larger ones first."""
        with self.mall.at_work("payments"):
            return sorted(self._books.statement(payment_id).refunds.values(), reverse=True)

    def pays_again(self) -> list[Message]:
        """Pay again from now on, and redrive all dead letters; returns those."""
        self.behaviour = "willing"
        letters = self.mall.dead_letters().get("payments", [])[:]
        cast(MemoryQueue, self.mall.runtimes["payments"].dead_letters).messages.clear()
        for letter in letters:
            self.mall.runtimes["payments"].queue.send(letter.body)
        self.mall.pass_time(600)
        return letters
