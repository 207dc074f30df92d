"""A synthetic order every five minutes, on a stage that wants it (infra/synthetic.py): placed, approved, cancelled.

It is placed as by a kiosk, through the public REST API, as a customer of its own, under a session that this service
issues as it does to anyone. It is real to every service but those that count and those that text: they leave this
customer out by its id. It is cancelled as soon as it is approved, so no money is taken and hardly a robot moves. One
that was created only after its run had given it up, as by a consumer that was behind, is cancelled by a later run.

What is told is how long an approval took, once for each order that was approved in time. Nothing is told of one that
was not, and the alarm rings by that silence: so it rings too where this function does not run.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from events.customers import SYNTHETIC_CUSTOMER
from functions.customers import keys
from functions.customers.codes import code_key
from functions.customers.service import customers
from functions.customers.wrapping import decrypt_data_key, make_data_key
from functions.kernel.domain.errors import MallBotsError
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.runtime import budget, clock, observe, tokens
from functions.kernel.runtime.context import CUSTOMER
from functions.kernel.runtime.observe import Figure
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.uses import Uses

NAME = "Synthetic order"
NUMBER = "+12025550143"  # kept for fiction: https://en.wikipedia.org/wiki/555_(telephone_number)
PROMISED = 30  # seconds until an order is approved: docs/telemetry.md
LOOKED_EVERY = 1  # seconds
SECONDS = 5  # that one answer may take
LEFT = 3 * SECONDS  # seconds that it keeps to cancel what it began
EARLIER = timedelta(hours=6)  # before now: orders that were created since then are looked at
MOST = 100  # of them: twelve are placed an hour

approved = Figure("SyntheticOrderSeconds", "Seconds")

Json = Mapping[str, Any]


class SyntheticOrderError(MallBotsError):
    """Something on the way of a synthetic order was not as it should be."""


class Api(Protocol):
    """The mall's REST API."""

    def call(self, token: str, method: str, path: str, body: Json | None = None) -> Json:
        """The answer to a request under a token. Raises SyntheticOrderError for any but 200."""


class RestApi:
    """The API at an address without a path."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, token: str, method: str, path: str, body: Json | None = None) -> Json:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._address}{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # nosec B310  # of the deployment, not of a caller
                found: Json = json.loads(answer.read() or "{}")
        except HTTPError as error:
            with error:
                raise SyntheticOrderError(f"{method} {path} was answered by {error.code}") from None
        except (OSError, HTTPException, ValueError) as error:  # also a connection that is cut while it is read
            raise SyntheticOrderError(f"{method} {path} was not answered") from error
        return found


rest: Port[Api] = Port("rest", connect=lambda: RestApi(os.environ["API"]))

synthetic = Scheduled(
    "customers",
    "synthetic",
    "rate(5 minutes)",
    uses=Uses(
        streams="commit",
        vault=("get", "query", "put"),
        ports=(code_key, make_data_key, decrypt_data_key, rest),
        issues_tokens=True,
    ),
)


class _Order:
    """One order of the synthetic customer."""

    def __init__(self) -> None:
        began = int(clock.now().timestamp())
        self._token = tokens.issue(CUSTOMER, SYNTHETIC_CUSTOMER, began=began).token
        self.id = ""

    def place(self) -> None:
        """Order one of a product, and check out."""
        bought = {"customerId": SYNTHETIC_CUSTOMER, "items": [{"productId": self._product(), "quantity": 1}]}
        self.id = self._call("POST", "/api/baskets/withItems", bought)["id"]
        total = self._call("GET", f"/api/baskets/{self.id}")["basket"]["total"]
        paid = self._call("POST", "/api/payments", {"customerId": SYNTHETIC_CUSTOMER, "amount": total})["id"]
        self._call("PUT", f"/api/baskets/{self.id}/checkout", {"paymentId": paid})

    def wait_for_approval(self) -> float:
        """How many seconds it took since now. Raises SyntheticOrderError after as many as are promised."""
        began = clock.now()
        while (took := (clock.now() - began).total_seconds()) <= PROMISED and budget.left() > LEFT:
            match self._status():
                case "approved":
                    return took
                case "rejected" | "cancelled" as ended:
                    raise SyntheticOrderError(f"order {self.id} was {ended}")
            clock.wait(LOOKED_EVERY)
        raise SyntheticOrderError(f"order {self.id} was not approved within {took:.0f} s")

    def cancel(self) -> None:
        """Cancel it."""
        self._call("DELETE", f"/api/ordering/{self.id}", {"reason": "it was a synthetic order"})

    def give_up(self) -> None:
        """Cancel whatever there is of it: the order, or the basket alone."""
        for path in (f"/api/ordering/{self.id}", f"/api/baskets/{self.id}") if self.id else ():
            with suppress(SyntheticOrderError):
                self._call("DELETE", path, {"reason": "the synthetic order failed"})

    def cancel_earlier(self) -> None:
        """Cancel what earlier runs gave up before there was an order, as far as its customer still may."""
        since = {"filters": {"after": clock.stamp(clock.now() - EARLIER)}, "limit": MOST}
        try:
            for order in self._call("POST", "/api/search/orders", since)["orders"]:
                if order["status"] in ("pending", "approved"):
                    reason = {"reason": "the synthetic order was given up"}
                    self._call("DELETE", f"/api/ordering/{order['orderId']}", reason)
        except SyntheticOrderError as error:  # the next run looks again
            observe.log_error("synthetic orders of earlier runs could not be cancelled", error)

    def _product(self) -> str:
        """The first product of the first store that takes part and has any."""
        for store in self._call("GET", "/api/stores/participating?limit=10")["stores"]:
            for product in self._call("GET", f"/api/stores/{store['id']}/products?limit=10")["products"]:
                if product["price"] > 0:
                    return str(product["id"])
        raise SyntheticOrderError("no store that takes part sells anything")

    def _status(self) -> str:
        """The order's; empty while there is none."""
        with suppress(SyntheticOrderError):
            return str(self._call("GET", f"/api/ordering/{self.id}")["order"]["status"])
        return ""

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        if budget.left() < SECONDS + budget.RESERVE:
            raise SyntheticOrderError(f"there was no time left for {method} {path}")
        return rest().call(self._token, method, path, body)


@synthetic.work
def place(_event: dict[str, Any]) -> dict[str, Any]:
    """Place an order, see it approved, and cancel it. An error is logged, and told by nothing being told."""
    register()
    order = _Order()
    try:
        order.place()
        seconds = order.wait_for_approval()
        order.cancel()
    except Exception as error:  # whatever it was, what was begun must not go on
        observe.log_error("a synthetic order failed", error, order_id=order.id)
        order.give_up()
        answer: dict[str, Any] = {"order": order.id, "why": observe.reason(error)}
    else:
        observe.figures(clock.now(), {approved: [seconds]})
        answer = {"order": order.id, "seconds": seconds}
    order.cancel_earlier()
    return answer


def register() -> None:
    """Have the synthetic customer be there, who has a name for staff's eyes, and a number that no phone has."""
    if customers.find(SYNTHETIC_CUSTOMER) is None:
        key = keys.make(SYNTHETIC_CUSTOMER)
        customers.create(
            SYNTHETIC_CUSTOMER,
            lambda customer: customer.register(NAME, NUMBER, key=key, at=clock.stamp()),
            beside=keys.follow(key),
        )
