"""External services: the payment provider and the carrier of texts, whose answers may be lost."""

from dataclasses import dataclass
from typing import Any

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.notifications.sns import UnreachableNumberError
from functions.payments.domain import Statement
from tests.simulation.outages import CARRIER, PROVIDER
from tests.simulation.sdk import Caller, World

ANSWER_LOST = 2.0  # seconds until a caller gives up


class Provider:
    """A payment provider by which each request id takes effect once; it checks no amount, and trusts another id.

    requests: by request id, what it asked for. undone: the payments that were voided. unheard: those of which the
    answer to the next capture is lost.
    """

    def __init__(self) -> None:
        self.requests: dict[str, dict[str, Any]] = {}
        self.undone: set[str] = set()
        self.unheard: set[str] = set()

    def amounts(self, call: str, payment_id: str) -> dict[str, int]:
        """What a payment was asked for by one kind of call, in cents, by request id."""
        asked = {"call": call, "payment": payment_id}
        return {request: what["amount"] for request, what in self.requests.items() if asked.items() <= what.items()}


class ProviderClient:
    """One container's client of the payment provider. Its errors are those that the port defines."""

    def __init__(self, provider: Provider, world: World, caller: Caller) -> None:
        self._provider = provider
        self._world = world
        self._caller = caller

    def authorize(self, payment_id: str, customer_id: str, amount: int, request_id: str) -> None:
        """Hold an amount."""
        self._ask("authorize", payment_id, amount, request_id, OTHERS)

    def capture(self, payment_id: str, amount: int, request_id: str) -> int:
        """Capture an amount; again, answer the first."""
        captured = self._provider.amounts("capture", payment_id).get(request_id, amount)
        self._ask("capture", payment_id, captured, request_id, OTHERS)
        return captured

    def void(self, payment_id: str, request_id: str) -> None:
        """Undo a payment."""
        self._ask("void", payment_id, 0, request_id, OTHERS)

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay an amount back."""
        self._ask("refund", payment_id, amount, request_id, REFUND)

    def _ask(self, call: str, payment_id: str, amount: int, request_id: str, names: "Answers") -> None:
        faults, requests = self._world.faults, self._provider.requests
        self._world.scheduler.sleep(self._world.choices.seconds(0.02, 0.3, "provider"))
        if _is_away(self._world, self._caller, PROVIDER, request_id) or faults.strikes(names.silent, payment_id):
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the provider does not answer")
        if call in ("authorize", "capture") and payment_id in self._provider.undone:
            raise RefusedError("the provider has released this payment")
        what = {"call": call, "payment": payment_id, "amount": amount}
        before = requests.get(request_id)
        if before and before != what:
            raise InvalidError("this request id was used for another request")
        if not before and faults.strikes(names.refused, payment_id):
            raise RefusedError("the provider refuses this")
        lost = faults.strikes(names.lost, payment_id)
        if call == "capture" and payment_id in self._provider.unheard:
            self._provider.unheard.remove(payment_id)
            lost = lost or faults.strike(names.lost, payment_id)
        requests.setdefault(request_id, what)
        if call == "void":
            self._provider.undone.add(payment_id)
        self._world.history.record(
            "effect",
            port="provider",
            request_id=request_id,
            what=what,
            answered=not lost,
            again=before is not None,
            by=self._caller.name,
        )
        _maybe_kill(self._world, self._caller, "provider")
        if lost:
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the provider does not answer")

    def statement(self, payment_id: str) -> Statement:
        """What was done of a payment."""
        self._world.scheduler.sleep(self._world.choices.seconds(0.02, 0.3, "provider"))
        if _is_away(self._world, self._caller, PROVIDER, payment_id):
            raise UnavailableError("the provider does not answer")
        done = self._provider.amounts
        held, captured = done("authorize", payment_id), done("capture", payment_id)
        undone = payment_id in self._provider.undone
        return Statement(
            held=0 if captured or undone else sum(held.values()),
            captured=0 if undone else sum(captured.values()),
            refunds=done("refund", payment_id),
        )


@dataclass(frozen=True)
class Answers:
    """The faults that strike a call: no answer and no effect, a refusal, and an effect without an answer."""

    silent: str
    refused: str
    lost: str


REFUND = Answers("provider silent", "provider refuses", "provider answer lost")
OTHERS = Answers("provider mute", "provider declines", "provider reply lost")


class Texts:
    """A carrier that sends each request id once."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[str, str]] = {}  # request id → number, text


class TextsClient:
    """One container's client of the carrier."""

    def __init__(self, texts: Texts, world: World, caller: Caller) -> None:
        self._texts = texts
        self._world = world
        self._caller = caller

    def send(self, number: str, text: str, request_id: str) -> None:
        """Send a text. Raises UnavailableError when the answer is lost, sent or not."""
        self._world.scheduler.sleep(self._world.choices.seconds(0.02, 0.2, "texts"))
        away = _is_away(self._world, self._caller, CARRIER, request_id)
        if away or self._world.faults.strikes("text not taken", request_id):
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the carrier does not answer")
        if request_id not in self._texts.sent and self._world.faults.strikes("number unreachable", request_id):
            raise UnreachableNumberError("the number cannot be reached by text")  # as SnsTexts does
        lost = self._world.faults.strikes("text answer lost", request_id)
        again = request_id in self._texts.sent
        self._texts.sent.setdefault(request_id, (number, text))
        self._world.history.record(
            "effect",
            port="texts",
            request_id=request_id,
            what={"number": number, "text": text},
            answered=not lost,
            again=again,
            by=self._caller.name,
        )
        _maybe_kill(self._world, self._caller, "texts")
        if lost:
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the carrier does not answer")


def _is_away(world: World, caller: Caller, port: str, about: str) -> bool:
    """Whether the service behind a port has an outage; the call to it is recorded as refused."""
    if port in world.away:
        world.history.record("refused", where=f"{caller.name} {port} {about}", retried=False)
    return port in world.away


def _maybe_kill(world: World, caller: Caller, port: str) -> None:
    """Maybe kill the caller right after the effect."""
    if world.faults.strikes("killed after call", f"{caller.name} {port}"):
        caller.kill()
