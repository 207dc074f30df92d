"""A mall in which every route finds what it needs: at least two things of each kind, in the states that routes want.

What a path's parameter or a body's field stands for is told here once by its name. A route that is new is asked like
any other; only one that wants a thing in a state of its own needs a line in WANTED or BODIES.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from events.registry import language
from events.vda5050.state import ActionState, ActionStatus, OperatingMode
from events.vda5050.text import to_bytes
from functions.customers import codes
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.rest.routes import Route
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import Caller
from functions.operations import forms, groups, history_rows, run_rows
from functions.operations.collector import store
from functions.operations.consumers import Consumer, FailureQueue
from functions.operations.mappings import Backlog
from functions.payments import reconciliation
from functions.payments.difference import Reason
from language.story import sample as sample_of
from tests.contract.rest.declared import body_schema, generated, key
from tests.support.callers import A_KIOSK, CLERK, OPERATOR_ON_CALL
from tests.support.cloud import Response
from tests.support.delivery import body_of
from tests.support.iot import signing_request
from tests.support.letters import sample
from tests.support.mall import Mall
from tests.support.states import state

LEASE = {"MALLBOTS_ROBOT_LEASE": "604800"}  # a robot may be silent for a week: time passes faster without its word
MINUTE = 60

# What a parameter names, by the path before it.
NAMED = {
    "/api/stores": "store",
    "/api/stores/products": "product",
    "/api/customers": "customer",
    "/api/baskets": "full basket",
    "/api/ordering": "order",
    "/api/depot/shopping": "list of staff",
    "/api/depot/bots": "robot",
    "/api/fleet/robots": "robot",
    "/api/fleet/robots/{id}/actions": "waiting action",
    "/api/payments": "payment",
    "/api/payments/invoices": "order",
    "/api/payments/differences": "different order",
    "/api/search/orders": "order",
    "/api/insights/timeline": "flow",
    "/api/insights/orders": "order",
    "/api/checkout/sagas": "order",
    "/api/operations/groups": "group",
    "/api/operations/sagas": "order",
    "/api/operations/orders": "order",
    "/api/operations/letters": "letter",
    "/api/operations/forecasts": "forecast",
    "/api/operations/runs": "redrive",
    "/api/operations/replays": "replay",
    "/api/operations/rebuilds": "rebuild",
    "/api/operations/consumers": "consumer's service",
    "/api/operations/consumers/{service}": "consumer's queue",
    "/api/operations/streams": "owner of a stream",
    "/api/operations/streams/{service}": "kind of a stream",
    "/api/operations/streams/{service}/{kind}": "order",
}
# What certain routes want instead.
WANTED = {
    "DELETE /api/stores/{id}/participating": "participating store",
    "PUT /api/customers/{id}/enable": "disabled customer",
    "POST /api/customers/{id}/sessions": "new customer",
    "PUT /api/depot/bots/{id}/offline": "idle robot",
    "PUT /api/checkout/sagas/{orderId}/resume": "parked order",
    "PUT /api/depot/shopping/{id}/assign": "available list",
    "PUT /api/depot/shopping/{id}/start": "assigned list",
    "PUT /api/depot/shopping/{id}/pick": "active list",
    "PUT /api/depot/shopping/{id}/pickItems": "active list",
    "PUT /api/depot/shopping/{id}/complete": "active list",
    "PUT /api/operations/runs/{id}/switch": "built rebuild",
    "PUT /api/operations/runs/{id}/abort": "rebuild",
    "PUT /api/operations/letters/{id}/data": "letter of a command",
    "PUT /api/operations/runs/{id}/resume": "paused redrive",
}
FIELDS = {
    "customerId": "customer",
    "storeId": "store",
    "productId": "product",
    "paymentId": "payment",
    "orderId": "order",
    "botId": "idle robot",
    "code": "one-time code",
}
NUMBER = "+15550100"  # as `generated` makes one
COMMAND = sample_of(language()["ConfirmPayment"])
COMMAND["metadata"]["id"] = "a command that was given up"
BODIES: dict[str, dict[str, Any]] = {
    "PUT /api/operations/letters/{id}/data": {"data": {**COMMAND["data"], "amount": 1}},
    "POST /api/fleet/robots/{id}/certificate": {"csr": signing_request()},
    "POST /api/customers/numbers": {"smsNumber": "+15550100"},
    "PUT /api/customers/{id}/change-sms": {"smsNumber": "+15550199"},
    "PUT /api/customers/{id}/language": {"language": "es"},
    "PUT /api/stores/products/{id}/increasePrice": {"price": 20},
    "PUT /api/stores/products/{id}/decreasePrice": {"price": 5},
    "PUT /api/operations/sagas/{orderId}/retry": {"commands": ["AuthorizeCustomer"]},
    "POST /api/operations/replays": {"to": "insights", "from": "stores"},
    "POST /api/operations/rebuilds": {"service": "stores", "view": "catalogue"},
}
QUERIES: dict[str, dict[str, str]] = {
    "GET /api/operations/estimates/replay": {"to": "insights"},
    "GET /api/operations/estimates/rebuild": {"service": "stores", "view": "catalogue"},
}


class OpenMall(Mall):
    """A mall in which a request is sent by someone who may: by a clerk, or else by a kiosk or an operator."""

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        caller: Caller | None = None,
    ) -> Response:
        apis = [registered.api for registered in self.manifests.values() if registered.api]
        route = next((found for api in apis if (found := api.find(method, path.partition("?")[0]))), None)
        may = [who for who in (CLERK, A_KIOSK, OPERATOR_ON_CALL) if route and who.has(*route.may)]
        sender = may[0] if may else CLERK
        return super().request(method, path, body, headers, caller or sender)


class Passing:
    """The forecasts of a mall in which every letter would pass."""

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answers = [{"id": letter["id"], "answer": "passes", "detail": {}} for letter in request["letters"]]
        return {"answers": answers, "overlay": None}


class Empty:
    """The queues of consumers for which nothing waits."""

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        return Backlog(visible=0, in_flight=0, delayed=0)


@dataclass
class Furnished:
    """The mall, and the ids of its things by kind."""

    mall: Mall
    things: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request that must succeed; its answer's body."""
        answer = self.mall.request(method, path, body)
        assert answer.status == 200, (method, path, answer)
        return answer.body

    def path(self, route: Route, **instead: str) -> str:
        """A route's path about things that are there, or with these values for some parameters."""
        path = route.path
        for name in route.arguments:
            before = route.path.partition(f"/{{{name}}}")[0]
            value = instead.get(name) or self.things[WANTED.get(key(route)) or NAMED[before]]
            path = path.replace(f"{{{name}}}", value)
        return path

    def body(self, route: Route) -> dict[str, Any]:
        """A body with which a route does what it is for."""
        known = {name: self.things[kind] for name, kind in FIELDS.items()}
        made: dict[str, Any] = generated(body_schema(route), known) | BODIES.get(key(route), {})
        return made | ({"letters": [self.things["other letter"]]} if "letters" in made else {})

    def do(
        self,
        route: Route,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        caller: Caller | None = None,
        **instead: str,
    ) -> Response:
        """Ask for what a route is for; `body` instead of the one that fits, `instead` for parameters of the path.

        As the caller, or else as someone who may.
        """
        sent = (self.body(route) if body is None else body) if route.writes else None
        path = self.path(route, **instead)
        if route.params and not route.writes:
            path += self.required_query(route)
        return self.mall.request(route.method, path, sent, headers, *[caller] * (caller is not None))

    def required_query(self, route: Route) -> str:
        """The query string's fields that must be there."""
        assert route.params
        names = [str(info.alias) for info in route.params.model_fields.values() if info.is_required()]
        known = QUERIES.get(key(route), {})
        return "?" + "&".join(f"{name}={known.get(name) or self.things[FIELDS[name]]}" for name in names)

    def effects(self) -> int:
        """How many commits there are in all services, and how often the rows of operations were written."""
        stores = [cast(MemoryEventStore, runtime.store) for runtime in self.mall.runtimes.values()]
        views = cast(MemoryViews, self.mall.runtimes["operations"].views)
        written = sum(int(item["version"]["N"]) for item in views.items.values())
        return sum(len(store.log) for store in stores) + written

    def everything(self) -> object:
        """What is stored, published and waits in all services: equal to another's where nothing was written between."""
        stored = [
            (len(cast(MemoryEventStore, runtime.store).log), dict(cast(MemoryViews, runtime.views).items))
            for runtime in self.mall.runtimes.values()
        ]
        waiting = [[m.body for m in s.queue.messages + s.dead_letters.messages] for s in self.mall.subscribers]
        return stored, len(self.mall.published), waiting

    def _made(self, path: str, body: Mapping[str, Any]) -> str:
        made: str = self.ask("POST", path, body)["id"]
        return made

    def open_stores(self) -> None:
        """Three stores, two of which take part, and the products of the third."""
        for kind in ("participating store", "other participating store", "store"):
            self.things[kind] = self._made("/api/stores", {"name": "Volt & Wire", "location": "Level 2"})
            if kind != "store":
                self.ask("PUT", f"/api/stores/{self.things[kind]}/participating")
        self.add_products()

    def add_products(self) -> None:
        """Two products more of the store."""
        for kind in ("other product", "product"):
            product = {"name": "Cable", "description": "Long", "sku": "C-1", "price": 10}
            self.things[kind] = self._made(f"/api/stores/{self.things['store']}/products", product)

    def welcome_customers(self) -> None:
        """Two customers, one of whom may not order."""
        for kind in ("customer", "disabled customer"):
            self.things[kind] = self._made("/api/customers", {"name": "Ada Reyes", "smsNumber": NUMBER})
        self.ask("PUT", f"/api/customers/{self.things['disabled customer']}/disable")
        self.mall.settle()

    def welcome_at_a_kiosk(self) -> None:
        """A customer who has just registered at a kiosk, and one who has just asked there for a one-time code."""
        person = {"name": "Eve Stone", "smsNumber": "+15550177"}
        self.things["new customer"] = self.mall.request("POST", "/api/customers", person, caller=A_KIOSK).body["id"]
        self.ask("POST", "/api/customers/codes", {"smsNumber": NUMBER})
        with self.mall.at_work("customers"):
            self.things["one-time code"] = codes.code(codes.phone_id(NUMBER), 1)

    def authorize(self, amount: float = 1_000) -> str:
        return self._made("/api/payments", {"customerId": self.things["customer"], "amount": amount})

    def fill_a_basket(self) -> str:
        basket = self._made("/api/baskets", {"customerId": self.things["customer"]})
        self.ask("PUT", f"/api/baskets/{basket}/addItem", {"productId": self.things["product"], "quantity": 2})
        return basket

    def order(self, amount: float = 1_000) -> str:
        """An order that has been everywhere."""
        order = self.fill_a_basket()
        self.ask("PUT", f"/api/baskets/{order}/checkout", {"paymentId": self.authorize(amount)})
        self.mall.settle()
        return order

    def bring_robots(self) -> None:
        """As many as there are lists to collect, so that none is left for others."""
        self.things["robot"] = self._made("/api/depot/bots", {"name": "Ajax"})
        for _ in range(2):
            self.ask("PUT", f"/api/depot/bots/{self._made('/api/depot/bots', {'name': 'Mule'})}/online")
        self.mall.settle()

    def let_an_action_wait(self) -> None:
        """A robot says on the stream that an action has failed and may be retried; it takes no orders."""
        self.things["waiting action"] = "an-action"
        waits = ActionState(action_id="an-action", action_status=ActionStatus.RETRIABLE)
        said = state(self.things["robot"], action_states=(waits,), operating_mode=OperatingMode.MANUAL)
        self.mall.broker.receive(self.things["robot"], "state", to_bytes(said))
        self.mall.settle()

    def plan_lists(self) -> None:
        """Lists that staff made; of the last ones nobody has heard yet, so that no robot has been found for it."""
        item = {"storeId": self.things["store"], "productId": self.things["product"], "quantity": 1}
        for kind in ("list of staff", "available list"):
            plan = {"orderId": "on paper", "items": [item]}
            self.things[kind] = self._made("/api/depot/shopping", plan)
        self.things["idle robot"] = self._made("/api/depot/bots", {"name": "Idle"})
        self.mall.settle()
        self.ask("PUT", f"/api/depot/shopping/{self.things['available list']}/initiate")
        self.ask("PUT", f"/api/depot/bots/{self.things['idle robot']}/online")

    def collect(self) -> None:
        self.things["order"] = self.things["assigned list"] = self.order()
        self.things["active list"] = self.order()
        self.ask("PUT", f"/api/depot/shopping/{self.things['active list']}/start", {"assignment": 1})
        created = next(m for m in self.mall.published if m.data.get("order_id") == self.things["order"])
        self.things["flow"] = created.metadata.correlation_id

    def give_messages_up(self) -> None:
        """Dead letters, which are not alike."""
        self.mall.runtimes["operations"].adapters |= {"forecasts_now": Passing(), "backlog": Empty()}
        with self.mall.at_work("operations"):
            letters = [store(forms.read(*sample(name))) for name in ("bus_rule", "fifo_inbox")]
            command = store(forms.read(*sample("inbox", body=body_of(COMMAND))))
            groups.count_changed([*letters, command])
        self.things["letter"], self.things["other letter"] = letters[0].id, letters[1].id
        self.things["group"], self.things["letter of a command"] = letters[0].fingerprint, command.id
        self.things["consumer's service"], self.things["consumer's queue"] = "depot", "inbox"
        self.things["owner of a stream"], self.things["kind of a stream"] = "ordering", "Order"

    def begin_runs(self) -> None:
        """A run of each kind; one redrive is paused, one rebuild is begun, another built."""
        letters = {"letters": [self.things["letter"], self.things["other letter"]]}
        self.things["forecast"] = self._made("/api/operations/forecasts", letters)
        for kind in ("redrive", "paused redrive"):
            self.things[kind] = self._made("/api/operations/redrives", letters)
        self.ask("PUT", f"/api/operations/runs/{self.things['paused redrive']}/pause")
        self.things["replay"] = self._made("/api/operations/replays", {"to": "insights"})
        for kind, view in (("rebuild", "timeline"), ("built rebuild", "stages")):
            self.things[kind] = self._made("/api/operations/rebuilds", {"service": "insights", "view": view})
        with self.mall.at_work("operations"):
            run = run_rows.get(self.things["built rebuild"])
            history_rows.put(run, history_rows.progress(run).at(history_rows.BUILT))

    def let_things_go_wrong(self) -> None:
        """An order whose saga is parked, for the depot could not take its list back; and two that do not add up."""
        self.mall.stop("depot")
        self.things["parked order"] = self.order(amount=1)
        self.order(amount=1)
        self.mall.pass_time(490 * MINUTE)
        for subscriber in self.mall.subscribers:
            if subscriber.inbox.service == "depot":
                subscriber.queue.messages.clear()  # as if they had failed for good
        self.mall.start("depot")
        with self.mall.at_work("payments"):
            for kind, order in (("different order", "order"), ("other different order", "active list")):
                self.things[kind] = self.things[order]
                differs = Reason("invoice_missing", 100, 0)
                reconciliation.differences.create(
                    self.things[order],
                    lambda found, differs=differs: found.update("a payment", (differs,), clock.stamp()),
                )
        self.mall.settle()


def prepare() -> Furnished:
    """Make the mall."""
    furnished = Furnished(OpenMall(settings=LEASE))
    furnished.open_stores()
    furnished.welcome_customers()
    furnished.bring_robots()
    furnished.collect()
    furnished.let_things_go_wrong()
    furnished.things["full basket"] = furnished.fill_a_basket()
    furnished.things["payment"] = furnished.authorize()
    furnished.let_an_action_wait()
    furnished.plan_lists()
    furnished.welcome_at_a_kiosk()
    furnished.give_messages_up()
    furnished.begin_runs()
    return furnished


_prepared = cache(prepare)


def furnish() -> Furnished:
    """A mall of its own for each test: made once, and copied."""
    return deepcopy(_prepared())
