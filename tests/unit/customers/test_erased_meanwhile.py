"""A customer is erased at any moment of a command, a query, a code or a session: no error, and nothing stays."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from events.checkout import AuthorizeCustomer
from functions.customers import codes, keys, service, wrapping
from functions.customers.api import api
from functions.customers.domain import Customer
from functions.customers.inbox import inbox
from functions.customers.queries import queries
from functions.customers.wrapping import MissingKeyError
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.context import Caller, Context
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.vault import RowWrite
from tests.support.callers import A_KIOSK, CLERK
from tests.support.delivery import delivered
from tests.support.gateway import request
from tests.support.runtime import memory_runtime
from tests.unit.customers.kiosk import NUMBER, request_code
from tests.unit.customers.moments import EventfulStore, Moments

KEY = {"Idempotency-Key": "a key"}
PERSONAL = ("Ada Reyes", "555 01")
MOST = 12  # calls of a use case


def nothing_held(owner: str, query: dict[str, Any]) -> dict[str, Any]:
    """The other services, which hold nothing of anyone."""
    return {"answer": {"rows": [], "after": None}}


@pytest.fixture
def moments() -> Moments:
    return Moments()


@pytest.fixture(autouse=True)
def eventful(moments: Moments) -> Iterator[Runtime]:
    with active(memory_runtime("customers", store=EventfulStore(moments), invoke=nothing_held)) as running:
        yield running


@pytest.fixture
def ada() -> str:
    body = {"name": "Ada Reyes", "smsNumber": NUMBER}
    customer_id: str = request(api, "POST", "/api/customers", body, KEY, A_KIOSK).body["id"]
    return customer_id


def ask(method: str, path: str, body: Any = None, caller: Caller = CLERK) -> Callable[[str], int]:
    """A request about the customer whose id is the {}, under a key of its own; the status of its answer."""
    key = {"Idempotency-Key": f"{method} {path} {body}"} if path else KEY
    return lambda id: request(api, method, f"/api/customers{path.format(id)}", body, key, caller).status


def query(name: str) -> Callable[[str], int]:
    def asked(id: str) -> int:
        data = {"customer_ids": [id]} if name == "FindCustomerNames" else {"customer_id": id}
        return 404 if "not_found" in queries.handle({"query": name, "data": data}) else 200

    return asked


def find_code(id: str) -> int:
    data = {"phone_id": codes.phone_id(NUMBER), "request": 1}
    return 404 if "not_found" in queries.handle({"query": "FindOneTimeCode", "data": data}) else 200


def sign_in(id: str) -> int:
    body = {"smsNumber": NUMBER, "code": codes.code(codes.phone_id(NUMBER), 1)}
    return request(api, "POST", "/api/customers/sessions", body, {"Idempotency-Key": "sign in"}, A_KIOSK).status


def authorize(id: str) -> int:
    handled = inbox.handle(delivered(AuthorizeCustomer(order_id="order-1", customer_id=id)))
    return 200 if handled == {"batchItemFailures": []} else 500


USES: dict[str, Callable[[str], int]] = {
    "reads the profile": ask("GET", "/{}"),
    "reads all that is held": ask("GET", "/{}/data"),
    "changes the number": ask("PUT", "/{}/change-sms", {"smsNumber": "+1 555 0109"}),
    "changes the number to the same": ask("PUT", "/{}/change-sms", {"smsNumber": NUMBER}),
    "changes the language": ask("PUT", "/{}/language", {"language": "es"}),
    "disables": ask("PUT", "/{}/disable", {}),
    "erases": ask("DELETE", "/{}"),
    "opens a session": ask("POST", "/{}/sessions", {}, A_KIOSK),
    "requests a code": ask("POST", "/codes", {"smsNumber": NUMBER}, A_KIOSK),
    "signs in by a code": sign_in,
    "repeats the registration": ask("POST", "", {"name": "Ada Reyes", "smsNumber": NUMBER}, A_KIOSK),
    "asks for the customer": query("FindCustomer"),
    "asks for the status": query("FindCustomerStatus"),
    "asks for the address": query("FindAddress"),
    "asks for names": query("FindCustomerNames"),
    "asks for the code": find_code,
    "authorizes": authorize,
}


def erase(id: str) -> None:
    with context.within(Context()):
        service.erase(id)


def assert_forgotten(id: str, store: EventfulStore) -> None:
    assert set(store.vault.rows[f"customer {id}", "key"]) == {"erased"}
    assert [key for key in store.vault.rows if key[0].startswith("phone ")] == []
    assert (id, "erased") in store.vault.tables["erasures"]
    assert keys.find(id) is None
    customer = service.customers.load(id).aggregate
    assert (customer.status, customer.name, customer.sms_number) == ("erased", "", "")
    written = str([list(store.forwards(stream)) for stream in store.items])
    assert not any(text in written for text in PERSONAL)


@pytest.mark.parametrize("number", range(1, MOST + 1))
@pytest.mark.parametrize("use", USES)
def test_a_customer_who_is_erased_at_any_moment_is_forgotten_and_nobody_gets_an_error(
    ada: str, moments: Moments, eventful: Runtime, use: str, number: int
) -> None:
    store = eventful.store
    assert isinstance(store, EventfulStore)
    if "code" in use:
        request_code()
    moments.at(number, lambda: erase(ada))
    assert USES[use](ada) in (200, 403, 404)
    if moments.calls < number:
        erase(ada)  # the use case was done before
    assert_forgotten(ada, store)
    assert USES[use](ada) in (200, 403, 404)
    assert_forgotten(ada, store)


def test_no_use_case_makes_more_calls_than_are_tried(ada: str, moments: Moments) -> None:
    request_code()
    for use, asked in USES.items():
        moments.at(0, lambda: None)
        with active(copy.copy(runtime.current())):
            asked(ada)
        assert moments.calls <= MOST, use


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_erasure_that_is_repeated_changes_nothing(ada: str, eventful: Runtime, times: int) -> None:
    store = eventful.store
    assert isinstance(store, EventfulStore)
    erase(ada)
    before = copy.deepcopy(store.vault.tables)
    for _ in range(times):
        assert request(api, "DELETE", f"/api/customers/{ada}").status == 200
    assert store.vault.tables == before
    assert len(store.items[Customer.stream(ada)]) == 2


def test_a_registration_that_is_repeated_after_the_erasure_makes_nobody(ada: str, eventful: Runtime) -> None:
    erase(ada)
    body = {"name": "Ada Reyes", "smsNumber": NUMBER}
    for _ in range(2):
        assert request(api, "POST", "/api/customers", body, KEY, A_KIOSK).status == 404
    store = eventful.store
    assert isinstance(store, EventfulStore)
    assert_forgotten(ada, store)


# A row of the vault that is missing, or damaged


DAMAGED: dict[str, dict[str, Any] | None] = {
    "is missing": None,
    "is no key": {"key": "AAAA", "by": ""},
    "is no base64": {"key": "§", "by": ""},
    "does not say by what it is wrapped": {"key": "AAAA"},
    "is a tombstone": {"erased": "2026-03-14T09:00:00.000000Z"},
}


@pytest.fixture(params=DAMAGED)
def damaged(request: pytest.FixtureRequest, ada: str, eventful: Runtime) -> str:
    store = eventful.store
    assert isinstance(store, EventfulStore)
    row = DAMAGED[request.param]
    if row and "by" in row:
        row = {**row, "by": wrapping.newest()[0]}
    store.vault.write(RowWrite(f"customer {ada}", "key", row))
    return ada


def test_where_the_key_is_gone_name_and_number_are_forgotten_and_nobody_gets_an_error(damaged: str) -> None:
    request_code()
    assert USES["reads the profile"](damaged) == 404
    assert USES["asks for the address"](damaged) == 404
    assert USES["asks for the code"](damaged) == 404
    assert queries.handle({"query": "FindCustomerNames", "data": {"customer_ids": [damaged]}}) == {
        "answer": {"names": {}}
    }
    held = request(api, "GET", f"/api/customers/{damaged}/data").body["held"]
    assert {thing["data"]["name"] for thing in held} == {"forgotten"}
    for use in ("asks for the status", "authorizes", "disables"):
        assert USES[use](damaged) == 200
    assert USES["changes the number"](damaged) in (200, 404)


def test_a_customer_whose_key_is_gone_can_be_erased(damaged: str) -> None:
    assert USES["erases"](damaged) == 200
    assert set(runtime.current().vault.get(f"customer {damaged}", "key") or {}) == {"erased"}
    with pytest.raises(NotFoundError):
        service.customer(damaged)


def test_of_many_names_only_those_are_left_out_that_nothing_opens(damaged: str) -> None:
    with context.within(Context()):
        eve = service.register("Eve Molina", "+1 555 0200")
    assert service.names([damaged, eve, "nobody"]) == {eve: "Eve Molina"}


def test_a_wrapping_key_that_is_not_there_is_an_error_since_it_can_be_restored(ada: str, eventful: Runtime) -> None:
    store = eventful.store
    assert isinstance(store, EventfulStore)
    for key in [key for key in store.vault.rows if key[0] == "wrapping"]:
        del store.vault.rows[key]
    with (
        active(memory_runtime("customers", store=store)),
        pytest.raises(MissingKeyError, match="restore it with the customers' keys"),
    ):
        keys.find(ada)
