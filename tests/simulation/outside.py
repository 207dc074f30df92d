"""What lies outside the mall: the payment provider and the carrier of texts, which answer or do not."""

from collections.abc import Mapping

from functions.kernel.errors import InvalidError, RefusedError, UnavailableError
from tests.simulation.scheduler import Scheduler
from tests.simulation.sdk import World

ANSWER_LOST = 2.0  # seconds until it is given up


class Provider:
    """A payment provider that pays each request id once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.paid: dict[str, tuple[str, int]] = {}  # request id → payment, amount

    @property
    def _scheduler(self) -> Scheduler:
        return self._world.scheduler

    def refund(self, payment_id: str, amount: int, request_id: str) -> None:
        """Pay back. Raises InvalidError, RefusedError and UnavailableError as the port says."""
        faults = self._world.faults
        self._scheduler.sleep(self._world.choices.seconds(0.02, 0.3, "provider"))
        before = self.paid.get(request_id)
        if before and before != (payment_id, amount):
            raise InvalidError("this request id was used for another amount")
        if faults.strikes("provider silent", payment_id):
            self._scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the provider does not answer")
        if not before and faults.strikes("provider refuses", payment_id):
            raise RefusedError("the provider does not pay this amount back")
        lost = faults.strikes("provider answer lost", payment_id)
        if not before:
            self.paid[request_id] = (payment_id, amount)
        what = {"payment": payment_id, "amount": amount}
        self._world.history.note(
            "effect", port="provider", request_id=request_id, what=what, answered=not lost, again=before is not None
        )
        if lost:
            self._scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the provider does not answer")

    def statement(self, payment_id: str) -> Mapping[str, int]:
        """What was paid back of a payment, by request id."""
        self._scheduler.sleep(self._world.choices.seconds(0.02, 0.3, "provider"))
        return {request: amount for request, (payment, amount) in self.paid.items() if payment == payment_id}


class Texts:
    """A carrier that sends each request id once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sent: dict[str, tuple[str, str]] = {}  # request id → number, text

    def send(self, number: str, text: str, request_id: str) -> None:
        """Send a text. Raises UnavailableError when the answer is lost, sent or not."""
        self._world.scheduler.sleep(self._world.choices.seconds(0.02, 0.2, "texts"))
        lost = self._world.faults.strikes("text answer lost", request_id)
        before = self.sent.setdefault(request_id, (number, text))
        self._world.history.note(
            "effect",
            port="texts",
            request_id=request_id,
            what={"number": number, "text": text},
            answered=not lost,
            again=before != (number, text),
        )
        if lost:
            self._world.scheduler.sleep(ANSWER_LOST)
            raise UnavailableError("the carrier does not answer")
