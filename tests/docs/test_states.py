"""The state diagrams of the services' pages have the states that the code gives to an aggregate, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT

DIAGRAM = re.compile(r"```mermaid\nstateDiagram.*?```", re.DOTALL)
ARROW = re.compile(r"^\s*(\S+) --> (\S+?)(?:\s*:.*)?$", re.MULTILINE)
RENAMED = re.compile(r"`(\w+)` is published as `(\w+)`")
FUNCTIONS = ROOT / "functions"
# Where the statuses of a service are set. Of the others a diagram shows what no one attribute holds: fleet (what a
# robot's connection and order are together), stores (whether one participates), notifications (that there is an event).
SET_IN = {
    "baskets": "baskets",
    "checkout": "kernel/domain/saga.py",
    "customers": "customers",
    "depot": "depot",
    "ordering": "ordering",
    "payments": "payments",
}


def drawn(service: str) -> set[str]:
    """The states of a diagram, as messages call them."""
    page = (FUNCTIONS / service / "README.md").read_text()
    [diagram] = DIAGRAM.findall(page)
    renamed = dict(RENAMED.findall(page))
    return {renamed.get(state, state) for arrow in ARROW.findall(diagram) for state in arrow} - {"[*]"}


def given(place: Path) -> Iterator[str]:
    """The texts that are assigned to a status: `self.status = "open"`, also among others."""
    for file in [place] if place.is_file() else place.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assign):
                yield from (text for target in node.targets for text in _texts(target, node.value))


def _texts(target: ast.expr, value: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _texts(one, its)
    elif isinstance(target, ast.Attribute) and target.attr == "status" and isinstance(value, ast.Constant):
        yield str(value.value)


@pytest.mark.parametrize("service", SET_IN)
def test_a_diagram_has_the_states_that_the_code_sets(service: str) -> None:
    assert drawn(service) == set(given(FUNCTIONS / SET_IN[service]))


def test_every_service_with_a_diagram_is_compared_but_those_whose_states_are_no_attribute() -> None:
    pages = {page.parent.name for page in FUNCTIONS.glob("*/README.md") if DIAGRAM.search(page.read_text())}
    assert pages == set(SET_IN) | {"fleet", "notifications", "stores"}
