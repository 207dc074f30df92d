"""The texts to customers: each kind once, in their language, when messages are late or repeated and services down."""

from collections import Counter
from typing import get_args

import pytest

from events.notifications import NotificationKind
from functions.kernel.eventstore import relay
from functions.kernel.runtime import ids
from functions.notifications import service, wording
from tests.flow.scene import Scene, a_scene
from tests.flow.shopper import Shopper, collect
from tests.support.mall import Mall
from tests.support.texts import MemoryTexts, Text

DISORDER = [None, 1, 2]  # messages in order, and by two seeds in disorder with duplicates
NUMBER = "+15550100"
KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
ORDER_EVENTS = ["OrderCreated", "OrderApproved", "OrderReadied", "OrderCancelled", "OrderRejected", "OrderCompleted"]

Notifications = list[tuple[str, NotificationKind]]  # order ids and kinds


class LosingTexts(MemoryTexts):
    """Sends each text, but fails at the first call: the caller cannot know that it was sent."""

    def send(self, number: str, text: str, request_id: str) -> None:
        first = request_id not in {asked.request_id for asked in self.asked}
        super().send(number, text, request_id)
        if first:
            raise ConnectionError("the connection was lost")


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


def use_provider(mall: Mall, provider: MemoryTexts) -> MemoryTexts:
    mall.runtimes["notifications"].adapters["texts"] = provider
    return provider


def orders_that_end_in_every_way(scene: Scene) -> Notifications:
    """One order is collected and paid, one cancelled, one not covered by its payment; the expected notifications."""
    scene.is_approved()
    collect(scene.shopper)
    scene.shopper.pays()
    expected: Notifications = [(scene.order_id, kind) for kind in KINDS if kind not in ("cancelled", "rejected")]
    cancelled = another(scene).authorizes_a_payment(50).checks_out()
    assert cancelled.is_cancelled_by_staff().status == 200
    expected += [(cancelled.basket_id, kind) for kind in KINDS if kind in ("received", "approved", "cancelled")]
    not_covered = another(scene).authorizes_a_payment(1).checks_out()
    expected += [(not_covered.basket_id, "received"), (not_covered.basket_id, "rejected")]
    scene.mall.pass_time(300)
    assert [s.order()["status"] for s in (scene.shopper, cancelled, not_covered)] == [
        *("completed", "cancelled", "rejected")
    ]
    return expected


def another(scene: Scene) -> Shopper:
    """The same customer, with another basket."""
    return Shopper(scene.mall, scene.shopper.customer_id).fills_a_basket({scene.products["cable"]: 1})


def texts_of(notifications: Notifications, language: str = "en") -> Counter[Text]:
    return Counter(
        Text(NUMBER, wording.text(kind, order_id, language), ids.derive(order_id, kind))
        for order_id, kind in notifications
    )


def speaks(scene: Scene, language: str) -> None:
    scene.shopper.ask("PUT", f"/api/customers/{scene.shopper.customer_id}/language", {"language": language})
    scene.mall.settle()


def is_settled(scene: Scene, kind: NotificationKind) -> bool:
    """Whether a text about the order was sent or skipped."""
    with scene.mall.at_work("notifications"):
        return service.notifications.find(ids.derive(scene.order_id, kind)) is not None


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_kind_is_sent_once_in_the_language_of_the_customer(scene: Scene, language: str) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    speaks(scene, language)
    expected = orders_that_end_in_every_way(scene)
    assert {kind for _, kind in expected} == set(KINDS)
    assert Counter(provider.asked) == texts_of(expected, language)
    assert scene.mall.dead_letters() == {}


def test_order_events_that_are_published_again_or_replayed_send_no_further_text(scene: Scene) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    expected = orders_that_end_in_every_way(scene)
    for to in (None, "notifications"):
        with scene.mall.at_work("ordering"):
            assert relay.republish(to=to)["sent"] > 0
        scene.mall.pass_time(10)
    assert Counter(provider.asked) == texts_of(expected)


def test_the_texts_are_the_same_when_order_events_arrive_in_reverse(scene: Scene) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    scene.mall.hold("notifications", *ORDER_EVENTS)
    expected = orders_that_end_in_every_way(scene)
    assert provider.asked == []
    for name in reversed(ORDER_EVENTS):
        scene.mall.release("notifications", name)
        scene.mall.settle()
    assert Counter(provider.asked) == texts_of(expected)


def test_a_text_that_was_sent_but_not_recorded_is_retried_with_its_request_id(scene: Scene) -> None:
    provider = use_provider(scene.mall, LosingTexts())
    expected = orders_that_end_in_every_way(scene)
    assert Counter(provider.asked) == texts_of(expected + expected)
    assert Counter(provider.arrived) == texts_of(expected)
    assert scene.mall.dead_letters() == {}


def test_while_the_provider_is_down_messages_wait_in_the_queue(scene: Scene) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    provider.down = True
    scene.is_approved()
    assert set(scene.mall.waiting()["notifications"]) == {"OrderCreated", "OrderApproved"}
    provider.down = False
    scene.mall.pass_time(60)
    assert Counter(provider.asked) == texts_of([(scene.order_id, "received"), (scene.order_id, "approved")])
    assert scene.mall.dead_letters() == {}


def test_a_message_whose_text_always_fails_is_dead_lettered_and_can_be_redriven(scene: Scene) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    provider.down = True
    scene.is_approved()
    scene.mall.pass_time(30_000)  # 8 hours, and the longest back-off
    letters = scene.mall.dead_letters()
    assert set(letters) == {"notifications"}
    assert {letter.reason["error"] for letter in letters["notifications"] if letter.reason} == {"ConnectionError"}
    assert not is_settled(scene, "received")
    provider.down = False
    for letter in letters["notifications"]:
        queue = next(s.queue for s in scene.mall.subscribers if s.inbox.service == "notifications")
        queue.send(letter.body)
    scene.mall.settle()
    assert Counter(provider.asked) == texts_of([(scene.order_id, "received"), (scene.order_id, "approved")])


def test_while_the_owner_of_the_number_is_down_a_text_waits_and_is_not_lost(scene: Scene) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    speaks(scene, "es")
    scene.mall.stop("customers")
    scene.shopper.checks_out()
    scene.mall.pass_time(40)
    assert set(scene.mall.waiting()["notifications"]) == {"OrderCreated"}
    assert (provider.asked, is_settled(scene, "received"), scene.mall.dead_letters()) == ([], False, {})
    scene.mall.start("customers")
    scene.mall.pass_time(60)
    assert scene.shopper.order()["status"] == "approved"
    expected: Notifications = [(scene.order_id, "received"), (scene.order_id, "approved")]
    assert Counter(provider.asked) == texts_of(expected, "es")
    assert scene.mall.dead_letters() == {}


def test_a_customer_who_changes_language_and_number_gets_later_texts_there(scene: Scene) -> None:
    provider = use_provider(scene.mall, MemoryTexts())
    scene.is_approved()
    speaks(scene, "es")
    scene.shopper.ask("PUT", f"/api/customers/{scene.shopper.customer_id}/change-sms", {"smsNumber": "+15550199"})
    scene.is_collected()
    sent = {text.request_id: (text.number, text.text) for text in provider.asked}
    assert [sent[ids.derive(scene.order_id, kind)] for kind in ("approved", "ready_for_pickup")] == [
        (NUMBER, wording.text("approved", scene.order_id, "en")),
        ("+15550199", wording.text("ready_for_pickup", scene.order_id, "es")),
    ]
