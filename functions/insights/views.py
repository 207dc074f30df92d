"""The read models of insights: each file of `models` is one, with its `projection` and its `api`."""

from importlib import import_module
from pkgutil import iter_modules

from functions.insights import models
from functions.kernel.projections.projection import Projection

MODELS = [import_module(f"{models.__name__}.{file.name}") for file in iter_modules(models.__path__)]

projection = Projection()
for model in MODELS:
    projection.include(model.projection)
