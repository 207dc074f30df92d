"""Write the documents generated from what services register: `python -m infra.documents.generate` (`--check`: compare).

README.md has the flow chart, between markers; docs/messages.md is the catalogue of messages, commands and queries,
docs/asyncapi.json describes the bus, docs/openapi.json the REST API, docs/access.md says who may use it, and
events/live has the protocol of the staff's stream, functions/operations what consumers handle and feed, and
clients/pages/generated/map.json the map that the console draws.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

from events.registry import Kind, language
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.runtime.context import BOT, CUSTOMER
from infra.documents import access, asyncapi, live, messages_page, subscriptions, system_map
from infra.documents.openapi import document

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- picture: made by `make docs` -->", "<!-- end of the picture -->"
LISTENERS = (
    "insights",
    "live",
    "search",
    "notifications",
)  # they consume so much that their arrows would hide the rest


def consumers() -> dict[str, set[str]]:
    """The services that consume each message of the bus, by its name."""
    found: dict[str, set[str]] = defaultdict(set)
    for service in services():
        for inbox in manifest(service).inboxes:
            for message in inbox.messages:
                if message.about.kind is not Kind.TIMER:
                    found[message.about.name].add(service)
    return found


def picture() -> str:
    """The services and the messages between them, as a Mermaid flow chart."""
    arrows: dict[tuple[str, str, Kind], list[str]] = defaultdict(list)
    for name, consuming in consumers().items():
        message = language()[name]
        if message.about.kind is Kind.REPLY:  # goes back along its command's arrow
            continue
        for consumer in consuming - {message.about.source, *LISTENERS}:
            kind = Kind.COMMAND if message.about.kind is Kind.COMMAND else Kind.EVENT
            arrows[message.about.source, consumer, kind].append(name)
    lines = ["```mermaid", "flowchart LR"]
    for role in (CUSTOMER, BOT):
        lines += [f"    {role}(({role})) --> {service}" for service in _used_by(role)]
    lines += [f"    {BOT}(({BOT})) <-. MQTT .-> {service}" for service in services() if manifest(service).topics]
    for (source, consumer, kind), names in sorted(arrows.items()):
        if kind is Kind.EVENT:
            lines.append(f"    {source} -- {_label(names)} --> {consumer}")
        else:
            lines.append(f"    {source} == {_label(names)} ==> {consumer}")
    listeners = " & ".join(service for service in services() if service in LISTENERS)
    lines.append(f"    bus[(every message)] -.-> {listeners}")
    return "\n".join([*lines, "```"])


def _used_by(role: str) -> list[str]:
    """The services that have routes for a role, without the listeners."""
    apis = {service: manifest(service).api for service in services() if service not in LISTENERS}
    return [service for service, api in apis.items() if api and any(role in route.may for route in api.routes)]


def _label(names: list[str]) -> str:
    shown = sorted(names)[:4]
    more = len(names) - len(shown)
    return '"' + "<br/>".join([*shown, *([f"and {more} more"] if more else [])]) + '"'


def documents() -> dict[Path, str]:
    """Each file's content as it should be."""
    readme = (ROOT / "README.md").read_text()
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        ROOT / "README.md": f"{before}{BEGIN}\n{picture()}\n{END}{after}",
        ROOT / "docs" / "messages.md": messages_page.page(consumers()),
        ROOT / "docs" / "asyncapi.json": json.dumps(asyncapi.document(language(), consumers()), indent=2) + "\n",
        ROOT / "docs" / "access.md": access.page(),
        ROOT / "docs" / "openapi.json": json.dumps(document(), indent=1) + "\n",
        **live.documents(ROOT),
        **subscriptions.documents(),
        **system_map.documents(ROOT),
    }


def main() -> int:
    wanted = documents()
    drifted = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    unknown = [path for path in sorted((ROOT / "events" / "live").glob("*/*.json")) if path not in wanted]
    if "--check" in sys.argv:
        for path in (*drifted, *unknown):
            print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
        return 1 if drifted or unknown else 0
    for path in drifted:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
        print(f"wrote {path.relative_to(ROOT)}")
    for path in unknown:
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
