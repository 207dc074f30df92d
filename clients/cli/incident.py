"""incident: all that a report of an incident needs, in one file, and nothing that tells who a person is.

What goes into the file is named here, field by field: ids, names of messages, states, times and numbers. Texts that
people wrote or chose (names, numbers, reasons, notes, bodies, data) are not among them, and of an actor only its role.
"""

import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli import tree
from clients.cli.ending import NOT_FOUND, EndedError
from clients.cli.facts import Facts, gather
from clients.cli.finding import is_phone, order_of
from clients.cli.tool import ALL, Tool, at, query
from clients.cli.verbs import verb
from clients.cli.why import why
from clients.mall import Json

OPERATIONS = "/api/operations"
MOST = 200  # letters of a group
DAYS = 3  # of the audit: the last ones on which something happened

MESSAGE = ("time", "source", "name", "id", "stream", "correlationId", "causationId", "actor")
LETTER = (
    *("id", "state", "consumer", "message", "version", "stream", "order", "error", "tries", "code", "group"),
    *("failedAt", "givenUpAt", "openSince", "correlationId", "messageId"),
)
GROUP = (
    "id",
    "consumer",
    "message",
    "error",
    "state",
    "firstSeen",
    "lastSeen",
    "code",
    "latestCode",
    "counts",
    "sample",
)
ORDER = ("id", "status", "ready", "paid", "total", "createdAt", "shoppingListId", "paymentId", "customerId")
SAGA = ("orderId", "status", "step", "since")
LIST = ("id", "orderId", "status", "botId", "assignment")
MONEY = ("id", "orderId", "paymentId", "amount", "status", "authorized", "captured", "released", "refunded")
CONSUMER = ("name", "state", "since", "waiting", "arrivesPerHour", "drainsPerHour", "drainedInSeconds", "lostFrom")
AUDIT = ("time", "id", "actor", "service", "action", "path", "outcome", "correlationId")
ACTOR = "actor"


@verb("incident", "mallbots incident 018f2c31 --dry-run", changes=True)
def incident(
    tool: Tool,
    id: Annotated[str, typer.Argument(help="An order, what belongs to one, or a group of letters.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of the file.")] = Path(),
) -> None:
    """Write all that a report of an incident needs into one file: state, timeline, letters, versions, audit; no names.

    What people wrote is left out, and who they are: ids, messages, states, times and numbers remain. What a service
    does not answer is null, and the service is named.
    """
    group = None if is_phone(id) else tool.answered("operations", lambda: _group(tool, id))
    order = "" if group else order_of(tool, id)
    parts = _of_group(tool, group) if group else _of_order(tool, order)
    parts |= _around(tool, {one["time"][: len("2026-03-01")] for one in parts.get("timeline") or ()})
    path = out / f"incident-{at(group['id'] if group else order)}.zip"
    agreed = tool.agreed(f"{f'replace {path} by' if path.exists() else f'write {path} of'} {', '.join(parts)}")
    if agreed:
        write(path, parts)
    data = {"file": str(path) if agreed else None, "parts": list(parts)}
    tool.out.show(data, lambda: tool.out.line(str(path) if agreed else ""))


def write(path: Path, parts: Json) -> None:
    """A file with a part of JSON each."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, part in parts.items():
            made.writestr(f"{name}.json", json.dumps(part, indent=1, ensure_ascii=False))


def picked(found: Json | None, fields: Sequence[str]) -> Json | None:
    """What is named of a thing; of an actor its role alone."""
    if found is None:
        return None
    kept = {name: found[name] for name in fields if name in found}
    if isinstance(kept.get(ACTOR), str):
        kept[ACTOR] = kept[ACTOR].partition(":")[0]
    return kept


def _each(found: Iterable[Json], fields: Sequence[str]) -> list[Json | None]:
    return [picked(one, fields) for one in found]


def _group(tool: Tool, id: str) -> Json | None:
    try:
        found: Json = tool.get(f"{OPERATIONS}/groups/{at(id)}")["group"]
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        return None
    return found


def _of_group(tool: Tool, group: Json) -> dict[str, Any]:
    """more: the group has letters that are not in the file."""
    letters, more = tool.counted(f"{OPERATIONS}/letters{query(group=group['id'])}", "letters", MOST)
    orders = sorted({one["order"] for one in letters if one.get("order")})[:1]
    sample = _of_order(tool, orders[0]) if orders else {}
    return {**sample, "group": {**(picked(group, GROUP) or {}), "more": more}, "letters": _each(letters, LETTER)}


def _of_order(tool: Tool, order_id: str) -> dict[str, Any]:
    facts = gather(tool, order_id)
    is_known = "operations" not in facts.silent
    messages = [picked(one.message, MESSAGE) or {} for one in tree.branches(list(facts.messages))]
    depths = [{"depth": one.depth, "gap": one.gap} for one in tree.branches(list(facts.messages))]
    return {
        "state": _state(facts),
        "timeline": [one | depth for one, depth in zip(messages, depths, strict=True)] if is_known else None,
        "letters": _each(facts.letters, LETTER) if is_known else None,
    }


def _why(facts: Facts) -> Json | None:
    """Whom the order waits for; a robot by its id, for its name is a text that people wrote."""
    found = picked(why(facts).data, ("blames", "since", "do"))
    if found and found["blames"].startswith("robot ") and facts.list:
        found["blames"] = f"robot {facts.list['botId']}"
    return found


def _state(facts: Facts) -> Json:
    return {
        "id": facts.id,
        "order": picked(facts.order, ORDER),
        "saga": picked(facts.saga, SAGA),
        "list": picked(facts.list, LIST),
        "payment": picked(facts.payment, MONEY),
        "invoice": picked(facts.invoice, MONEY),
        "why": _why(facts),
        "silent": list(facts.silent),
    }


def _around(tool: Tool, days: set[str]) -> dict[str, Any]:
    """The versions and consumers as they are when the file is written; the audit of the last of these days and today.

    What a service does not answer is null, and the service is named.
    """
    now = datetime.now(UTC)
    last = sorted({*days, str(now.date())})[-DAYS:]
    services = tool.answered("operations", lambda: tool.get(f"{OPERATIONS}/services")["services"])
    consumers = tool.answered("operations", lambda: tool.get(f"{OPERATIONS}/consumers")["consumers"])
    audit = tool.answered("operations", lambda: [entry for day in last for entry in _audit(tool, day)])
    versions = {
        "written": now.isoformat(timespec="seconds"),
        "stage": tool.stage_name,
        "version": tool.get("/health")["version"],
        "services": None if services is None else {one["name"]: one["code"] for one in services},
        "audited": last,
        "silent": tool.silent,
    }
    return {
        "versions": versions,
        "consumers": None if consumers is None else _each(consumers, CONSUMER),
        "audit": None if audit is None else _each(audit, AUDIT),
    }


def _audit(tool: Tool, day: str) -> list[Json]:
    return tool.pages(f"{OPERATIONS}/audit{query(day=f'{day}T00:00:00Z')}", "entries", ALL)
