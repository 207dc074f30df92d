"""What customers are texted: each kind once, in their language, whatever is late, repeated or down meanwhile."""

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

DISORDER = [None, 1, 2]  # messages as they come, and two ways of disorder with repetitions
NUMBER = "+15550100"
KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
CUSTOMER_NEWS = ["CustomerRegistered", "CustomerLanguageChanged"]
ABOUT_ORDERS = ["OrderCreated", "OrderApproved", "OrderReadied", "OrderCancelled", "OrderRejected", "OrderCompleted"]

Told = list[tuple[str, NotificationKind]]


class LosingTexts(MemoryTexts):
    """Sends each text, and fails the first time: whoever asked cannot know that it was sent."""

    def send(self, number: str, text: str, request_id: str) -> None:
        first = request_id not in {asked.request_id for asked in self.asked}
        super().send(number, text, request_id)
        if first:
            raise ConnectionError("the connection was lost")


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def stranger(request: pytest.FixtureRequest) -> Scene:
    """A scene whose customer wants Spanish, of which nothing has reached notifications."""
    scene = a_scene(request.param)
    scene.mall.hold("notifications", *CUSTOMER_NEWS)
    scene.shopper.registers()
    speaks(scene, "es")
    scene.shopper.fills_a_basket({scene.products["cable"]: 1}).authorizes_a_payment(50)
    return scene


def carried_by(mall: Mall, carrier: MemoryTexts) -> MemoryTexts:
    mall.runtimes["notifications"].adapters["texts"] = carrier
    return carrier


def orders_that_end_in_every_way(scene: Scene) -> Told:
    """One order is collected and paid, one called off, one not covered by its payment: what is to be told of each."""
    scene.is_approved()
    collect(scene.shopper)
    scene.shopper.pays()
    told: Told = [(scene.order_id, kind) for kind in KINDS if kind not in ("cancelled", "rejected")]
    called_off = another(scene).authorizes_a_payment(50).checks_out()
    assert called_off.is_called_off().status == 200
    told += [(called_off.basket_id, kind) for kind in KINDS if kind in ("received", "approved", "cancelled")]
    not_covered = another(scene).authorizes_a_payment(1).checks_out()
    told += [(not_covered.basket_id, "received"), (not_covered.basket_id, "rejected")]
    scene.mall.pass_time(300)
    assert [s.order()["status"] for s in (scene.shopper, called_off, not_covered)] == [
        *("completed", "cancelled", "rejected")
    ]
    return told


def another(scene: Scene) -> Shopper:
    """The same customer, with another basket."""
    return Shopper(scene.mall, scene.shopper.customer_id).fills_a_basket({scene.products["cable"]: 1})


