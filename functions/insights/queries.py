"""The queries that insights answers to other services."""

from events.queries import FindTimeline, TimelineFound, TimelineMessage
from functions.insights.models import timeline
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("insights", uses=Uses(rows=("query",)))


@queries.on(FindTimeline)
def find_timeline(query: FindTimeline) -> TimelineFound:
    found = timeline.kept_around(query.correlation_id, query.around, query.before, query.after)
    return TimelineFound(messages=tuple(TimelineMessage.model_validate(one, extra="ignore") for one in found))
