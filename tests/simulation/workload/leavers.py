"""Leavers: customers who change their number and are erased, while messages are late and requests come again."""

import re
from collections.abc import Callable

from tests.simulation.gateway import Response
from tests.simulation.workload.canaries import name_of, number_of
from tests.simulation.workload.customers import KIOSK, Customer

DESK = "staff:the desk"
CODE = re.compile(r"(?<![0-9-])[0-9]{6}(?![0-9-])")  # in a text
LEAVES_AFTER = (0.0, 0.05, 1.0, 5.0, 20.0, 60.0)  # seconds from what was done before
RETURNS_AFTER = (0.1, 2.0, 20.0, 70.0, 330.0)  # seconds from the erasure


class Leaver(Customer):
    """One customer who is erased, by itself or by staff, and those who ask for it later."""

    def leave(self, after: float) -> None:
        """Begin after so many seconds, with a registration or as a customer who is there, and be erased."""
        self.draw_retry_key()
        self.cloud.sleep(after)
        self._key = self.new_key()
        self._body = {"name": name_of(self.name), "smsNumber": number_of(self.name)}
        if not self._enter():
            return
        if self.mall.has_tokens:
            self._open_session(KIOSK)
        self._live()
        self.cloud.sleep(self.choices.pick(LEAVES_AFTER, "when a leaver leaves"))
        if self.chance(0.2, "while the number is changed"):
            self.cloud.spawn(self._change_number)
        self._erase()
        for _ in range(self.choices.between(0, 2, "how often somebody comes back")):
            self.cloud.sleep(self.choices.pick(RETURNS_AFTER, "how long after"))
            self._come_back()

    def _enter(self) -> bool:
        """Be somebody; whether that was possible."""
        if self.mall.customers and self.chance(0.5, "a customer who is there"):
            self.id = self.choices.pick(self.mall.customers, "which customer")
            return True
        if self.chance(0.2, "registering twice at once"):
            self.cloud.spawn(self._register_here)
        self.id = self._created(self._register_here()) or ""
        if self.id and self.chance(0.5, "being known"):
            self.mall.customers.append(self.id)
        return bool(self.id)

    def _register_here(self) -> Response:
        return self._register_at_kiosk(self._body, self._key)

    def _live(self) -> None:
        """Do some of what customers do."""
        what: tuple[Callable[[], object], ...] = (self._change_number, self._change_language, self._prove, self._look)
        for _ in range(self.choices.between(0, 3, "what a leaver does before")):
            self.choices.pick(what, "what")()
            self.pause(0, 3)

    def _change_number(self) -> None:
        number = number_of(f"{self.name} {self.choices.between(1, 2, 'which number')}", self._spelling())
        self.request("PUT", f"/api/customers/{self.id}/change-sms", {"smsNumber": number})

    def _change_language(self) -> None:
        self.request("PUT", f"/api/customers/{self.id}/language", {"language": "es"})

    def _prove(self) -> None:
        """Request a one-time code for the number of before, and sometimes use the one that came."""
        number = number_of(self.name, self._spelling())
        self.request("POST", "/api/customers/codes", {"smsNumber": number}, who=KIOSK)
        if self.chance(0.5, "using the code"):
            self.pause(1, 10)
            codes = [found[0] for _, text in self.cloud.texts.sent.values() if (found := CODE.search(text))]
            body = {"smsNumber": number, "code": codes[-1] if codes else "000000"}
            self.request("POST", "/api/customers/sessions", body, who=KIOSK)

    def _look(self) -> None:
        """Staff look at the customer, or at all that is held of it."""
        path = f"/api/customers/{self.id}"
        self.request("GET", f"{path}/data" if self.chance(0.4, "at all that is held") else path, who=DESK)

    def _erase(self) -> None:
        if self.chance(0.15, "erasing twice at once"):
            self.cloud.spawn(self.request, "DELETE", f"/api/customers/{self.id}")
        self.request("DELETE", f"/api/customers/{self.id}", who=DESK if self.chance(0.5, "by staff") else "")

    def _come_back(self) -> None:
        """What must not bring anything back: the registration again, changes, and questions."""
        what: tuple[Callable[[], object], ...] = (
            self._register_here,
            self._change_number,
            self._prove,
            self._look,
            self._erase,
            self._order,
            self._search,
            self._search,
        )
        self.choices.pick(what, "why somebody comes back")()

    def _order(self) -> None:
        self.request("POST", "/api/baskets", {"customerId": self.id})

    def _search(self) -> None:
        """With the session of before, if there was one."""
        self.request("POST", "/api/search/orders", {"filters": {}})

    def _spelling(self) -> int:
        return self.choices.between(0, 3, "how a number is written")
