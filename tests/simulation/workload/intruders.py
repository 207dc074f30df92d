"""Intruders: they ask for what is another's, or not for their role, and use tokens that were revoked or expired."""

from typing import Any

from tests.simulation.workload.canaries import number_of
from tests.simulation.workload.client import Client
from tests.simulation.workload.customers import Customer, Plan

PLAN = Plan(payment="never", cancellation="no", extra=0, double_clicks=False, shared_key=None)
ROLES = (*4 * ("customer",), *3 * ("bot",), "kiosk", "kiosk", "")
AFTERWARDS = 30.0  # seconds from the end of the faults: read models have caught up
REVOKED_FOR = (5.0, 75.0, 75.0, 120.0)  # seconds until a revoked token is used: it may be admitted for 70
EXPIRED_AFTER = 1_000.0  # seconds: a customer's 900, and those for which the gateway keeps the answer about a token

Attempt = tuple[str, str, Any]
# What is of customers, of robots and of staff alone. The {names} stand for things of others.
OF_CUSTOMERS: tuple[Attempt, ...] = (
    ("GET", "/api/customers/{customer}", None),
    ("PUT", "/api/customers/{customer}/change-sms", {"smsNumber": number_of("an intruder")}),
    ("PUT", "/api/customers/{customer}/language", {"language": "es"}),
    ("DELETE", "/api/customers/{customer}", None),
    ("POST", "/api/customers/{customer}/sessions", None),
    ("POST", "/api/baskets", {"customerId": "{customer}"}),
    (
        "POST",
        "/api/baskets/withItems",
        {"customerId": "{customer}", "items": [{"productId": "{product}", "quantity": 1}]},
    ),
    ("GET", "/api/baskets/{basket}", None),
    ("PUT", "/api/baskets/{basket}/addItem", {"productId": "{product}", "quantity": 1}),
    ("PUT", "/api/baskets/{basket}/addItems", {"items": [{"productId": "{product}", "quantity": 1}]}),
    ("PUT", "/api/baskets/{basket}/removeItem", {"productId": "{product}", "quantity": 1}),
    ("PUT", "/api/baskets/{basket}/checkout", {"paymentId": "{payment}"}),
    ("DELETE", "/api/baskets/{basket}", None),
    ("GET", "/api/ordering/{order}", None),
    ("DELETE", "/api/ordering/{order}", {"reason": "not mine"}),
    ("POST", "/api/payments", {"customerId": "{customer}", "amount": 10}),
    ("GET", "/api/payments/{payment}", None),
    ("GET", "/api/payments/invoices/{order}", None),
    ("PUT", "/api/payments/invoices/{order}/pay", None),
    ("POST", "/api/search/orders", {"filters": {"customerId": "{customer}"}}),
    ("POST", "/api/search/orders", {"filters": {}}),
    ("GET", "/api/search/orders/{order}", None),
)
OF_ROBOTS: tuple[Attempt, ...] = (
    ("GET", "/api/depot/shopping?status=assigned", None),
    ("GET", "/api/depot/shopping", None),
    ("GET", "/api/depot/shopping/{list}", None),
    ("PUT", "/api/depot/shopping/{list}/start", {"assignment": 1}),
    (
        "PUT",
        "/api/depot/shopping/{list}/pick",
        {"assignment": 1, "storeId": "{store}", "productId": "{product}", "quantity": 1},
    ),
    (
        "PUT",
        "/api/depot/shopping/{list}/pickItems",
        {"assignment": 1, "items": [{"storeId": "{store}", "productId": "{product}", "quantity": 1}]},
    ),
    ("PUT", "/api/depot/shopping/{list}/complete", {"assignment": 1}),
    ("PUT", "/api/depot/bots/{robot}/online", None),
    ("PUT", "/api/depot/bots/{robot}/offline", None),
    ("POST", "/api/depot/bots/{robot}/token", None),
)
OF_STAFF: tuple[Attempt, ...] = (
    ("POST", "/api/stores", {"name": "Mine", "location": "Level 9"}),
    ("PUT", "/api/stores/{store}/rebrand", {"name": "Mine"}),
    ("DELETE", "/api/stores/products/{product}", None),
    ("PUT", "/api/stores/products/{product}/decreasePrice", {"price": 0}),
    ("PUT", "/api/customers/{customer}/disable", None),
    ("POST", "/api/ordering", {"customerId": "{customer}", "paymentId": "{payment}", "items": []}),
    ("GET", "/api/checkout/sagas", None),
    ("PUT", "/api/checkout/sagas/{order}/resume", None),
    ("GET", "/api/insights/orders/{order}/timeline", None),
    ("GET", "/api/notifications?customerId={customer}", None),
    ("POST", "/api/depot/shopping/{list}", None),
    ("PUT", "/api/depot/shopping/{list}/assign", {"botId": "{robot}"}),
    ("GET", "/api/depot/bots", None),
    ("POST", "/api/depot/bots", {"name": "Trojan"}),
    ("POST", "/api/payments/reconciliation", None),
)
LOOKS = {
    "customer": [one for one in OF_CUSTOMERS if "/search/" in one[1]],
    "bot": [one for one in OF_ROBOTS if one[0] == "GET"],
}
ATTEMPTS = {"customer": (*3 * OF_CUSTOMERS, *OF_ROBOTS, *OF_STAFF), "bot": (*OF_CUSTOMERS, *4 * OF_ROBOTS, *OF_STAFF)}


