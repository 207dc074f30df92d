"""An access request: staff get all that is held of a customer, from every owner, or are told that they did not."""

import json
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from tests.flow.scene import Scene, a_scene
from tests.flow.shopper import Shopper
from tests.support.callers import A_KIOSK
from tests.support.mall import Mall
from tests.support.rows import stored_text

KINDS = ("profile", "change", "code", "order", "basket", "payment", "text")
OWNERS = ("search", "ordering", "baskets", "payments", "notifications")
REASON = "my knee hurts: call me at +1 555 0111"  # nobody keeps a customer from writing that


def a_customer_with_all_there_is() -> Scene:
    """An order that was collected and paid, one that was cancelled, a basket, a payment that no order took, a code."""
    scene = a_scene(None)
    scene.is_approved()
    scene.is_collected()
    shopper = scene.shopper
    shopper.pays()
    shopper.ask("PUT", f"/api/customers/{shopper.customer_id}/change-sms", {"smsNumber": "+15550199"})
    shopper.ask("POST", "/api/customers/codes", {"smsNumber": "+15550199"}, A_KIOSK)
    other = Shopper(scene.mall, shopper.customer_id).fills_a_basket({scene.products["cable"]: 1})
    other.authorizes_a_payment(20)
    other.checks_out()
    scene.mall.settle()
    other.ask("DELETE", f"/api/ordering/{other.basket_id}", {"reason": REASON})
    Shopper(scene.mall, shopper.customer_id).fills_a_basket({scene.products["cable"]: 1}).authorizes_a_payment(5)
    scene.mall.settle()
    return scene


def path_of(customer_id: str, limit: int = 50, following: str | None = None) -> str:
    after = f"&next={following}" if following else ""
    return f"/api/customers/{customer_id}/data?limit={limit}{after}"


def data_of(shopper: Shopper, limit: int = 50) -> list[dict[str, Any]]:
    """All pages as one."""
    found: list[dict[str, Any]] = []
    following = None
    while following or not found:
        page = shopper.ask("GET", path_of(shopper.customer_id, limit, following))
        assert len(page["held"]) <= limit
        found += page["held"]
        following = page.get("next")
    return found


