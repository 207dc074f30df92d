"""All that the services are for, in malls in memory: recorded, it shows which calls each function needs.

Nothing here names a service's calls. Routes, inboxes, commands, lists and publishers are those that are registered; a
new one is among them without more ado. What needs a story of its own is told by the days of other tests.
"""

import json
import os
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from events.customers import PersonalDataToSeal
from events.envelope import Envelope
from events.registry import Kind, language
from functions.gateway.authorizer import Authorizer
from functions.gateway.keys import Keys
from functions.gateway.pool import CognitoPool
from functions.insights.models.timeline import FIRST, KEPT
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.domain.errors import RefusedError
from functions.kernel.eventstore import counting, relay
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.rest.routes import Route
from functions.kernel.runtime import clock, ids, tokens
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.context import BOT, CUSTOMER, Context
from functions.kernel.runtime.runtime import Unsent, active
from functions.live.log import LEASE
from functions.live.topics import SHARDS
from functions.payments.sandbox import SandboxProvider
from infra.documents.generate import ROOT
from tests.contract.rest.declared import ROUTES, answers_here, lists
from tests.contract.rest.furnished import Furnished, prepare
from tests.flow.a_day import RANGE, Day, a_day, afternoon, morning
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.permissions.operators import operators
from tests.permissions.recorder import Recorder
from tests.permissions.recording import GONE
from tests.permissions.streams import a_robot_connects, robots_on_the_stream
from tests.support.cloud import MemoryBus
from tests.support.delivery import body_of
from tests.support.mall import Mall
from tests.support.runtime import memory_runtime
from tests.unit.customers import before_keys

NEWEST = 99  # a version of any message that no code knows
NIGHT = 86_400
ALL = 10_000  # commits: more than there are
OWNERS = ("stores", "customers")


def work(recorder: Recorder) -> None:
    """Do everything once."""
    furnished = prepare()
    every_thing = (every_route, every_page, every_flow, every_access_request)
    for deed in (*every_thing, every_command_again, every_command_refused, every_failure):
        deed(deepcopy(furnished))
    every_service_has_published = deepcopy(furnished.mall)
    a_robot_connects(every_service_has_published)
    republished(recorder, deepcopy(every_service_has_published))
    refused_by_the_bus(recorder, every_service_has_published)
    operators(deepcopy(furnished))
    who_watches(deepcopy(furnished))
    tokens_are_checked(deepcopy(furnished))
    an_order_without_copies()
    robots_on_the_stream()
    personal_data_of_before()
    days()
    who_is_asking(recorder)
    keys_that_change(recorder)


def every_route(furnished: Furnished) -> None:
    """Every route does what it is for, and what follows from it happens."""
    for route in filter(answers_here, ROUTES):
        one = deepcopy(furnished)
        answer = one.do(route)
        assert answer.status == 200, (route, answer)
        one.mall.settle()


def every_page(furnished: Furnished) -> None:
    """Every list is read page by page, whole and by each status that it can be read by."""
    for route in filter(lists, ROUTES):
        for filters in _filters(route):
            _read_pages(furnished, route, filters)


def _read_pages(furnished: Furnished, route: Route, filters: dict[str, Any]) -> None:
    """A list from its first page on, to its end or for ten pages, one row each."""
    more: dict[str, Any] = {**filters, "limit": 1}
    for _ in range(10):
        if route.writes:
            answer = furnished.do(route, more)
        else:
            query = "&".join(f"{name}={value}" for name, value in more.items())
            path = f"{furnished.path(route)}{furnished.required_query(route)}&{query}"
            answer = furnished.mall.request("GET", path.replace("?&", "?"))
        assert answer.status == 200, (route, answer)
        if "next" not in answer.body:
            return
        more["next"] = answer.body["next"]


def _filters(route: Route) -> Iterator[dict[str, Any]]:
    """Nothing, and each status; of a search, each field of its filters."""
    yield {}
    fields = route.params.model_fields if route.params and not route.writes else {}
    if "status" in fields:
        yield from ({"status": word} for word in _words(fields["status"].annotation))
    if route.writes:
        yield {"filters": {"status": "approved"}}


def _words(annotation: Any) -> Sequence[str]:
    """The words of `Literal[…] | None`."""
    return [word for part in annotation.__args__ for word in getattr(part, "__args__", ())]


def every_flow(furnished: Furnished) -> None:
    """The timeline is read of every flow that insights knows, those with personal data among them."""
    first, kept = ({message.about.name for message in which} for which in (FIRST, KEPT))
    began = [message for message in furnished.mall.published if not message.metadata.causation_id]
    known = [
        message.metadata.correlation_id
        for message in began
        if message.metadata.name in first or (message.metadata.name in kept and not message.data.get("order_id"))
    ]
    for flow in dict.fromkeys(known):
        furnished.ask("GET", f"/api/insights/timeline/{flow}")


