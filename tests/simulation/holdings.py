"""All bytes that a simulated cloud holds at a moment, and the keys that its containers have in memory."""

import json
import sys
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.simulation.check.sealed import KEY_BYTES
from tests.simulation.operations import AUDIT

if TYPE_CHECKING:
    from tests.simulation.cloud import Cloud

DAY = 86_400
# Seconds for which tables can be restored to any point in time: 35 days, but for keys (infra gives both).
RECOVERY = {"customers/vault": DAY}
USUAL_RECOVERY = 35 * DAY
VAULT, WRAPPING = "customers/vault", "wrapping"
DEPTH = 6  # of objects in objects


def recovery(table: str) -> int:
    """For how many seconds back a table can be restored."""
    return RECOVERY.get(table, USUAL_RECOVERY)


def held(cloud: "Cloud") -> Iterator[tuple[str, Any]]:
    """Where something is, and what: items of tables, records of streams, messages, the archive, and logs."""
    for name, table in cloud.tables.items():
        for item in table.items.values():
            yield name, item
    yield from ((AUDIT, item) for item in cloud.audit.items())
    for name, stream in cloud.streams.items():
        for shard in stream.shards:
            for record in shard.records:
                yield f"the stream of {name}", record.payload
    for name, queue in cloud.queues.items():
        for message in queue.messages.values():
            yield name, (message.body, message.attributes)
    yield from (("the archive", body) for body in cloud.archive)
    for _, container, line in cloud.world.logged:
        yield f"the log of {container.rpartition('-')[0]}", line


def audit(cloud: "Cloud") -> dict[str, Any]:
    """What opens what is sealed: the rows of the vault, what KMS makes of its wrapping keys, and keys in containers."""
    rows = dict(cloud.tables[VAULT].items)
    wrapping = {
        id: cloud.kms.decrypt(b64decode(_data(item)["key"]), id.partition(" ")[0])
        for (partition, id), item in rows.items()
        if partition == WRAPPING
    }
    return {"at_us": cloud.scheduler.now_us, "rows": rows, "wrapping": wrapping, "kept": sorted(_kept(cloud))}


def _data(item: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(item["data"]["S"])
    return data


def _kept(cloud: "Cloud") -> set[bytes]:
    """What may be a key in the memory of containers that are alive, and of the modules that they share."""
    found: set[bytes] = set()
    for name, function in cloud.functions.items():
        if name.startswith("customers/"):
            for container in function.containers:
                if container.alive:
                    found |= _keys_in(container.runtime.adapters)
    for name, module in list(sys.modules.items()):
        if name.startswith("functions.customers."):
            found |= _keys_in([value for value in vars(module).values() if isinstance(value, dict | list)])
    return found


def _keys_in(value: Any) -> set[bytes]:
    found: set[bytes] = set()
    left = [(value, DEPTH)]
    while left:
        one, depth = left.pop()
        if isinstance(one, bytes):
            if len(one) == KEY_BYTES:
                found.add(one)
        elif depth and (members := _members(type(one))):
            left += [(member, depth - 1) for member in members(one) if type(member) not in _NO_MEMBERS]
    return found


_NO_MEMBERS = frozenset({type(None), bool, int, float, str})


@cache
def _members(kind: type) -> Callable[[Any], Iterable[Any]] | None:
    """How to get at what a value of a kind has in it; None for what is not looked into."""
    if issubclass(kind, Mapping):
        return lambda mapping: mapping.values()
    if issubclass(kind, list | tuple | set):
        return iter
    return _attributes if kind.__module__.startswith("functions.customers") else None


def _attributes(value: Any) -> Iterable[Any]:
    return [vars(value)] if hasattr(value, "__dict__") else ()
