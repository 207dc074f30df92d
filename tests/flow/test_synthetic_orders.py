"""Synthetic orders: approved and cancelled as anyone's, counted nowhere, and told by one figure."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from events.customers import SYNTHETIC_CUSTOMER
from functions.customers.synthetic import PROMISED, SyntheticOrderError, synthetic
from functions.kernel.runtime import budget, clock, tokens
from functions.kernel.runtime.context import Caller
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.support.mall import Mall
from tests.support.runtime import TOKEN_KEY

DAY = "from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z"


class Rest:
    """The API of a mall in memory, which takes a request for that of whom its token names."""

    def __init__(self, mall: Mall) -> None:
        self._mall = mall

    def call(self, token: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        said = tokens.read(token, TOKEN_KEY.public)
        answer = self._mall.request(method, path, body, caller=Caller(said.role, said.id, said.more["began"]))
        if answer.status != 200:
            raise SyntheticOrderError(f"{method} {path} was answered by {answer.status}")
        found: Mapping[str, Any] = answer.body
        return found


@pytest.fixture
def mall() -> Mall:
    """A mall with a store that takes part."""
    mall = Mall()
    mall.runtimes["customers"].adapters["rest"] = Rest(mall)
    open_a_store(mall, {"a gift": 0, "cable": 9.95})
    [store] = Shopper(mall).ask("GET", "/api/stores")["stores"]
    Shopper(mall).ask("PUT", f"/api/stores/{store['id']}/participating")
    mall.settle()
    return mall


def place(mall: Mall, *, settles: bool = True) -> dict[str, Any]:
    """What a tick of the schedule does; time passes while it waits, and where it settles for two minutes more."""
    with mall.at_work("customers"), clock.fixed(lambda: mall.now, mall.pass_time):
        placed: dict[str, Any] = synthetic.handle({})  # type: ignore[assignment]
    mall.pass_time(120 if settles else 0)
    return placed


def ordered(mall: Mall, placed: dict[str, Any]) -> Shopper:
    payment = Shopper(mall).ask("GET", f"/api/ordering/{placed['order']}")["order"]["paymentId"]
    return Shopper(mall, SYNTHETIC_CUSTOMER, placed["order"], payment)


def test_it_is_approved_and_cancelled_and_its_money_released(mall: Mall) -> None:
    order = ordered(mall, place(mall))
    assert order.order()["status"] == "cancelled"
    assert {"OrderApproved", "OrderCancelled"} <= set(mall.names())
    assert order.payment()["status"] == "voided"
    assert order.shopping_list()["status"] == "cancelled"
    assert mall.dead_letters() == {}


def test_a_robot_that_was_given_its_list_is_idle_again(mall: Mall) -> None:
    bring_a_robot_online(mall)
    place(mall)
    assert [bot["status"] for bot in Shopper(mall).ask("GET", "/api/depot/bots")["bots"]] == ["idle"]


def reports(mall: Mall) -> list[Any]:
    return [Shopper(mall).ask("GET", f"/api/insights/{name}?{DAY}") for name in ("sales", "funnel", "waiting")]


def test_no_report_counts_it_and_no_text_is_sent_for_it(mall: Mall) -> None:
    before, texts = reports(mall), len(mall.texts.sent)
    place(mall)
    assert reports(mall) == before
    assert len(mall.texts.sent) == texts
    Shopper(mall).registers().fills_a_basket({_cable(mall): 1}).authorizes_a_payment(9.95).checks_out()
    mall.pass_time(120)
    assert reports(mall)[1]["approved"] == 1
    assert len(mall.texts.sent) > texts


def _cable(mall: Mall) -> str:
    [store] = Shopper(mall).ask("GET", "/api/stores")["stores"]
    products = Shopper(mall).ask("GET", f"/api/stores/{store['id']}/products")["products"]
    return {product["name"]: str(product["id"]) for product in products}["cable"]


def told(printed: str) -> list[float]:
    """The seconds of orders that were approved, of what was printed."""
    lines = [json.loads(line) for line in printed.splitlines() if '"SyntheticOrderSeconds"' in line]
    return [seconds for line in lines for seconds in line["SyntheticOrderSeconds"]]


def test_it_tells_how_long_the_approval_took(
    mall: Mall, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "customers")
    seconds = place(mall)["seconds"]
    assert told(capsys.readouterr().out) == [seconds]
    assert 0 < seconds < PROMISED


def test_one_that_is_not_approved_in_time_is_cancelled_and_tells_nothing(
    mall: Mall, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "customers")
    mall.paused.add("checkout/inbox")
    placed = place(mall)
    assert "was not approved within 31 s" in placed["why"]
    assert told(capsys.readouterr().out) == []
    mall.paused.clear()
    mall.pass_time(120)
    order = ordered(mall, placed)
    assert (order.order()["status"], order.payment()["status"]) == ("cancelled", "voided")


def test_one_that_cannot_be_checked_out_leaves_no_open_basket(mall: Mall) -> None:
    mall.stop("payments")
    placed = place(mall)
    assert placed["why"] == "POST /api/payments was answered by 503"
    path = f"/api/baskets/{placed['order']}"
    assert Shopper(mall).ask("GET", path)["basket"]["status"] == "cancelled"


def test_one_that_ordering_creates_only_after_it_was_given_up_is_cancelled_by_a_later_run(mall: Mall) -> None:
    mall.paused.add("ordering/inbox")
    placed = place(mall)
    assert "was not approved" in placed["why"]
    mall.paused.clear()
    mall.pass_time(120)
    assert ordered(mall, placed).order()["status"] == "approved"
    place(mall)
    order = ordered(mall, placed)
    assert (order.order()["status"], order.payment()["status"]) == ("cancelled", "voided")


def test_that_earlier_ones_cannot_be_looked_for_hides_nothing_of_this_one(mall: Mall) -> None:
    mall.stop("search")
    assert place(mall)["seconds"] < PROMISED


def test_one_of_which_an_answer_is_not_understood_is_cancelled_too(mall: Mall) -> None:
    class Garbled(Rest):
        def call(self, token: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
            found = super().call(token, method, path, body)
            return {} if path == "/api/payments" else found

    mall.runtimes["customers"].adapters["rest"] = Garbled(mall)
    placed = place(mall)
    path = f"/api/baskets/{placed['order']}"
    assert Shopper(mall).ask("GET", path)["basket"]["status"] == "cancelled"


def test_one_that_takes_too_long_ends_before_its_function_is_stopped(mall: Mall) -> None:
    mall.paused.add("checkout/inbox")
    end = mall.now + timedelta(seconds=20)
    with budget.limited(lambda: (end - mall.now).total_seconds()):
        placed = place(mall, settles=False)
    assert "was not approved" in placed["why"]
    assert mall.now < end
    assert ordered(mall, placed).order()["status"] == "cancelled"


def test_where_nothing_is_sold_it_says_so() -> None:
    mall = Mall()
    mall.runtimes["customers"].adapters["rest"] = Rest(mall)
    assert place(mall) == {"order": "", "why": "no store that takes part sells anything"}


def test_its_customer_registers_once_under_a_number_that_no_phone_has(mall: Mall) -> None:
    place(mall)
    place(mall)
    assert [name for name in mall.names() if name == "CustomerRegistered"] == ["CustomerRegistered"]
    shown = Shopper(mall).ask("GET", f"/api/customers/{SYNTHETIC_CUSTOMER}")["customer"]
    assert (shown["name"], shown["enabled"]) == ("Synthetic order", True)
    assert "55501" in shown["smsNumber"]


def test_a_customer_who_may_not_order_is_noticed(mall: Mall) -> None:
    place(mall)
    Shopper(mall).ask("PUT", f"/api/customers/{SYNTHETIC_CUSTOMER}/disable")
    mall.settle()
    assert place(mall)["why"].endswith("was rejected")
