"""Operators and what they deal with: dead letters, histories to send again, services at a standstill, odd messages."""

import json
from collections.abc import Callable
from typing import Any

from tests.simulation.workload.client import Client

HOUR = 3_600.0
SERVICES = ("baskets", "checkout", "customers", "depot", "insights", "notifications", "ordering", "payments", "search")
UNDOING = ("depot", "payments", "ordering", "checkout")  # what the undoing of an order waits for
HISTORIES = ("baskets", "customers", "depot", "ordering", "payments", "stores")
CONSUMERS = ("search", "insights", "notifications", "payments", "depot")
INSISTED = ("depot", "ordering")  # whose answer a saga insists on, once the payment is accepted
WATCH = 60.0  # seconds of a day for which somebody looks out for a moment
PAGE = 8  # commits of one page of a republish


class Operator(Client):
    """Somebody with the operator's tools."""

    def operate(self, after: float, deeds: int) -> None:
        """Do that many things, some seconds apart."""
        what: list[Callable[[], None]] = [self.redrive, self.republish_all, self.republish_a_stream, self.resume_sagas]
        self.cloud.sleep(after)
        for _ in range(deeds):
            self.choices.pick(what, "what an operator does")()
            self.pause(5, 60)

    def redrive(self) -> None:
        """Send all dead letters to their queues again."""
        moved = self.cloud.redrive()
        for _ in range(moved):
            self._note("redriven")

    def republish_all(self) -> None:
        """Send a service's whole history again, to all or to one consumer, page by page."""
        service = self.choices.pick(HISTORIES, "whose history")
        to = self.choices.pick((None, *CONSUMERS), "for whom")
        cursor: str | None = None
        while True:
            page = self._republish(service, {"to": to, "cursor": cursor, "limit": PAGE})
            if page is None or page["cursor"] is None:
                return
            cursor = page["cursor"]

    def republish_a_stream(self) -> None:
        """Send again what was said of one order, timers and commands too."""
        if self.scene.orders:
            service, kind = self.choices.pick(
                (("ordering", "order"), ("depot", "shoppinglist"), ("checkout", "createordersaga")), "of what"
            )
            order = self.choices.pick(self.scene.orders, "which order")
            self._republish(service, {"stream": f"{kind}-{order.id}"})

    def resume_sagas(self) -> None:
        """Every saga that is parked."""
        found = self.get("/api/checkout/sagas?status=parked&limit=20") or {"sagas": []}
        for saga in found["sagas"]:
            self.ask("PUT", f"/api/checkout/sagas/{saga['orderId']}/resume")

    def stop_a_service(self, after: float, service: str, seconds: float) -> None:
        """Have a service stand still for so long: not one of its functions runs."""
        self.cloud.sleep(after)
        self.cloud.stop(service)
        self.cloud.sleep(seconds)
        self.cloud.start(service)
        if seconds >= HOUR:
            self._note("service down for long")

    def stop_once_paid_for(self, service: str, seconds: float) -> None:
        """Have a service stand still when a payment is accepted: from then on a saga insists."""
        while self.cloud.last_published("PaymentAccepted") is None:
            if self.cloud.now() > WATCH or self.scene.closing:
                return
            self.cloud.sleep(0.05)
        self.stop_a_service(0, service, seconds)

    def say_odd_things(self, after: float) -> None:
        """Put messages on the bus as older and as newer services than these would say them."""
        self.cloud.sleep(after)
        for _ in range(self.choices.between(1, 2, "how many odd messages")):
            self._say_as_of_old()
            self._say_as_of_a_day_to_come()
            self.pause(5, 30)

    def _say_as_of_old(self) -> None:
        """An event again, as the version before would have said it."""
        detail = self._last_said("InvoiceAdjusted")
        if detail is None:
            detail = self._last_said("CustomerRegistered")
            if detail is None:
                return
            data = {name: value for name, value in detail["data"].items() if name != "language"}
            self._say({**detail, "data": data})
        else:
            data = {name: value for name, value in detail["data"].items() if name != "reason"}
            self._say({"metadata": {**detail["metadata"], "version": 1}, "data": data})
        self._note("old version")

    def _say_as_of_a_day_to_come(self) -> None:
        """An event of a version that nobody here knows, and with a member that nobody knows."""
        detail = self._last_said(self.choices.pick(("OrderCreated", "CustomerRegistered", "ProductAdded"), "of what"))
        if detail is not None:
            metadata = {**detail["metadata"], "version": 99, "id": self.cloud.new_id()}
            self._say({"metadata": metadata, "data": {**detail["data"], "mood": "sunny"}})

    def _last_said(self, name: str) -> dict[str, Any] | None:
        said: dict[str, Any] | None = self.cloud.last_published(name)
        return said

    def _say(self, detail: dict[str, Any]) -> None:
        self.cloud.publish(json.loads(json.dumps(detail)))

    def _republish(self, service: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """A page of a republish, tried again like any other invocation; None when it does not work out."""
        for _ in range(3):
            answer: dict[str, Any] | None = self.cloud.invoke(service, "relay", {"republish": request})
            if answer is not None:
                self._note("republished")
                return answer
            self.pause(1, 5)
        return None

    def _note(self, what: str) -> None:
        self.cloud.history.note("deed", who=self.name, what=what)
