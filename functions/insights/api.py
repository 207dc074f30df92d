"""The REST routes of insights: those of its read models."""

from functions.insights.views import MODELS
from functions.kernel.rest.http import Api

api = Api("insights")
for model in MODELS:
    api.include(model.api)
