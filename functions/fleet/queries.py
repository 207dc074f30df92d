"""The query that the robots' gateway answers: when robots reported last."""

from events.queries import FindLastHeard, LastHeardFound
from functions.fleet import views
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("fleet", uses=Uses(rows=("get_many",)))


@queries.on(FindLastHeard)
def find_last_heard(query: FindLastHeard) -> LastHeardFound:
    return LastHeardFound(heard=views.last_heard(query.bot_ids), is_behind=views.is_behind())
