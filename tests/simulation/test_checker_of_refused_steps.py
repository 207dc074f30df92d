"""Steps that are refused: which the checker takes for justified by the states that there were meanwhile."""

from typing import Any

import pytest

from tests.simulation import sample_histories
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.refused_steps import FOUND, IN_SUCH_A_STATE, violations
from tests.simulation.history_builder import HistoryBuilder

INVALID, REFUSED, NOT_FOUND = (400, "invalid"), (409, "refused"), (404, "not_found")
STOPS = [{"store_id": "s", "items": [{"product_id": "cable", "quantity": 3, "picked": 0}]}]
PICKED = {"assignment": 1, "storeId": "s", "productId": "cable"}


def there() -> HistoryBuilder:
    """A completed order o, and beside it a list w that waits, one at a robot (x), a store, a product and a letter."""
    history = sample_histories.completed()
    for id in ("w", "x"):
        created = {"order_id": id, "stops": STOPS, "by_staff": id == "w"}
        history.commit(f"ShoppingList#{id}", ("Created", created))
    history.commit("ShoppingList#x", ("Initiated", {}))
    history.commit("ShoppingList#x", ("Assigned", {"bot_id": "r", "assignment": 1}))
    history.commit("ShoppingList#y", ("Created", {"order_id": "y", "stops": STOPS, "by_staff": False}))
    history.commit("Store#s", ("Created", {"name": "Volt", "location": "1"}))
    history.commit("Product#cable", ("Added", {"store_id": "s", "name": "Cable", "price": 995}))
    history.commit("Customer#k", ("Registered", {"name": "", "sms_number": "", "at": ""}))
    history.write_row("operations/views", "letter l", "letter", 1, {"state": "open"})
    history.write_row("operations/views", "run 1", "run", 1, {"state": "running", "kind": "redrive"})
    history.wait(60)
    return history


def found(history: HistoryBuilder) -> set[str]:
    """What a history violates."""
    return {one.invariant for one in violations(ParsedHistory(history.entries, history.final))}


def refused(
    history: HistoryBuilder, method: str, path: str, answer: tuple[int, str], body: Any = None, who: str = "staff:1"
) -> set[str]:
    """What a history violates in which a request is refused at last."""
    history.request(method, path, body=body, who=who)
    history.respond(answer[0], body={"code": answer[1], "detail": "no"})
    return found(history)


@pytest.mark.parametrize(
    ("method", "path", "answer", "body"),
    [
        ("PUT", "/api/depot/shopping/w/initiate", REFUSED, None),
        ("PUT", "/api/depot/shopping/x/start", REFUSED, {"assignment": 1}),
        ("PUT", "/api/depot/shopping/x/complete", REFUSED, {"assignment": 1}),
        ("PUT", "/api/depot/shopping/x/pick", INVALID, {**PICKED, "quantity": 3}),
        ("POST", "/api/depot/shopping/x", REFUSED, None),
        ("PUT", "/api/stores/s/participating", INVALID, None),
        ("PUT", "/api/stores/products/cable/increasePrice", INVALID, {"price": 9.95}),
        ("PUT", "/api/stores/products/cable/decreasePrice", INVALID, {"price": 9.95}),
        ("DELETE", "/api/stores/products/cable", INVALID, None),
        ("PUT", "/api/customers/k/disable", INVALID, None),
        ("POST", "/api/fleet/robots/r/certificate", REFUSED, None),
        ("PUT", "/api/operations/letters/l/park", REFUSED, {"reason": "?"}),
        ("PUT", "/api/operations/runs/1/pause", REFUSED, None),
    ],
)
def test_a_step_that_no_state_refuses_is_found(method: str, path: str, answer: tuple[int, str], body: Any) -> None:
    assert refused(there(), method, path, answer, body) == {IN_SUCH_A_STATE}


@pytest.mark.parametrize(
    ("method", "path", "answer", "body"),
    [
        ("PUT", "/api/depot/shopping/y/initiate", REFUSED, None),
        ("PUT", "/api/depot/shopping/w/assign", REFUSED, {"botId": "r"}),
        ("PUT", "/api/depot/shopping/x/start", REFUSED, {"assignment": 2}),
        ("PUT", "/api/depot/shopping/x/pick", REFUSED, {**PICKED, "quantity": 3}),
        ("PUT", "/api/depot/shopping/x/pick", INVALID, {**PICKED, "quantity": 4}),
        ("PUT", "/api/depot/shopping/o/start", REFUSED, {"assignment": 1}),
        ("POST", "/api/depot/shopping/o", REFUSED, None),
        ("DELETE", "/api/ordering/o", REFUSED, None),
        ("PUT", "/api/payments/invoices/o/pay", REFUSED, None),
        ("DELETE", "/api/stores/s/participating", INVALID, None),
        ("PUT", "/api/stores/products/cable/increasePrice", INVALID, {"price": 8.95}),
        ("PUT", "/api/stores/products/cable/decreasePrice", INVALID, {"price": 10.95}),
        ("PUT", "/api/stores/products/cable/increasePrice", INVALID, {"price": 2**53 / 100}),
        ("PUT", "/api/fleet/robots/r/pause", REFUSED, None),  # it was never on the stream
        ("PUT", "/api/customers/k/enable", INVALID, None),
        ("PUT", "/api/operations/letters/l/data", REFUSED, None),  # a route that is not judged
    ],
)
def test_a_step_that_a_state_refuses_is_not(method: str, path: str, answer: tuple[int, str], body: Any) -> None:
    assert refused(there(), method, path, answer, body) == set()


@pytest.mark.parametrize(("who", "invariants"), [("staff:1", {IN_SUCH_A_STATE}), ("customer:c", set())])
def test_staff_cancel_an_order_that_is_ready_and_customers_do_not(who: str, invariants: set[str]) -> None:
    history = there()
    history.commit("Order#z", ("Created", {"customer_id": "c", "payment_id": "p", "items": []}))
    history.commit("Order#z", ("Approved", {}), ("Readied", {"shortages": [], "at": ""}))
    history.wait(1)
    assert refused(history, "DELETE", "/api/ordering/z", REFUSED, who=who) == invariants


def test_what_was_so_at_some_moment_of_the_request_counts() -> None:
    history = there()
    history.request("PUT", "/api/operations/letters/l/park", body={"reason": "?"})
    history.write_row("operations/views", "letter l", "letter", 2, {"state": "done"})
    history.respond(409, body={"code": "refused", "detail": "no"})
    assert found(history) == set()


@pytest.mark.parametrize(
    ("method", "path", "who", "invariants"),
    [
        ("PUT", "/api/stores/s/rebrand", "staff:1", {FOUND}),
        ("PUT", "/api/depot/shopping/x/start", "bot:r", {FOUND}),
        ("DELETE", "/api/ordering/o", "customer:c", {FOUND}),
        ("DELETE", "/api/ordering/o", "customer:k", set()),  # it is another's
        ("PUT", "/api/stores/t/rebrand", "staff:1", set()),
    ],
)
def test_who_may_change_a_thing_finds_it(method: str, path: str, who: str, invariants: set[str]) -> None:
    assert refused(there(), method, path, NOT_FOUND, {"assignment": 1}, who) == invariants


def test_the_erased_are_not_found() -> None:
    history = there()
    history.commit("Customer#k", ("Erased", {}))
    history.wait(1)
    assert refused(history, "PUT", "/api/customers/k/language", NOT_FOUND, {"language": "es"}) == set()
