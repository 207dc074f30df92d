"""The rules of a notification."""

from collections.abc import Callable

import pytest

from functions.notifications.domain import Notification, Sent, Skipped
from tests.support.given import given

AT = "2026-03-14T09:27:00.000000Z"
SENT = Sent("order-1", "ada", "received", AT)
SKIPPED = Skipped("order-1", "ada", "received", "there is no customer ada")


def test_a_text_that_was_sent_is_recorded() -> None:
    (
        given(Notification)
        .when(lambda notification: notification.mark_sent("order-1", "ada", "received", AT))
        .then(SENT)
        .then_state(status="sent", order_id="order-1", customer_id="ada", kind="received", sent_at=AT)
    )


def test_a_text_that_cannot_be_sent_is_skipped() -> None:
    (
        given(Notification)
        .when(lambda notification: notification.skip("order-1", "ada", "received", "there is no customer ada"))
        .then(SKIPPED)
        .then_state(status="skipped", order_id="order-1", customer_id="ada", kind="received", sent_at=None)
    )


@pytest.mark.parametrize("settled", [SENT, SKIPPED], ids=["sent", "skipped"])
@pytest.mark.parametrize(
    "again",
    [
        lambda notification: notification.mark_sent("order-1", "ada", "received", "later"),
        lambda notification: notification.skip("order-1", "ada", "received", "no reason"),
    ],
    ids=["sent again", "skipped now"],
)
def test_a_notification_that_was_sent_or_skipped_does_not_change(
    settled: Sent | Skipped, again: Callable[[Notification], None]
) -> None:
    given(Notification, settled).when(again).then_nothing()
