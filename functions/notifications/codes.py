"""The queue of one-time codes: a customer waits for it, so no code waits for the texts that are gathered."""

from events.customers import OneTimeCodeRequested
from events.queries import FindOneTimeCode
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses
from functions.notifications import service

inbox = Inbox(
    "notifications", queue="codes", uses=Uses(streams="commit", asks=(FindOneTimeCode,), ports=(service.texts,))
)


@inbox.on(OneTimeCodeRequested)
def send_code(event: OneTimeCodeRequested) -> None:
    service.send_code(event.phone_id, event.request, event.expires_at)
