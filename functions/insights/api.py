"""The REST routes of insights: those of its read models."""

from events.queries import OF_AN_ORDER
from functions.insights.views import MODELS
from functions.kernel.rest.http import Api
from functions.kernel.runtime.uses import Uses

api = Api("insights", uses=Uses(rows=("get", "get_many", "query"), asks=OF_AN_ORDER))
for model in MODELS:
    api.include(model.api)
