"""A plugin of pytest that writes down every transition that decisions of aggregates take while tests run.

    python -m pytest -p tests.docs.transitions --transitions=FILE …

FILE gets a JSON list of [aggregate, state before, state after]; one that has none yet has `[*]`. Past events, which
tests only give, are no transitions. The state is the attribute `status`; of an aggregate without one, what a diagram
shows of it is made here of its other attributes.
"""

import json
from pathlib import Path

import pytest

from functions.fleet.domain import Robot
from functions.kernel.domain.aggregate import Aggregate, DomainEvent
from functions.stores.domain import Product, Store

NEW = "[*]"
taken: set[tuple[str, str, str]] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--transitions", type=Path, help="Where the transitions that tests take are written.")


def pytest_configure(config: pytest.Config) -> None:
    record = Aggregate.record

    def noted(self: Aggregate, event: DomainEvent) -> None:
        before = {} if self.is_new else _states(self)
        record(self, event)
        taken.update((name, before.get(name) or NEW, after) for name, after in _states(self).items() if after)

    Aggregate.record = noted  # type: ignore[method-assign]  # for the process of this run alone


def _states(aggregate: Aggregate) -> dict[str, str]:
    """The state by the name of the aggregate, or of both parts of a robot's."""
    if isinstance(aggregate, Robot):
        return {"Robot's connection": _connection(aggregate), "Robot's order": _order(aggregate)}
    if isinstance(aggregate, Store):
        state = "in" if aggregate.participating else "out"
    elif isinstance(aggregate, Product):
        state = "removed" if aggregate.removed else "sold"
    else:
        state = str(getattr(aggregate, "status", ""))
    return {type(aggregate).__name__: state}


def _connection(robot: Robot) -> str:
    if not robot.connected:
        return "away"
    return "available" if robot.available else "here"


def _order(robot: Robot) -> str:
    if not robot.idle and robot.shown != robot.order_id:
        return "cancelled"
    if not robot.order_id:
        return "none"
    if robot.done:
        return "done"
    return "shown" if robot.shown == robot.order_id else "sent"


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.getoption("--transitions").write_text(json.dumps(sorted(taken)))
