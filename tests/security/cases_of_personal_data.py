"""Names and numbers: who asks their owner for them, and what is sealed and moved."""

from dataclasses import replace

import msgspec

from functions.customers.domain import Customer
from functions.kernel.runtime.commit import StoredEvent
from functions.kernel.runtime.vault import RowWrite
from tests.security.cases import Attack, Case, as_
from tests.security.cases_of_messages import ACCEPTED, REFUSED
from tests.security.in_memory import InMemory
from tests.security.world import Answer, World

ASKS = "a role may ask any owner"
TAG = "what is sealed is opened without its tag"
WRITES = "no role of another service writes to customers' tables"


def asks(thief: str, query: str, field: str, value: str | list[str]) -> Attack:
    """The role of a service invokes the function that answers for customers, past its own code."""

    def attack(world: World) -> Answer:
        of = world.scene.path
        data = {field: of(value) if isinstance(value, str) else [of(one) for one in value]}
        answer = world.ask(thief, "customers", {"query": query, "data": data})
        return Answer(REFUSED if isinstance(answer, str) else ACCEPTED, {}, str(answer))

    return attack


def sealed_is_moved(world: World) -> None:
    """Eve registers, and in place of what is sealed of hers, and of her key, there are Bob's."""
    assert isinstance(world, InMemory)
    scene, store = world.scene, world.mall.runtimes["customers"].store
    body = {"name": "Eve", "smsNumber": "+15550109"}
    eve = world.send("POST", "/api/customers", body, token=scene.tokens["kiosk"]).body["id"]
    session = world.send("POST", f"/api/customers/{eve}/sessions", token=scene.tokens["kiosk"])
    scene.ids["eve"], scene.tokens["eve"] = eve, session.body["token"]
    [hers], bobs = list(store.forwards(Customer.stream(eve))), next(store.forwards(Customer.stream(scene.ids["bob"])))
    of_bob = {field: bobs.events[0].data[field] for field in ("name", "sms_number")}
    event = hers.events[0]
    moved = StoredEvent(event.name, event.version, msgspec.Raw(msgspec.json.encode({**event.data, **of_bob})))
    key = world.mall.runtimes["customers"].vault.get(f"customer {scene.ids['bob']}", "key")
    beside = [RowWrite(f"customer {eve}", "key", key)]
    store.rewrite(replace(hers, events=(moved,), snapshot=None), hers.last, beside)


CASES = (
    Case(
        "the depot's role asks for a customer's number",
        (REFUSED,),
        ASKS,
        asks("depot", "FindAddress", "customer_id", "{bob}"),
    ),
    Case(
        "the role of ordering asks for customers' names",
        (REFUSED,),
        ASKS,
        asks("ordering", "FindCustomerNames", "customer_ids", ["{ada}", "{bob}"]),
    ),
    Case(
        "the role of stores asks for a customer with name and number",
        (REFUSED,),
        ASKS,
        asks("stores", "FindCustomer", "customer_id", "{bob}"),
    ),
    Case(
        "what is sealed of another, and the other's key, are put in the place of a customer's own",
        (404,),
        TAG,
        as_("eve", "GET", "/api/customers/{eve}"),
        memory_only=WRITES,
        prepare=sealed_is_moved,
    ),
)