def of_kind(kind: str, things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [thing["data"] for thing in things if thing["kind"] == kind]


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def test_staff_get_profile_history_codes_orders_baskets_payments_and_texts() -> None:
    scene = a_customer_with_all_there_is()
    shopper = scene.shopper
    things = data_of(shopper)
    assert list(dict.fromkeys(thing["kind"] for thing in things)) == list(KINDS)
    [profile] = of_kind("profile", things)
    registered_at = profile.pop("registeredAt")
    assert profile == {
        "id": shopper.customer_id,
        "status": "enabled",
        "name": "Ada Reyes",
        "smsNumber": "+15550199",
        "language": "en",
        "kioskId": "kiosk-1",
    }
    changes = of_kind("change", things)
    assert [without(change, "time", "by") for change in changes] == [
        {
            "event": "Registered",
            "name": "Ada Reyes",
            "smsNumber": "+15550100",
            "status": "enabled",
            "language": "en",
        },
        {"event": "SmsChanged", "smsNumber": "+15550199"},
    ]
    assert changes[0]["time"] == registered_at
    assert [(code["smsNumber"], code["event"], code["by"]) for code in of_kind("code", things)] == [
        ("+15550199", "CodeRequested", "kiosk:kiosk-1")
    ]
    [cancelled, order] = of_kind("order", things)
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", REASON)
    assert (order["reason"], order["skippedTexts"]) == (None, [])
    assert (order["orderId"], order["status"], order["total"]) == (scene.order_id, "completed", 114.8)
    assert {item["price"] for item in order["items"]} == {9.95, 34.9, 20}
    assert order["invoice"] == {"paymentId": shopper.payment_id, "amount": 114.8, "status": "paid"}
    assert {basket["status"] for basket in of_kind("basket", things)} == {"open", "checked_out"}
    assert {payment["status"] for payment in of_kind("payment", things)} == {"settled", "voided", "authorized"}
    kinds = {text["kind"] for text in of_kind("text", things)}
    assert kinds == {"received", "approved", "ready_for_pickup", "completed", "cancelled"}


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_any_size_hold_the_same_each_thing_once(limit: int) -> None:
    shopper = a_customer_with_all_there_is().shopper
    whole = data_of(shopper)
    assert len({thing["id"] for thing in whole}) == len(whole) == 19
    assert data_of(shopper, limit) == whole


def test_of_codes_for_a_number_only_those_are_shown_that_were_requested_while_the_customer_had_it() -> None:
    scene = a_customer_with_all_there_is()
    shopper = scene.shopper
    for number in ("+15550199", "+15550200"):  # requested once by whoever has it next, and once by the customer
        scene.mall.pass_time(60)
        shopper.ask("PUT", f"/api/customers/{shopper.customer_id}/change-sms", {"smsNumber": "+15550200"})
        shopper.ask("POST", "/api/customers/codes", {"smsNumber": number}, A_KIOSK)
    codes = of_kind("code", data_of(shopper))
    assert [(code["smsNumber"], code["event"]) for code in codes] == [
        ("+15550199", "CodeRequested"),
        ("+15550200", "CodeRequested"),
    ]


def test_of_an_erased_customer_what_is_held_is_shown_with_name_and_number_forgotten() -> None:
    shopper = a_customer_with_all_there_is().shopper
    before = data_of(shopper)
    shopper.acts("DELETE", f"/api/customers/{shopper.customer_id}")
    shopper.mall.settle()
    things = data_of(shopper)
    assert [(one["status"], one["name"], one["smsNumber"]) for one in of_kind("profile", things)] == [
        ("erased", "forgotten", "forgotten")
    ]
    changes = of_kind("change", things)
    assert [(one["event"], one.get("name"), one.get("smsNumber")) for one in changes] == [
        ("Registered", "forgotten", "forgotten"),
        ("SmsChanged", None, "forgotten"),
        ("Erased", "forgotten", "forgotten"),
    ]
    assert of_kind("code", things) == []
    for kind in ("order", "basket", "payment", "text"):
        assert of_kind(kind, things) == of_kind(kind, before)
    assert not any(text in json.dumps(things, default=str) for text in ("Ada Reyes", "55501"))


def test_texts_that_could_not_be_sent_are_shown_beside_their_order_with_the_reason() -> None:
    scene = a_scene(None)
    scene.is_approved()
    shopper = scene.shopper
    shopper.acts("DELETE", f"/api/customers/{shopper.customer_id}")
    shopper.is_cancelled_by_staff()
    scene.mall.settle()
    [order] = of_kind("order", data_of(shopper))
    [skipped] = order["skippedTexts"]
    assert without(skipped, "id", "time") == {
        "orderId": scene.order_id,
        "kind": "cancelled",
        "status": "skipped",
        "reason": f"there is no customer {shopper.customer_id}",
    }


@pytest.mark.parametrize("owner", OWNERS)
def test_where_an_owner_does_not_answer_the_whole_is_503(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shopper = a_customer_with_all_there_is().shopper
    ask = Mall.ask

    def deaf(mall: Mall, asked: str, query: dict[str, Any]) -> dict[str, Any]:
        if asked == owner:
            raise UnavailableError(f"{owner} does not answer")
        return ask(mall, asked, query)

    monkeypatch.setattr(Mall, "ask", deaf)
    shopper.mall.runtimes["customers"].invoke = shopper.mall.ask
    answer = shopper.refused("GET", path_of(shopper.customer_id))
    assert (answer.status, "Retry-After" in answer.headers) == (503, True)
    assert "held" not in answer.body


def test_an_unknown_customer_is_404_and_a_token_of_another_customers_data_400() -> None:
    shopper = a_customer_with_all_there_is().shopper
    assert shopper.refused("GET", path_of("nobody")).status == 404
    following = shopper.ask("GET", path_of(shopper.customer_id, 1))["next"]
    other = Shopper(shopper.mall).registers()
    assert shopper.refused("GET", path_of(other.customer_id, 1, following)).status == 400


def test_only_staff_may_ask() -> None:
    shopper = Shopper(Mall()).registers()
    for caller in (shopper.me, A_KIOSK):
        assert shopper.refused("GET", path_of(shopper.customer_id), caller=caller).status == 403


def test_what_is_asked_for_is_kept_nowhere() -> None:
    shopper = a_customer_with_all_there_is().shopper
    views = {name: stored_text(runtime.views) for name, runtime in shopper.mall.runtimes.items()}
    data_of(shopper)
    assert {name: stored_text(runtime.views) for name, runtime in shopper.mall.runtimes.items()} == views


def test_baskets_of_before_are_found_once_their_events_are_published_again() -> None:
    scene = a_customer_with_all_there_is()
    before = data_of(scene.shopper)
    views = scene.mall.runtimes["baskets"].views
    gone = [key for key in views.items if key[0].startswith("baskets of ")]  # type: ignore[attr-defined]
    for key in gone:
        views.delete(*key)
    assert of_kind("basket", data_of(scene.shopper)) == []
    with scene.mall.at_work("baskets"):
        relay.republish(to="baskets")
    scene.mall.settle()
    assert data_of(scene.shopper) == before
