"""The state diagrams of the services' pages have the states that the code gives to an aggregate, and no other.

Of transitions are compared those that decisions take in the given-when-then of the aggregates' tests (of the saga: in
the tests of its steps and compensations): each arrow is taken by one, and each change of the state by one is an arrow.
Not covered: a transition that no test takes and no diagram shows; that an event leaves the state as it is, where the
diagram draws no arrow for it; what an arrow says of its cause.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT

DIAGRAM = re.compile(r"```mermaid\nstateDiagram.*?```", re.DOTALL)
ARROW = re.compile(r"^\s*(\S+) --> (\S+?)(?:\s*:.*)?$", re.MULTILINE)
RENAMED = re.compile(r"`(\w+)` is published as `(\w+)`")
FUNCTIONS = ROOT / "functions"
# Where the statuses of a service are set. Of fleet and stores the diagrams show what no one attribute holds
# (transitions.py makes it of several); of notifications it is set by one helper.
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


# The parts of a diagram of several aggregates, by their name there; a diagram of one has its aggregate for "".
AGGREGATES = {
    "baskets": {"": "Basket"},
    "checkout": {"": "CreateOrderSaga"},
    "customers": {"": "Customer"},
    "depot": {"list": "ShoppingList", "robot": "Bot"},
    "fleet": {"connection": "Robot's connection", "order": "Robot's order"},
    "notifications": {"": "Notification"},
    "ordering": {"": "Order"},
    "payments": {name: name for name in ("Payment", "Invoice", "Difference")},
    "stores": {"store": "Store", "product": "Product"},
}
PART = re.compile(r"^    state (?:\".*?\" as )?(\w+) \{\n(.*?)^    \}", re.MULTILINE | re.DOTALL)
OF_THE_SAGA = ("test_steps.py", "test_compensating.py")


def arrows(service: str) -> dict[str, set[tuple[str, ...]]]:
    """The arrows of a diagram by aggregate, with the states as messages call them."""
    page = (FUNCTIONS / service / "README.md").read_text()
    [diagram] = DIAGRAM.findall(page)
    renamed = dict(RENAMED.findall(page))
    parts = dict(PART.findall(diagram)) or {"": diagram}
    return {
        AGGREGATES[service][name]: {
            tuple(renamed.get(state, state) for state in arrow) for arrow in ARROW.findall(part)
        }
        for name, part in parts.items()
    }


def test_every_service_with_a_diagram_is_compared() -> None:
    pages = {page.parent.name for page in FUNCTIONS.glob("*/README.md") if DIAGRAM.search(page.read_text())}
    assert pages == AGGREGATES.keys()
    assert pages - SET_IN.keys() == {"fleet", "notifications", "stores"}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, ...]]]:
    """The transitions that tests take, by aggregate."""
    folders, out = (
        [ROOT / "tests" / "unit" / service for service in AGGREGATES],
        tmp_path_factory.mktemp("taken") / "them",
    )
    files = [
        file for folder in folders for file in folder.glob("test_*.py") if "support.given import" in file.read_text()
    ]
    files += [ROOT / "tests" / "unit" / "checkout" / name for name in OF_THE_SAGA]
    noting = ["-p", "tests.docs.transitions", f"--transitions={out}"]
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *noting, *map(str, files)]
    ran = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    found: dict[str, set[tuple[str, ...]]] = {}
    for aggregate, *transition in json.loads(out.read_text()):
        found.setdefault(aggregate, set()).add(tuple(transition))
    return found


@pytest.mark.parametrize("service", AGGREGATES)
def test_a_test_takes_each_arrow_and_takes_no_other_change_of_the_state(
    service: str, taken: dict[str, set[tuple[str, ...]]]
) -> None:
    drawn_here = arrows(service)
    assert drawn_here.keys() == set(AGGREGATES[service].values())
    for aggregate, drawn_arrows in drawn_here.items():
        changes = {arrow for arrow in taken[aggregate] if arrow[0] != arrow[1]}
        assert drawn_arrows - taken[aggregate] == set(), f"arrows of {aggregate} that no test takes"
        assert changes - drawn_arrows == set(), f"transitions of {aggregate} that are not drawn"
