"""The pages of the site that are made from the code alone: services, routes, alarms, settings."""

import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from events.registry import language
from functions.kernel.composition.manifest import Manifest, manifest, services
from infra.stages import STAGES, TIMES, Stage

ROOT = Path(__file__).parents[2]
STATES = re.compile(r"```mermaid\nstateDiagram.*?```", re.DOTALL)
MADE = "Made by `make site` from the code.\n\n"


def pages() -> dict[str, str]:
    """Each page by its path."""
    return {
        "reference/services.md": _services(),
        "reference/routes.md": _routes(),
        "reference/alarms.md": _alarms(),
        "reference/settings.md": _settings(),
    }


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), ["---" for _ in head], *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _services() -> str:
    return "# Services\n\n" + MADE + "\n".join(_service(manifest(name)) for name in services())


def _service(registered: Manifest) -> str:
    name = registered.service
    readme = (ROOT / "functions" / name / "README.md").read_text()
    published = [message.about.name for message in language().values() if message.about.source == name]
    consumed = {message.about.name for inbox in registered.inboxes for message in inbox.messages}
    asked = [query.__name__ for query in registered.questions]
    routes = [f"`{route.method} {route.path}`" for route in registered.api.routes] if registered.api else []
    views = [view.name for projection in registered.projections for view in projection.views]
    rows = {
        "publishes": sorted(published),
        "consumes": sorted(consumed),
        "asks": asked,
        "serves": routes,
        "read models": views,
        "raises alarms": _metrics(registered),
    }
    kept = [[what, ", ".join(found)] for what, found in rows.items() if found]
    states = "\n".join(f"\n{found}\n" for found in STATES.findall(readme))
    about = f"[Its rules](../functions/{name}/README.md).\n\n"
    return f"## {name}\n\n{about}{table(['', ''], kept)}{states}"


def _routes() -> str:
    rows = []
    for name in services():
        api = manifest(name).api
        for route in api.routes if api else ():
            may = ", ".join(route.may) or "anyone"
            rows.append([f"`{route.method} {route.path}`", route.summary, name, may])
    wire = "What bodies and answers hold is in the API's own page, `/docs/` of a deployment.\n\n"
    return "# Routes\n\n" + MADE + wire + table(["route", "does", "service", "roles"], sorted(rows))


# Metrics of the code of several services, or of a part that registers nothing.
OF_NO_SERVICE = {"Errors": "each service", "StillFailing": "each consumer", "NoKeySigns": "gateway"}


def _alarms() -> str:
    raised = {metric: name for name in services() for metric in _metrics(manifest(name))} | OF_NO_SERVICE
    rows = []
    for page in sorted((ROOT / "docs" / "runbooks").glob("*.md")):
        text = page.read_text()
        if named := re.search(r"^Alarm `(\w+)`", text, re.MULTILINE):
            title = text.splitlines()[0].lstrip("# ")
            rows.append(
                [f"`{named[1]}`", f"[{title}](../docs/runbooks/{page.name})", raised.get(named[1], "AWS's metrics")]
            )
    return "# Alarms and what to do\n\n" + MADE + table(["alarm", "runbook", "counted by"], rows)


def _metrics(registered: Manifest) -> list[str]:
    """Those that a service's own code rings by, and those of what it promises."""
    return [*(alarm.metric for alarm in registered.alarms), *(level.metric for level in registered.levels)]


def _settings() -> str:
    names = [field.name for field in fields(Stage)]
    rows = [[f"`{name}`", *(_shown(getattr(stage, name)) for stage in STAGES.values())] for name in names]
    said = re.sub(r"\s*\n\s*", " ", (Stage.__doc__ or "").strip())
    over = "One deployment may override the times (`-c robot_lease=30`, in seconds): "
    head = ["setting", *STAGES]
    times = over + ", ".join(f"`{one}`" for one in TIMES)
    return f"# Settings of each stage\n\n{MADE}{said}\n\n{times}.\n\n{table(head, rows)}"


def _shown(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|") or "none"
