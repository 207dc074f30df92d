"""A read model of insights is one file."""

import sys
from pathlib import Path

from functions.insights import models, views
from functions.insights.api import api
from functions.insights.inbox import inbox


def test_every_file_of_the_folder_is_a_read_model_that_is_fed_and_shown() -> None:
    files = {path.stem for path in Path(models.__path__[0]).glob("[a-z]*.py")}
    assert {model.__name__.rpartition(".")[2] for model in views.MODELS} == files
    for name in files:
        model = sys.modules[f"functions.insights.models.{name}"]
        assert set(model.projection.makers) <= set(inbox.messages)
        for message, makers in model.projection.makers.items():
            assert set(makers) <= set(views.projection.makers[message])
        assert set(model.projection.indexes) <= set(views.projection.indexes)
        assert model.api.routes
        assert {route.path for route in model.api.routes} <= {route.path for route in api.routes}
