"""The queries that the depot answers to other services."""

from events.queries import BotCredentialFound, FindBotCredential, FindListMessages, MessagesFound
from functions.depot import service
from functions.depot.domain import ShoppingList
from functions.kernel.messaging import order_messages
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("depot", uses=Uses(streams="load"))


@queries.on(FindBotCredential)
def find_bot_credential(query: FindBotCredential) -> BotCredentialFound:
    return BotCredentialFound(bot_id=query.bot_id, generation=service.token_generation(query.bot_id))


@queries.on(FindListMessages)
def find_list_messages(query: FindListMessages) -> MessagesFound:
    lists = dict.fromkeys([query.order_id, *query.list_ids])
    return order_messages.page([ShoppingList.stream(id) for id in lists], query.after)
