"""Operators: republish, outages of whole services, and messages of old and unknown versions."""

import json
from collections.abc import Callable
from typing import Any

from tests.simulation.workload.canaries import name_of, number_of
from tests.simulation.workload.client import Client

HOUR = 3_600.0
SERVICES = (
    "baskets",
    "checkout",
    "customers",
    "depot",
    "fleet",
    "insights",
    "notifications",
    "ordering",
    "payments",
    "search",
)
COMPENSATING = ("depot", "payments", "ordering", "checkout")  # what the compensation of an order waits for
UNDOING = ("depot", "payments")  # of these, the ones without a schedule of each minute, which would pile up
HISTORIES = ("baskets", "customers", "depot", "ordering", "payments", "stores")
CONSUMERS = ("search", "insights", "notifications", "payments", "depot")
RETRIED = ("depot", "ordering")  # whose commands a saga retries without limit, once all have accepted the order
WATCH = 60.0  # seconds from the start in which an outage waits for an order that all have accepted
UNKNOWN = 99  # a version that nobody knows
PAGE = 8  # commits per page of a republish
FEW = 2  # commits per page where one stream is republished


class Operator(Client):
    """A client with the operator's tools."""

    def operate(self, after: float, actions: int) -> None:
        """Do so many random actions, seconds apart."""
        what: list[Callable[[], None]] = [self.redrive_all, self.republish_all, self.republish_a_stream]
        what.append(self.resume_sagas)
        self.cloud.sleep(after)
        for _ in range(actions):
            self.choices.pick(what, "what an operator does")()
            self.pause(5, 60)

    def redrive_all(self) -> None:
        """Send back whatever was given up: see menders.py."""

    def republish_all(self) -> None:
        """Republish a service's history, to all or to one consumer, page by page."""
        service = self.choices.pick(HISTORIES, "whose history")
        to = self.choices.pick((None, *CONSUMERS), "for whom")
        self._republish_pages(service, {"to": to, "limit": PAGE})

    def republish_a_stream(self) -> None:
        """Republish one stream of an order, page by page."""
        if self.mall.orders:
            service, kind = self.choices.pick(
                (("ordering", "Order"), ("depot", "ShoppingList"), ("checkout", "CreateOrderSaga")), "which stream"
            )
            order = self.choices.pick(self.mall.orders, "which order")
            self._republish_pages(service, {"stream": f"{kind}#{order.id}", "limit": FEW})

    def stop_a_service(self, after: float, service: str, seconds: float) -> None:
        """Stop all functions of a service, or one of its functions, for so many seconds."""
        self.cloud.sleep(after)
        self.cloud.stop(service)
        self.cloud.sleep(seconds)
        self.cloud.start(service)
        if seconds >= HOUR:
            self._record("service down for long")

    def stop_after_acceptance(self, service: str, seconds: float) -> None:
        """Stop a service when a saga initiates collecting: from then on it retries its steps without limit."""
        while self.cloud.last_published("InitiateShopping") is None:
            if self.cloud.now() > WATCH:
                return
            self.cloud.sleep(0.05)
        self.stop_a_service(0, service, seconds)

    def publish_other_versions(self, after: float) -> None:
        """Publish messages as older and as newer versions of the services would."""
        self.cloud.sleep(after)
        for _ in range(self.choices.between(1, 2, "how many messages")):
            self._publish_old_version()
            self._publish_unknown_version()
            self.pause(5, 30)

    def _publish_old_version(self) -> None:
        """Repeat an event as the previous version of its service would have published it."""
        detail = self._last_published("InvoiceAdjusted")
        if detail is None:
            detail = self._last_published("CustomerRegistered")
            if detail is None or detail["metadata"]["version"] == UNKNOWN:
                return
            personal = {"name": name_of("of before"), "sms_number": number_of("of before")}
            data = {name: value for name, value in detail["data"].items() if name != "language"} | personal
            self._publish({"metadata": {**detail["metadata"], "version": 1}, "data": data})
            self.cloud.history.record("deed", who=self.name, what="name of before", old=list(personal.values()))
        else:
            data = {name: value for name, value in detail["data"].items() if name != "reason"}
            self._publish({"metadata": {**detail["metadata"], "version": 1}, "data": data})
        self._record("old version")

    def _publish_unknown_version(self) -> None:
        """Publish an event of an unknown version, with an unknown member."""
        name = self.choices.pick(("OrderCreated", "CustomerRegistered", "ProductAdded"), "which event")
        detail = self._last_published(name)
        if detail is not None:
            metadata = {**detail["metadata"], "version": UNKNOWN, "id": self.cloud.new_id()}
            self._publish({"metadata": metadata, "data": {**detail["data"], "mood": "sunny"}})
            self._record("unknown version")

    def _last_published(self, name: str) -> dict[str, Any] | None:
        detail: dict[str, Any] | None = self.cloud.last_published(name)
        return detail

    def _publish(self, detail: dict[str, Any]) -> None:
        self.cloud.publish(json.loads(json.dumps(detail)))

    def _republish_pages(self, service: str, request: dict[str, Any]) -> None:
        """All pages of a republish, or those before the first that fails."""
        cursor: str | None = None
        began = self.cloud.scheduler.now_us
        while True:
            page = self._republish(service, {**request, "cursor": cursor})
            if page is None:
                return
            cursor = page["cursor"]
            asked = {"service": service, "to": request.get("to"), "stream": request.get("stream")}
            self._record("republished", **asked, began=began, is_last=cursor is None)
            if cursor is None:
                return

    def _republish(self, service: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """One page of a republish, in three attempts; None when all fail."""
        for _ in range(3):
            answer: dict[str, Any] | None = self.cloud.invoke(service, "relay", {"republish": request})
            if answer is not None:
                return answer
            self.pause(1, 5)
        return None

    def _record(self, what: str, **more: Any) -> None:
        self.cloud.history.record("deed", who=self.name, what=what, **more)
