"""What search consumes: the events that its read models are made of."""

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerLanguageChanged,
    CustomerRegistered,
    CustomerSmsChanged,
)
from functions.kernel.messaging.inbox import Inbox
from functions.search import views

WINDOW = 5  # seconds that what is found may be behind (docs/adr/0056)

inbox = Inbox("search", window=WINDOW)
inbox.include(views.projection)
inbox.drain(
    CustomerRegistered, CustomerSmsChanged, CustomerLanguageChanged, CustomerEnabled, CustomerDisabled, CustomerErased
)
