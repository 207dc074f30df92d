"""Write what is derived from the models: schemas and samples. `--check` only reports what has drifted.

A committed schema is a contract: only a compatible one replaces it (see compatibility). A sample is golden and never
replaced. The schemas and samples of older versions stay beside the newer ones, since messages are never deleted.
Released schemas are a contract with other teams, too, which no commit may break: a schema that was changed together
with its model is compared with the copy that its last release left (see release).
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events import registry
from events.registry import Message, language
from language.compatibility import breaks
from language.json_schema import envelope_schema, message_schema
from language.story import sample

ROOT = Path(__file__).parent.parent
WAY_OUT = "Raise version= of the message and add an upcaster (events/README.md: Change a message), or revert it."


@dataclass
class Plan:
    """The files to write, and the faults that forbid it: writing fixes drift, a person must fix a fault."""

    write: dict[Path, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def plan(root: Path = ROOT, messages: dict[str, type[Message]] | None = None) -> Plan:
    """Compare what is committed under `root` with what the models generate."""
    messages = language() if messages is None else messages
    found = Plan()
    schemas, samples = root / "events" / "schemas", root / "events" / "samples"
    _plan_schema(found, schemas / "Envelope.json", envelope_schema())
    for message in messages.values():
        file = _file(message.about.name, message.about.version)
        _plan_schema(found, schemas / file, message_schema(message))
        if not (samples / file).exists():
            found.write[samples / file] = _text(sample(message))
    for folder in (schemas, samples):
        for path in sorted(folder.glob("*.json")):
            if path.name != "Envelope.json":
                found.faults.extend(_check_committed(path, messages))
    _check_released(found, root / "events")
    return found


def _plan_schema(found: Plan, path: Path, schema: dict[str, Any]) -> None:
    text = _text(schema)
    if not path.exists():
        found.write[path] = text
    elif path.read_text() != text:
        broken = breaks(json.loads(path.read_text()), schema)
        found.faults.extend(f"{path.stem}: {sentence}" for sentence in broken)
        if not broken:
            found.write[path] = text


def _check_released(found: Plan, events: Path) -> None:
    """Check that the schemas of the last release still hold once the plan is carried out."""
    for path in sorted((events / "released").glob("*.json")):
        schema = events / "schemas" / path.name
        if not schema.exists():
            found.faults.append(f"schemas/{path.name}: it was released, and is missing")
            continue
        if path.name != "Envelope.json" and not (events / "samples" / path.name).exists():
            found.faults.append(f"samples/{path.name}: it was released, and is missing")
        now = json.loads(found.write.get(schema) or schema.read_text())
        broken = (f"{path.stem}: {sentence}" for sentence in breaks(json.loads(path.read_text()), now))
        found.faults.extend(f"{fault} (it is released)" for fault in broken)


def _check_committed(path: Path, messages: dict[str, type[Message]]) -> list[str]:
    name, _, version = path.stem.partition(".v")
    if name not in messages:
        return [f"{path.parent.name}/{path.name}: no message has this name; a published message must stay readable"]
    newest = messages[name].about.version
    if int(version) > newest:
        return [f"{path.parent.name}/{path.name}: {name} is at version {newest} only"]
    return [
        f"{path.stem}: version {step} needs an upcaster"
        for step in range(int(version), newest)
        if (name, step) not in registry.upcasters()
    ]


def _file(name: str, version: int) -> str:
    return f"{name}.v{version}.json"


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write, or with `--check` compare. Returns 1 if something drifted or a change is incompatible, else 0."""
    parser = argparse.ArgumentParser(prog="python -m language.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something would be written")
    check = parser.parse_args(arguments).check
    found = plan(root)
    for fault in found.faults:
        print(fault, file=sys.stderr)
    if found.faults:
        print(f"Nothing was written. {WAY_OUT}", file=sys.stderr)
        return 1
    for path, text in found.write.items():
        print(f"{path.relative_to(root)}{' has drifted' if check else ''}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and found.write:
        print("Run python -m language.generate", file=sys.stderr)
    return 1 if check and found.write else 0


if __name__ == "__main__":
    sys.exit(main())
