"""External services: the payment provider and the carrier of texts, whose answers may be lost."""

from collections.abc import Mapping

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from tests.simulation.outages import CARRIER, PROVIDER
from tests.simulation.sdk import Caller, World

ANSWER_LOST = 2.0  # seconds until a caller gives up


class Provider:
    """A payment provider that refunds each request id once."""

    def __init__(self) -> None:
        self.paid: dict[str, tuple[str, int]] = {}  # request id → payment, amount


class ProviderClient:
    """One container's client of the payment provider."""

    def __init__(self, provider: Provider, world: World, caller: Caller) -> None:
        self._provider = provider
        self._world = world
        self._caller = caller

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Refund. Raises InvalidError, RefusedError and UnavailableError, as the port defines."""
        faults, paid = self._world.faults, self._provider.paid
        self._world.scheduler.sleep(self._world.choices.seconds(0.02, 0.3, "provider"))
        before = paid.get(request_id)
        if before and before != (payment_id, amount):
            raise InvalidError("this request id was used for another amount")
        if _is_away(self._world, self._caller, PROVIDER, request_id) or faults.strikes("provider silent", payment_id):
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the provider does not answer")
        if not before and faults.strikes("provider refuses", payment_id):
            raise RefusedError("the provider does not pay this amount back")
        lost = faults.strikes("provider answer lost", payment_id)
        if not before:
            paid[request_id] = (payment_id, amount)
        what = {"payment": payment_id, "amount": amount}
        self._world.history.record(
            "effect", port="provider", request_id=request_id, what=what, answered=not lost, again=before is not None
        )
        _maybe_kill(self._world, self._caller, "provider")
        if lost:
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the provider does not answer")

    def statement(self, payment_id: str) -> Mapping[str, int]:
        """The refunds of a payment, by request id, in cents."""
        self._world.scheduler.sleep(self._world.choices.seconds(0.02, 0.3, "provider"))
        if _is_away(self._world, self._caller, PROVIDER, payment_id):
            raise UnavailableError("the provider does not answer")
        paid = self._provider.paid
        return {request: amount for request, (payment, amount) in paid.items() if payment == payment_id}


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
