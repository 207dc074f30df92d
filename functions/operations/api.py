"""The REST routes of operations, for operators alone: each file of this list has some."""

from events.queries import FindTimeline
from functions.kernel.rest.http import Api
from functions.kernel.runtime.uses import Uses
from functions.operations import (
    cloud,
    consumers_api,
    forecasts_api,
    groups_api,
    letters_api,
    mappings,
    redrives_api,
    replays_api,
    sagas_api,
)
from functions.operations.views import OF_GROUP, OF_ORDER, OF_SERVICE, OF_STATE

api = Api(
    "operations",
    uses=Uses(
        rows=("get", "get_many", "put", "query", "delete"),
        indexes=(OF_GROUP, OF_ORDER, OF_SERVICE, OF_STATE),
        asks=(FindTimeline,),
        ports=(cloud.forecasts_now, cloud.saga_relay, cloud.starts, mappings.backlog),
    ),
)
for part in (consumers_api, groups_api, letters_api, forecasts_api, redrives_api, replays_api, sagas_api):
    api.include(part.api)
