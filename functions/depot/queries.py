"""The queries that the depot answers to other services."""

from events.queries import BotCredentialFound, FindBotCredential
from functions.depot import service
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("depot", uses=Uses(streams="load"))


@queries.on(FindBotCredential)
def find_bot_credential(query: FindBotCredential) -> BotCredentialFound:
    return BotCredentialFound(bot_id=query.bot_id, generation=service.token_generation(query.bot_id))
