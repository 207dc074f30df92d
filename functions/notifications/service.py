"""The use cases of notifications: text a customer about an order, or a one-time code."""

from typing import Any, get_args

from events.customers import SYNTHETIC_CUSTOMER
from events.notifications import NotificationKind
from events.queries import FindAddress, FindOneTimeCode
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging.queries import Ask
from functions.kernel.runtime import clock, context, ids
from functions.kernel.runtime.levels import ServiceLevel
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.trial import accepts
from functions.notifications import wording
from functions.notifications.domain import CodeText, Notification, Skipped
from functions.notifications.publish import publishes
from functions.notifications.sns import TextMessages, UnreachableNumberError, connect

notifications = Repository(Notification, publishes)
code_texts = Repository(CodeText, publishes)
texts: Port[TextMessages] = Port("texts", connect=connect, in_trial=accepts("send"))
find_address = Ask(FindAddress)
find_code = Ask(FindOneTimeCode)
texts_late = ServiceLevel("TextsLate", "a text", seconds=60)
KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)


def notify(order_id: str, customer_id: str, kind: NotificationKind) -> None:
    """Text a customer about an order, once for each kind; skip an unknown customer and an unreachable number.

    The synthetic customer gets none: each would cost, and no phone has its number.
    The number and the language come from their owner, and are kept nowhere.
    The text is sent first and recorded then. When recording fails, the retry sends it with the same request id: so no
    text is lost, and a provider that honours the id sends one. Raises UnavailableError, and what the port raises.
    """
    notification_id = ids.derive(order_id, kind)
    if customer_id == SYNTHETIC_CUSTOMER or notifications.find(notification_id):
        return
    try:
        to = find_address(customer_id=customer_id)
        texts().send(to.sms_number, wording.text(kind, order_id, to.language), request_id=notification_id)
    except (NotFoundError, UnreachableNumberError) as error:
        reason = str(error)
        notifications.create(
            notification_id, lambda notification: notification.skip(order_id, customer_id, kind, reason)
        )
    else:
        notifications.create(
            notification_id, lambda notification: notification.mark_sent(order_id, customer_id, kind, clock.stamp())
        )
        cause = context.current().message
        texts_late.judge([cause.time] if cause else [])


def skipped(order_id: str, kind: NotificationKind) -> dict[str, Any] | None:
    """The text of a kind about an order that could not be sent, and why; None where there is no such text.

    It is the first commit of its stream, and has no row: nobody but an access request asks for it.
    """
    text_id = ids.derive(order_id, kind)
    commit = next(notifications.history(text_id), None)
    event = commit.events[0] if commit else None
    if commit is None or event is None or event.name != Skipped.__name__:
        return None
    what = {"id": text_id, "order_id": order_id, "kind": kind, "status": "skipped"}
    return {**what, "reason": event.data["reason"], "time": commit.time}


def send_code(phone_id: str, request: int, expires_at: str) -> None:
    """Text the one-time code of a request, once, while it is valid (until `expires_at`, RFC 3339) and somebody's.

    The code and the number come from their owner, and are kept nowhere. As with `notify`, the text is sent first and
    recorded then. A number that cannot be reached is given up. Raises UnavailableError, and what the port raises.
    """
    text_id = ids.derive("one-time code", phone_id, request)
    if clock.stamp() >= expires_at or code_texts.find(text_id):
        return
    found = find_code.or_none(phone_id=phone_id, request=request)
    if found is None:
        return
    try:
        texts().send(found.sms_number, wording.code_text(found.code, found.language), request_id=text_id)
    except UnreachableNumberError:
        return
    code_texts.create(text_id, lambda text: text.mark_sent(clock.stamp()))