class Intruder(Customer):
    """Somebody with a right to enter, as a customer, a robot or a kiosk, or with none, who wants what is another's."""

    def pry(self, after: float, attempts: int) -> None:
        """Begin after so many seconds, and try so many things, seconds apart."""
        self.draw_retry_key()
        self.cloud.sleep(after)
        self.role = self.choices.pick(ROLES, "as whom an intruder comes")
        if not self._enter():
            return
        for _ in range(attempts):
            method, path, body = self.choices.pick(
                ATTEMPTS.get(self.role, (*OF_CUSTOMERS, *OF_ROBOTS, *OF_STAFF)), "what an intruder tries"
            )
            self._attempt(method, path, body)
            self.pause(0.5, 12)

    def look_around(self) -> None:
        """When all is quiet, look for what read models and lists show of others: as a customer, then as a robot."""
        self.cloud.sleep(AFTERWARDS)
        for role in LOOKS:
            self.role, self.id, self.token = role, "", None
            for method, path, body in LOOKS[role] if self._enter() else ():
                self._attempt(method, path, body)

    @property
    def who(self) -> str:
        """Nobody has neither role nor name."""
        return super().who if self.role else ""

    def _enter(self) -> bool:
        """Register as what it is; whether it could."""
        if self.role == "customer":
            return self._register(PLAN) is not None
        if self.role == "bot":
            answer = self.request("POST", "/api/depot/bots", {"name": self.name}, who="staff:the desk")
            self.id = str(answer.body["id"]) if answer.status == 200 else ""
            self.take_token(answer)
            return bool(self.id)
        return True

    def _attempt(self, method: str, path: str, body: Any) -> None:
        """Try one thing, where there is already one to try it with; sometimes with the version that it may have."""
        names = self._of_others()
        try:
            path, body = path.format_map(names), _filled(body, names)
        except KeyError:
            return
        match = self.choices.between(1, 4, "a version") if self.chance(0.2, "with If-Match") else 0
        self.request(method, path, body, match=0 if method == "GET" else match)

    def _of_others(self) -> dict[str, str]:
        """Things of others, by what they are."""
        mall, names = self.mall, {}
        if mall.orders:
            order = self.choices.pick(mall.orders, "whose order")
            names = {"order": order.id, "payment": order.payment_id, "list": order.id}
        of = {"customer": mall.customers, "basket": mall.baskets, "robot": mall.robots, "store": mall.stores}
        of["product"] = [product.id for product in mall.products]
        of["list"] = [list_id for list_id, _ in mall.assignments]
        return names | {what: self.choices.pick(ids, f"which {what}") for what, ids in of.items() if ids}


def _filled(body: Any, names: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, names) for name, value in body.items()}
    return body.format_map(names) if isinstance(body, str) else body


class Thief(Client):
    """Somebody who has another's token, which staff revoke, or which expires."""

    def use_a_revoked_token(self, after: float) -> None:
        """Begin after so many seconds: steal a token, have it revoked, and use it again and again."""
        self.cloud.sleep(after)
        if not self.mall.tokens:
            return
        who, self.token = self.choices.pick(self.mall.tokens, "whose token")
        self.role, _, self.id = who.partition(":")
        self._use()
        if self.role == "bot":
            self.request("POST", f"/api/depot/bots/{self.id}/token", who="staff:the desk")
        elif self.chance(0.3, "erasing the customer"):
            self.request("DELETE", f"/api/customers/{self.id}", who="staff:the desk")
        else:
            self.request("PUT", f"/api/customers/{self.id}/disable", who="staff:the desk")
        self.cloud.sleep(self.choices.pick(REVOKED_FOR, "how long after"))
        for _ in range(2):
            self._use()
            if self.role == "bot":
                self.request("POST", f"/api/depot/bots/{self.id}/token")
            self.pause(1, 30)

    def use_an_expired_token(self, after: float) -> None:
        """Begin after so many seconds: steal a customer's token, and use it when its time is over."""
        self.cloud.sleep(after)
        of_customers = [(who, token) for who, token in self.mall.tokens if who.startswith("customer:")]
        if not of_customers:
            return
        who, self.token = self.choices.pick(of_customers, "whose token")
        self.role, _, self.id = who.partition(":")
        self.cloud.sleep(EXPIRED_AFTER)
        for _ in range(2):
            self._use()
            self.pause(1, 30)

    def _use(self) -> None:
        if self.role == "bot":
            self.request("PUT", f"/api/depot/bots/{self.id}/online")
        else:
            self.request("POST", "/api/baskets", {"customerId": self.id})
