"""One order, and what its customer, the robots and the clerks do with it, each under its own role."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from clients.mall import Json, Mall, MallError, wait_for
from clients.people import People, session

FINAL = ("completed", "rejected", "cancelled")
ROBOT_WITHIN = 300  # seconds: under load, orders wait for robots

NONE_MISSING: Mapping[str, int] = {}


class UnexpectedError(Exception):
    """The mall did not behave as expected."""


def expect(condition: bool, what: str) -> None:
    """Raises UnexpectedError unless the condition holds."""
    if not condition:
        raise UnexpectedError(f"expected {what}")


@dataclass
class Order:
    """The steps of one order, each a call of the API; `report` is called with a line for each step that is done.

    Every write has an idempotency key of its own; with `twice`, every write is sent twice; with `one_by_one`, each item
    is added and picked by a request of its own, as published clients do. Amounts are as on the wire,
    in major units. session: the customer's, once it is registered. rest: called before each step at the depot, for
    those who take their time.
    """

    people: People
    report: Callable[[str], None] = lambda line: None
    session: Mall | None = None
    customer_id: str = ""
    id: str = ""
    """The basket's id, which becomes the order's."""
    payment_id: str = ""
    total: float = 0
    """The price of the basket."""
    began: float = 0
    twice: bool = False
    one_by_one: bool = False
    name: str = "Ada Reyes"
    rest: Callable[[], object] = lambda: None

    @property
    def customer(self) -> Mall:
        """Who acts for the customer: its own session; before it is registered, the kiosk."""
        return self.session or self.people.kiosk

    @property
    def by_staff(self) -> "Order":
        """The same order, where staff do what the customer would."""
        return replace(self, session=self.people.staff)

    def registers(self) -> "Order":
        """Register a customer at the kiosk, which opens a session for the customer."""
        self.session = None
        body = {"name": self.name, "smsNumber": "+15550100"}
        self.customer_id = self.write("POST", "/api/customers", body)["id"]
        self.session = self.people.kiosk.acting(session(self.people.kiosk, self.customer_id))
        self.report(f"customer {self.customer_id} registered at the kiosk")
        return self

    def fills_a_basket(
        self, products: Mapping[str, int], on_order: Callable[[str], object] = lambda order_id: None
    ) -> "Order":
        """Start a basket with products (id → quantity); `on_order` gets its id."""
        self.began = time.monotonic()
        begun = {"customerId": self.customer_id}
        items = [{"productId": product, "quantity": quantity} for product, quantity in products.items()]
        if self.one_by_one:
            self.id = self.write("POST", "/api/baskets", begun)["id"]
            for item in items:
                self.write("PUT", f"/api/baskets/{self.id}/addItem", item)
        else:
            self.id = self.write("POST", "/api/baskets/withItems", {**begun, "items": items})["id"]
        on_order(self.id)
        self.total = self.basket()["total"]
        self.report(f"basket {self.id} filled: {len(products)} products, {self.total:.2f} in all")
        return self

    def authorizes_a_payment(self, amount: float | None = None) -> "Order":
        """Authorize a payment of the basket's price, or of another amount."""
        body = {"customerId": self.customer_id, "amount": self.total if amount is None else amount}
        self.payment_id = self.write("POST", "/api/payments", body)["id"]
        return self

    def checks_out(self) -> "Order":
        """Check the basket out, which creates the order."""
        self.write("PUT", f"/api/baskets/{self.id}/checkout", {"paymentId": self.payment_id})
        self.report(f"checked out with payment {self.payment_id}: the order has the basket's id")
        return self

    def orders(self, products: Mapping[str, int]) -> "Order":
        """Register, fill a basket, authorize its payment and check out."""
        return self.registers().fills_a_basket(products).authorizes_a_payment().checks_out()

    def is_approved(self) -> "Order":
        """Wait until the order is approved."""
        self._wait_for_status("approved")
        return self

    def is_created(self) -> "Order":
        """Wait until the order exists, in any status."""
        wait_for(self.order, f"order {self.id}")
        return self

    def pays(self) -> "Order":
        """Wait for the invoice, and pay it."""
        wait_for(self.invoice, f"the invoice of order {self.id}")
        self.write("PUT", f"/api/payments/invoices/{self.id}/pay")
        self.report("invoice paid")
        return self

    def cancels(self, reason: str = "changed my mind") -> "Order":
        """Cancel the order."""
        self.write("DELETE", f"/api/ordering/{self.id}", {"reason": reason})
        self.report("cancelled")
        return self

    def gets_a_robot(self) -> Json:
        """Wait until the order's shopping list is assigned to a robot, and return the list."""
        shopping_list = wait_for(self._assigned, f"a robot for order {self.id}", seconds=ROBOT_WITHIN)
        self.report(f"robot {shopping_list['botId']} has the list")
        return shopping_list

    def is_collected(self, missing: Mapping[str, int] = NONE_MISSING) -> "Order":
        """The assigned robot picks everything that is not `missing`, and the clerk checks it in.

        A robot on the stream does it all by itself, and decides what it finds.
        """
        if self.people.on_stream:
            expect(not missing, "robots on the stream to decide what they find")
            wait_for(self._collected, f"a robot to bring order {self.id}", seconds=ROBOT_WITHIN)
            self.report("a robot has brought the items to the depot")
            return self
        self.checks_in(self.is_brought(missing))
        return self

    def is_brought(self, missing: Mapping[str, int] = NONE_MISSING) -> Json:
        """The assigned robot picks everything that is not `missing`; returns the list, which is not checked in yet."""
        shopping_list = self.gets_a_robot()
        self.starts(shopping_list)
        self.picks(shopping_list, missing)
        return shopping_list

    def checks_in(self, shopping_list: Json) -> None:
        """The clerk checks in what the assigned robot brought."""
        self._at_the_depot("complete", shopping_list, by=self.people.staff)
        self.report("items checked in at the depot")

    def continues(self, shopping_list: Json) -> None:
        """The robot that has the list goes on from wherever it is."""
        if shopping_list["status"] == "assigned":
            self.starts(shopping_list)
        self.picks(shopping_list)

    def starts(self, shopping_list: Json) -> None:
        """The assigned robot starts to collect."""
        self._at_the_depot("start", shopping_list, by=self._robot_of(shopping_list))

    def picks(self, shopping_list: Json, missing: Mapping[str, int] = NONE_MISSING) -> None:
        """The assigned robot picks everything that is not missing."""
        robot = self._robot_of(shopping_list)
        picks = [
            {
                "storeId": stop["storeId"],
                "productId": item["productId"],
                "quantity": item["quantity"] - missing.get(item["productId"], 0),
            }
            for stop in shopping_list["stops"]
            for item in stop["items"]
        ]
        if self.one_by_one:
            for pick in picks:
                self._at_the_depot("pick", shopping_list, pick, by=robot)
        else:
            self._at_the_depot("pickItems", shopping_list, {"items": picks}, by=robot)

    def basket(self) -> Json:
        found: Json = self.customer.get(f"/api/baskets/{self.id}")["basket"]
        return found

    def order(self) -> Json:
        found: Json = self.customer.get(f"/api/ordering/{self.id}")["order"]
        return found

    def shopping_list(self) -> Json:
        found: Json = self.people.staff.get(f"/api/depot/shopping/{self.id}")["list"]
        return found

    def invoice(self) -> Json:
        found: Json = self.customer.get(f"/api/payments/invoices/{self.id}")["invoice"]
        return found

    def payment(self) -> Json:
        found: Json = self.customer.get(f"/api/payments/{self.payment_id}")["payment"]
        return found

    def texts(self) -> set[str]:
        """The kinds of notifications that were sent about the order."""
        found = self.people.staff.pages(f"/api/notifications?customerId={self.customer_id}", "notifications")
        return {notification["kind"] for notification in found if notification["orderId"] == self.id}

    def refused(self, method: str, path: str, body: Json, *, status: int = 409, by: Mall | None = None) -> None:
        """A request that the mall must refuse with `status`. Raises UnexpectedError otherwise."""
        try:
            self.write(method, path, body, by=by)
        except MallError as error:
            expect(error.status == status, f"{method} {path} to be refused with {status}, not: {error}")
        else:
            raise UnexpectedError(f"expected {method} {path} to be refused with {status}")

    def write(self, method: str, path: str, body: Json | None = None, *, by: Mall | None = None) -> Json:
        """A request that changes something, by the customer or somebody else; returns its answer. Raises MallError.

        Raises UnexpectedError if it is sent twice and the answers differ.
        """
        key, sender = str(uuid.uuid4()), by or self.customer
        answer = sender.call(method, path, body or {}, key=key)
        if self.twice:
            again = sender.call(method, path, body or {}, key=key)
            expect(again == answer, f"{method} {path} to be answered {answer} again, not {again}")
        return answer

    def _robot_of(self, shopping_list: Json) -> Mall:
        return self.people.robot(shopping_list["botId"])

    def _at_the_depot(self, what: str, shopping_list: Json, more: Json | None = None, *, by: Mall) -> None:
        self.rest()
        body = {"assignment": shopping_list["assignment"], **(more or {})}
        self.write("PUT", f"/api/depot/shopping/{self.id}/{what}", body, by=by)

    def _assigned(self) -> Json | None:
        shopping_list = self.shopping_list()
        expect(shopping_list["status"] != "cancelled", f"the list of order {self.id} not to be cancelled")
        return shopping_list if shopping_list["status"] == "assigned" else None

    def _collected(self) -> bool | None:
        status = self.shopping_list()["status"]
        expect(status != "cancelled", f"the list of order {self.id} not to be cancelled")
        return True if status == "completed" else None

    def _wait_for_status(self, wanted: str) -> None:
        def reached() -> bool | None:
            status = self.order()["status"]
            expect(status not in FINAL, f"order {self.id} to become {wanted}, not {status}")
            return True if status == wanted else None

        wait_for(reached, f"order {self.id} {wanted}")