def texts_of(told: Told, language: str = "en") -> Counter[Text]:
    return Counter(
        Text(NUMBER, wording.text(kind, order_id, language), ids.derive(order_id, kind)) for order_id, kind in told
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
    carrier = carried_by(scene.mall, MemoryTexts())
    speaks(scene, language)
    told = orders_that_end_in_every_way(scene)
    assert {kind for _, kind in told} == set(KINDS)
    assert Counter(carrier.asked) == texts_of(told, language)
    assert scene.mall.dead_letters() == {}


def test_everything_that_is_said_of_orders_once_more_makes_no_further_text(scene: Scene) -> None:
    carrier = carried_by(scene.mall, MemoryTexts())
    told = orders_that_end_in_every_way(scene)
    for to in (None, "notifications"):
        with scene.mall.at_work("ordering"):
            assert relay.republish(to=to)["sent"] > 0
        scene.mall.pass_time(10)
    assert Counter(carrier.asked) == texts_of(told)


def test_texts_that_come_out_in_the_reverse_order_are_the_same(scene: Scene) -> None:
    carrier = carried_by(scene.mall, MemoryTexts())
    scene.mall.hold("notifications", *ABOUT_ORDERS)
    told = orders_that_end_in_every_way(scene)
    assert carrier.asked == []
    for name in reversed(ABOUT_ORDERS):
        scene.mall.release("notifications", name)
        scene.mall.settle()
    assert Counter(carrier.asked) == texts_of(told)


def test_a_text_that_was_sent_and_not_recorded_is_sent_again_with_its_request_id(scene: Scene) -> None:
    carrier = carried_by(scene.mall, LosingTexts())
    told = orders_that_end_in_every_way(scene)
    assert Counter(carrier.asked) == texts_of(told + told)
    assert Counter(carrier.arrived) == texts_of(told)
    assert scene.mall.dead_letters() == {}


def test_while_the_carrier_is_down_texts_wait_in_the_queue(scene: Scene) -> None:
    carrier = carried_by(scene.mall, MemoryTexts())
    carrier.down = True
    scene.is_approved()
    assert set(scene.mall.waiting()["notifications"]) == {"OrderCreated", "OrderApproved"}
    carrier.down = False
    scene.mall.pass_time(60)
    assert Counter(carrier.asked) == texts_of([(scene.order_id, "received"), (scene.order_id, "approved")])
    assert scene.mall.dead_letters() == {}


def test_a_text_that_no_try_got_through_lies_with_the_dead_letters_and_can_be_sent_still(scene: Scene) -> None:
    carrier = carried_by(scene.mall, MemoryTexts())
    carrier.down = True
    scene.is_approved()
    scene.mall.pass_time(1800)
    letters = scene.mall.dead_letters()
    assert set(letters) == {"notifications"}
    assert {letter.reason["error"] for letter in letters["notifications"] if letter.reason} == {"ConnectionError"}
    assert not is_settled(scene, "received")
    carrier.down = False
    for letter in letters["notifications"]:
        queue = next(s.queue for s in scene.mall.subscribers if s.inbox.service == "notifications")
        queue.send(letter.body)
    scene.mall.settle()
    assert Counter(carrier.asked) == texts_of([(scene.order_id, "received"), (scene.order_id, "approved")])


def test_while_the_copy_misses_and_the_owner_is_down_a_text_waits_and_is_neither_lost_nor_guessed(
    stranger: Scene,
) -> None:
    carrier = carried_by(stranger.mall, MemoryTexts())
    stranger.mall.stop("customers")
    stranger.shopper.checks_out()
    stranger.mall.pass_time(40)
    assert set(stranger.mall.waiting()["notifications"]) == {"OrderCreated"}
    assert (carrier.asked, is_settled(stranger, "received"), stranger.mall.dead_letters()) == ([], False, {})
    stranger.mall.start("customers")
    stranger.mall.pass_time(60)
    assert stranger.shopper.order()["status"] == "approved"
    told: Told = [(stranger.order_id, "received"), (stranger.order_id, "approved")]
    assert Counter(carrier.asked) == texts_of(told, "es")
    assert stranger.mall.dead_letters() == {}


def test_a_customer_whose_registration_is_still_on_its_way_is_asked_for(stranger: Scene) -> None:
    carrier = carried_by(stranger.mall, MemoryTexts())
    stranger.is_approved()
    told: Told = [(stranger.order_id, "received"), (stranger.order_id, "approved")]
    assert Counter(carrier.asked) == texts_of(told, "es")
    stranger.mall.release("notifications", *CUSTOMER_NEWS)
    stranger.mall.pass_time(10)
    assert Counter(carrier.asked) == texts_of(told, "es")


def test_what_the_owner_said_stands_against_news_that_are_older(stranger: Scene) -> None:
    carrier = carried_by(stranger.mall, MemoryTexts())
    stranger.shopper.checks_out()
    stranger.mall.release("notifications", *reversed(CUSTOMER_NEWS))
    stranger.mall.pass_time(10)
    assert stranger.shopper.is_called_off().status == 200
    told: Told = [(stranger.order_id, kind) for kind in KINDS if kind in ("received", "approved", "cancelled")]
    assert Counter(carrier.asked) == texts_of(told, "es")


def test_a_customer_whom_the_copy_knows_is_texted_while_the_owner_is_down(scene: Scene) -> None:
    carrier = carried_by(scene.mall, MemoryTexts())
    scene.mall.stop("customers")
    scene.shopper.checks_out()
    assert Counter(carrier.asked) == texts_of([(scene.order_id, "received")])


def test_a_customer_who_changes_language_and_number_gets_later_texts_there(scene: Scene) -> None:
    carrier = carried_by(scene.mall, MemoryTexts())
    scene.is_approved()
    speaks(scene, "es")
    scene.shopper.ask("PUT", f"/api/customers/{scene.shopper.customer_id}/change-sms", {"smsNumber": "+15550199"})
    scene.is_collected()
    sent = {text.request_id: (text.number, text.text) for text in carrier.asked}
    assert [sent[ids.derive(scene.order_id, kind)] for kind in ("approved", "ready_for_pickup")] == [
        (NUMBER, wording.text("approved", scene.order_id, "en")),
        ("+15550199", wording.text("ready_for_pickup", scene.order_id, "es")),
    ]
