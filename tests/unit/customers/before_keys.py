"""What customers had stored before they had keys, as the last code of then wrote it: samples/before_keys.json.

customers: ids by first name. now: when it ended. requests: what was asked, under which Idempotency-Key, and what was
answered. items: the commits, as a stream of the table would bring them.

Ada (+1 555 0100, then 0101) has changed number and language, each twice to the same, and was disabled and enabled. Eve
is erased, twice. Bob registered without an Idempotency-Key. A code was requested for Ada's number, and a wrong one was
tried.
"""

import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

from functions.customers import migration
from functions.customers.api import api
from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import DIGEST
from functions.kernel.runtime.context import Caller
from tests.simulation.check.stored_form import unpacked
from tests.support.gateway import Response, request

SAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "samples" / "before_keys.json").read_text())
ADA, EVE, BOB = (SAMPLE["customers"][name] for name in ("ada", "eve", "bob"))
PERSONAL = ("Ada Reyes", "Eve Molina", "Bob Okafor", "555 01", "555 02", "555 03")
HAVE_PERSONAL_DATA = [asked for asked in SAMPLE["requests"] if {"name", "smsNumber"} & asked["body"].keys()]


def store() -> MemoryEventStore:
    """A store that holds the sample."""
    made = MemoryEventStore()
    for item in SAMPLE["items"]:
        binary = {name: {"B": b64decode(value["B"])} for name, value in item.items() if "B" in value}
        made.items.setdefault(item["stream"]["S"], {})[int(item["version"]["N"])] = item | binary
        made.log.append(item | binary)
    return made


def seal_all() -> None:
    """Seal every stream."""
    for stream in streams():
        migration.seal(stream)


def streams() -> list[str]:
    """The streams of the sample."""
    return list(dict.fromkeys(item["stream"]["S"] for item in SAMPLE["items"]))


def commits_in_plain() -> int:
    """How many commits look as if they held what is personal as it is."""
    held = runtime.current().store
    return sum(len(list(migration.in_plain(held.forwards(stream)))) for stream in streams())


def all_text() -> str:
    """Everything that is stored, unpacked."""
    held = runtime.current().store
    assert isinstance(held, MemoryEventStore)
    items = [item for commits in held.items.values() for item in commits.values()]
    renewed = [str(from_item(item).renewed) for item in items]
    return str([unpacked(item) for item in (*items, *held.log)]) + str(renewed) + str(held.vault.tables)


def digests() -> list[str]:
    """What anyone can compute of the requests that had a name or a number."""
    asked = [
        json.dumps([one["method"], f"/api/customers{one['path']}", one["body"]], sort_keys=True)
        for one in HAVE_PERSONAL_DATA
    ]
    return [hashlib.sha256(text.encode()).hexdigest()[:DIGEST] for text in asked]


def repeat(asked: dict[str, Any]) -> Response:
    """Ask the same again."""
    headers = {"Idempotency-Key": asked["key"]}
    caller = Caller(asked["role"], asked["caller"])
    return request(api, asked["method"], f"/api/customers{asked['path']}", asked["body"], headers, caller)