def every_access_request(furnished: Furnished) -> None:
    """All that is held of every customer is read, page by page: also their orders, and why these were undone."""
    orders = [message for message in furnished.mall.published if message.metadata.name == "OrderCreated"]
    for customer in {order.data["customer_id"] for order in orders}:
        path = query = f"/api/customers/{customer}/data"
        while query:
            after = furnished.ask("GET", query).get("next")
            query = f"{path}?next={after}" if after else ""


def every_command_again(furnished: Furnished) -> None:
    """A saga that has had no answer sends its command again under a new id: what is so already is answered at once."""
    sent = [message for message in furnished.mall.published if _kind(message) is Kind.COMMAND]
    assert sent
    for message in sent:
        _publish_anew(furnished.mall, message.detail())


def every_command_refused(furnished: Furnished) -> None:
    """Each command about a thing that there is not, and each about one of which something else has become."""
    known = {name: message for name, message in language().items() if message.about.kind is Kind.COMMAND}
    for name, command in known.items():
        mall, key = deepcopy(furnished).mall, command.about.key
        detail = _sample(name, command.about.version)
        _publish_anew(mall, detail)
        for id in {message.data[key] for message in furnished.mall.published if key in message.data}:
            _publish_anew(mall, {**detail, "data": {**detail["data"], key: id}})


def personal_data_of_before() -> None:
    """Streams from before customers had keys are sealed."""
    mall, of_before = Mall(), before_keys.store()
    store = mall.runtimes["customers"].store
    assert isinstance(store, MemoryEventStore)
    store.items, store.log = of_before.items, of_before.log
    mall.relay_positions["customers"] = len(store.log)
    for stream in before_keys.streams():
        mall.runtimes["customers"].queue.send(reminder_body(PersonalDataToSeal(stream=stream), Context()))
    mall.settle()


def every_failure(furnished: Furnished) -> None:
    """Each inbox has a message that it cannot read, and one that it does not know yet."""
    for subscriber in furnished.mall.subscribers:
        subscriber.queue.send("poison")
        if not subscriber.inbox.messages:  # topics of robots, which are told elsewhere
            continue
        name, version = next((m.about.name, m.about.version) for m in subscriber.inbox.messages)
        newer = _sample(name, version)
        newer["metadata"]["version"] = NEWEST
        subscriber.queue.send(body_of(newer))
    furnished.mall.settle()


def republished(recorder: Recorder, mall: Mall) -> None:
    """Every service's history is sent again, one stream of it, and all of it; and it is counted."""
    for service, runtime in mall.runtimes.items():
        if manifest(service).publisher:
            with mall.at_work(service), recorder.working("relay"):
                stream = runtime.store.scan(0, 1, None, ALL)[0][0].stream  # not recorded: a relay reads by itself
                relay.republish(stream=stream)
                relay.republish()
                with patch.object(counting, "COMMITS", 1):  # so that every table is longer than a page
                    relay.count()
    mall.settle()


