"""The REST routes of insights: those of its read models."""

from functions.insights.models.timeline import ANSWERS
from functions.insights.views import MODELS
from functions.kernel.rest.http import Api
from functions.kernel.runtime.uses import Uses

api = Api("insights", uses=Uses(rows=("get", "query"), indexes=(ANSWERS,)))
for model in MODELS:
    api.include(model.api)
