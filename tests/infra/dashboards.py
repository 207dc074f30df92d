"""What a dashboard shows, read from its template."""

import json
from dataclasses import dataclass
from typing import Any

from tests.infra.conftest import Templates
from tests.infra.policies import Names


@dataclass(frozen=True)
class Shown:
    """One metric of a widget. dimensions: as pairs, sorted."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def widgets(templates: Templates) -> list[dict[str, Any]]:
    """The widgets of every dashboard."""
    bodies = [
        json.loads(Names(templates).of(stack, dashboard["DashboardBody"]))
        for stack, _, dashboard in templates.resources("AWS::CloudWatch::Dashboard")
    ]
    return [widget["properties"] for body in bodies for widget in body["widgets"]]


def metrics(templates: Templates) -> list[Shown]:
    """The metrics of every widget: `[namespace, name, dimension, value, …, {options}]`."""
    found = []
    for widget in widgets(templates):
        for namespace, name, *rest in widget["metrics"]:
            pairs = [part for part in rest if isinstance(part, str)]
            found.append(Shown(namespace, name, tuple(sorted(zip(pairs[::2], pairs[1::2], strict=True)))))
    return found


def own_metrics(templates: Templates) -> list[Shown]:
    """Those that our code counts."""
    return [metric for metric in metrics(templates) if metric.namespace.startswith("MallBots")]
