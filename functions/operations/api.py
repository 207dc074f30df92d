"""The REST routes of operations, for operators alone: each file of this list has some."""

from events.queries import OF_AN_ORDER, FindTimeline
from functions.kernel.rest import audit
from functions.kernel.rest.http import Api
from functions.kernel.runtime.uses import Uses
from functions.operations import (
    audit_api,
    cloud,
    consumers_api,
    estimates_api,
    forecasts_api,
    groups_api,
    letters_api,
    mappings,
    order_timeline_api,
    redrives_api,
    replays_api,
    sagas_api,
    streams_api,
    versions_api,
)
from functions.operations.views import OF_GROUP, OF_ORDER, OF_SERVICE, OF_STATE

api = Api(
    "operations",
    uses=Uses(
        rows=("get", "get_many", "put", "query", "delete"),
        indexes=(OF_GROUP, OF_ORDER, OF_SERVICE, OF_STATE),
        asks=(*OF_AN_ORDER, FindTimeline),
        ports=(
            *(cloud.forecasts_now, cloud.relays_now, cloud.replays_now, cloud.starts),
            *(mappings.backlog, mappings.uncollected, audit.audit_log),
        ),
    ),
)
for part in (
    *(audit_api, consumers_api, groups_api, letters_api, forecasts_api, redrives_api, replays_api, sagas_api),
    *(estimates_api, streams_api, order_timeline_api, versions_api),
):
    api.include(part.api)