def refused_by_the_bus(recorder: Recorder, mall: Mall) -> None:
    """The bus refuses a message for its content, so the relay dead-letters it."""

    def refuse(bus: MemoryBus, messages: Sequence[Outgoing]) -> list[Unsent]:
        return [Unsent(position, "MalformedDetail") for position in range(len(messages))]

    for service, runtime in mall.runtimes.items():
        if manifest(service).publisher:
            item = next(item for item in runtime.store.log if messages_of(item))  # type: ignore[attr-defined]
            record = {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": "1"}}
            with mall.at_work(service), recorder.working("relay"), patch.object(MemoryBus, "put", refuse):
                assert relay.handle({"Records": [record]}) == {"batchItemFailures": []}


def who_watches(furnished: Furnished) -> None:
    """Two pages watch an order and every board; one is gone when it is to be told, the other pings."""
    mall, shopper = furnished.mall, Shopper(furnished.mall).registers()
    shopper.fills_a_basket({furnished.things["product"]: 1}).authorizes_a_payment(1_000)
    topics = [{"topic": topic} for topic in (*SHARDS, f"order:{shopper.basket_id}")]
    for page in ("page", GONE):
        assert mall.socket("$connect", page) == 200
        mall.socket("$default", page, {"action": "subscribe", "topics": topics, "packed": True})
    shopper.checks_out()
    mall.pass_time(0.6 * LEASE.total_seconds())
    places = [{"topic": topic, "shard": 0, "epoch": "any", "position": 0} for topic in SHARDS]
    mall.socket("$default", "page", {"action": "ping", "id": 1, "positions": places})
    mall.socket("$default", "page", {"action": "unsubscribe", "topics": topics[:1]})
    mall.socket("$default", "page", "nothing that can be read")


def tokens_are_checked(furnished: Furnished) -> None:
    """What the authorizer asks about the token of a customer, and of a robot."""
    things = furnished.things
    furnished.mall.ask("customers", {"query": "FindCustomerStatus", "data": {"customer_id": things["customer"]}})
    furnished.mall.ask("depot", {"query": "FindBotCredential", "data": {"bot_id": things["robot"]}})


def an_order_without_copies() -> None:
    """No service has heard of stores, products and customers yet: who needs to know asks their owner."""
    mall = Mall()
    copied = [m.about for m in language().values() if m.about.source in OWNERS and m.about.kind is Kind.EVENT]
    for service in services():
        mall.hold(service, *(about.name for about in copied))
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2}).authorizes_a_payment(100)
    bring_a_robot_online(mall)
    shopper.checks_out()
    store = next(m.data["store_id"] for m in mall.published if "store_id" in m.data)
    item = {"storeId": store, "productId": products["charger"], "quantity": 1}
    shopper.ask("POST", "/api/depot/shopping", {"orderId": "on paper", "items": [item]})
    order = {"customerId": shopper.customer_id, "paymentId": shopper.payment_id, "items": [item]}
    shopper.ask("POST", "/api/ordering", order)
    collect(shopper)
    shopper.pays()
    mall.settle()


def days() -> None:
    """Orders of every fate, robots that fall silent, what is left lying, and the night in which money is compared."""
    day = a_day()
    morning(day)
    afternoon(day)
    refunded = day.orders_something("refunded though paid").pays()
    refunded.is_cancelled_by_staff()
    refunded.ask("GET", f"/api/insights/sales?{RANGE}")
    day.mall.pass_time(NIGHT)
    a_refund_that_staff_ask_for_again(day)


def a_refund_that_staff_ask_for_again(day: Day) -> None:
    """The provider refuses it, so the night finds a difference."""

    def refuse(provider: SandboxProvider, *about: object) -> None:
        raise RefusedError("the provider does not pay this amount back")

    with patch.object(SandboxProvider, "refund", refuse):
        refunded = day.orders_something("refund that was refused").pays()
        refunded.is_cancelled_by_staff()
        day.mall.pass_time(NIGHT)
    refunded.ask("PUT", f"/api/payments/differences/{refunded.basket_id}/recheck")
    day.mall.settle()


def who_is_asking(recorder: Recorder) -> None:
    """The authorizer checks a token of each kind."""
    with active(memory_runtime("gateway", settings={"MALLBOTS_STAGE": "dev"})):
        asking = [tokens.issue(CUSTOMER, "somebody", began=0), tokens.issue(BOT, "somebody", generation=1)]
        with recorder.working("authorizer"), recorder.environment(), patch.dict(os.environ, AWS_REGION="eu-west-1"):
            pool_token, public = _of_the_pool(dict(os.environ))
            with active(recorder.deployed()), patch.object(CognitoPool, "keys", lambda _: {"pool-key": public}):
                authorizer = Authorizer()
                for token in (pool_token, *(issued.token for issued in asking)):
                    told = authorizer.handle({"headers": {"authorization": f"Bearer {token}"}})
                    assert told["context"].get("role"), told


def _of_the_pool(environment: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """An access token of a clerk, and the public half of the key that signed it."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    now = int(clock.now().timestamp())
    claims = {
        "iss": f"https://cognito-idp.eu-west-1.amazonaws.com/{environment['USER_POOL']}",
        "sub": "clerk",
        "username": "clerk",
        "client_id": environment["STAFF_CLIENT"],
        "token_use": "access",
        "iat": now,
        "exp": now + 300,
    }
    public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "pool-key"}), public


def keys_that_change(recorder: Recorder) -> None:
    """A schedule's tick finds no key: one is made, published, and noted as published."""
    with active(memory_runtime("gateway")), recorder.working("keys"):
        deployed = recorder.deployed()
        with recorder.environment(), active(deployed):
            assert Keys().handle({})["signer"]


def _publish_anew(mall: Mall, detail: dict[str, Any]) -> None:
    mall.publish({**detail, "metadata": {**detail["metadata"], "id": ids.new()}})
    mall.settle()


def _kind(message: Envelope) -> Kind:
    return language()[message.metadata.name].about.kind


def _sample(name: str, version: int) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads((ROOT / "events" / "samples" / f"{name}.v{version}.json").read_text())
    return detail
