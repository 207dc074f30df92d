"""The state that an engine saved: tables, queues and the bus's archive of one moment, read from its files.

Read only while no engine writes there: after a kill once its last save has ended, or after a stop.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from functions.operations.letters import CLOSED, Letter, from_data
from functions.operations.rows import LETTER
from infra.local.engine.patches.autosave import MOMENT
from tests.simulation.check.parsed_history import row_data

Item = dict[str, dict[str, Any]]
FOLDER = "engine"  # in the cloud's state
STACK = "mallbots-local-"
TABLES = {"EventsTable": "events", "ViewsTable": "views", "VaultTable": "vault", "ErasuresTable": "erasures"}
# Of a stack's outputs: what follows the name of a queue, and what the simulation calls such a queue.
QUEUES = {"Queue": "", "DeadLetters": "/dead-letters", "Undelivered": "/undelivered"}
RELAY_FAILURES = "RelayFailures"
LETTERS = "operations/views"


@dataclass
class Saved:
    """A saved moment, under the names of the simulation: `ordering/events`, `depot/inbox`, `depot/inbox/dead-letters`.

    moment: a Unix time. tables: their items. queues: their messages. archived: the events that the bus has archived.
    """

    moment: float
    tables: dict[str, list[Item]] = field(default_factory=dict)
    queues: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    archived: list[dict[str, Any]] = field(default_factory=list)

    def failures(self) -> dict[str, list[dict[str, Any]]]:
        """What failed, by the queue that it came into: what is there still, and the letters that are not done with."""
        found = {name: list(messages) for name, messages in self.queues.items() if messages and is_of_failures(name)}
        for letter in self._letters():
            found.setdefault(letter.queue, []).append(_as_message(letter))
        return found

    def _letters(self) -> Iterator[Letter]:
        """The letters that operations has stored and that are open; each is a row, with its body in rows beside it."""
        rows = self.tables.get(LETTERS, [])
        parts: dict[str, str] = {}
        for item in sorted(rows, key=lambda item: item["sort"]["S"]):
            if item["sort"]["S"].startswith("body ") and (part := row_data(item)):
                whose = f"{item['partition']['S']} {item['sort']['S'].split()[1]}"
                parts[whose] = parts.get(whose, "") + part["text"]
        for item in rows:
            data = row_data(item) if item["sort"]["S"] == LETTER else None
            if data and data["state"] not in CLOSED:
                yield from_data(data, parts.get(f"{item['partition']['S']} {data['life']}", ""))


def _as_message(letter: Letter) -> dict[str, Any]:
    """A stored letter as the message that it was, with the time when it was given up (a Unix time)."""
    given = {"reason": letter.reason, "error": letter.error, "tries": str(letter.tries)}
    return {
        "id": letter.message_id or letter.id,
        "body": letter.body,
        "sent_at": datetime.fromisoformat(letter.failed_at or letter.stored_at).timestamp(),
        "message_attributes": {name: {"StringValue": value} for name, value in given.items()},
    }


def is_of_failures(queue: str) -> bool:
    """Whether a queue holds what was given up."""
    return queue.endswith(("/dead-letters", "/undelivered", "/failures"))


def moment_of(state: Path) -> float:
    """Of which moment the last finished save is; 0 before the first."""
    file = state / FOLDER / MOMENT
    return float(json.loads(file.read_text())["moment"]) if file.exists() else 0.0


def read(state: Path) -> Saved:
    """What was saved in the folder of a cloud's state."""
    names = simulated_names(json.loads((state / "outputs.json").read_text()))
    found = Saved(moment_of(state))
    for name, table in content_of(state, "dynamodb", "tables"):
        if name in names:
            found.tables[names[name]] = list(_items(table))
    for url, queue in content_of(state, "sqs", "queues"):
        name = str(url).rpartition("/")[2]
        if name in names:
            found.queues[names[name]] = list(queue["messages"])
    for _, archive in content_of(state, "eventbridge", "archives"):
        found.archived += archive.get("Events", [])
    return found


def content_of(state: Path, service: str, member: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the engine saved of a service under a name: each thing by its id."""
    return _scoped(_payload(state / FOLDER / f"{service}.json")[member])


def simulated_names(outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The simulation's name of each table and queue, by its name in the deployment, from the outputs of its stacks."""
    names = {}
    for stack, of_stack in outputs.items():
        service = stack.removeprefix(STACK)
        for output, value in of_stack.items():
            name = value.rpartition("/")[2]
            if output in TABLES:
                names[name] = f"{service}/{TABLES[output]}"
            elif output == RELAY_FAILURES:
                names[name] = f"{service}/relay/failures"
            else:
                for ending, kind in QUEUES.items():
                    if output.endswith(ending):
                        names[name] = f"{service}/{output.removesuffix(ending).lower()}{kind}"
    return names


def _payload(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(), object_hook=_plain)["payload"]
    return found


def _plain(found: dict[str, Any]) -> Any:
    """Bytes as such, and what belongs to an account and a region by its own name."""
    if "__bytes__" in found:
        return b64decode(found["__bytes__"])
    if found.get("__account_region_scoped__") or found.get("__scoped__"):
        return {"scoped": {key.rpartition("\x00")[2]: value for key, value in found["data"].items()}}
    return found


def _scoped(found: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in found.get("scoped", found).items():
        yield key.strip("'\""), value


def _items(table: Mapping[str, Any]) -> Iterator[Item]:
    for by_sort in table["items"].values():
        for item in by_sort.values():
            yield {name: _attribute(value) for name, value in item.items()}


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute of an item as boto3 gives it: the engine keeps bytes as on the wire, in base64."""
    return {"B": b64decode(value["B"])} if isinstance(value.get("B"), str) else value
