"""What the simulation knows of the deployment is what the templates say."""

from tests.infra.conftest import Templates
from tests.simulation.templates import FILE, as_text, extract


def test_the_simulated_deployment_is_that_of_the_templates(dev: Templates) -> None:
    derived = as_text(extract(dev.stacks))
    assert FILE.read_text() == derived, "write it anew: .venv/bin/python -m tests.simulation.templates"
