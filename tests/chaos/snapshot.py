"""Write one saved moment of a local cloud to a file, for the simulation to go on from.

python -m tests.chaos.snapshot FOLDER FILE         of the state in a folder whose engine does not run
make simulate ARGS="--from-state FILE --seed 7"    what follows, in virtual time
"""

import hashlib
import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.customers.wrapping import PARTITION, context_of
from infra.local.synthesis import STAGE
from infra.stages import stage
from tests.chaos import saved
from tests.chaos.history import SANDBOX
from tests.chaos.load import TIMES
from tests.chaos.saved import Saved
from tests.simulation.check.parsed_history import row_data
from tests.simulation.check.stored_form import unpacked

# How the engine lays out what its KMS encrypts: the id of its key, the digest of the context, a nonce, and the data.
KEY_ID, DIGEST, NONCE = 36, 32, 16


def main(given: Sequence[str] | None = None) -> int:
    folder, file = sys.argv[1:] if given is None else given
    found = snapshot(Path(folder), stage(STAGE, TIMES).environment)
    Path(file).write_text(to_text(found))
    counts = {"tables": sum(map(len, found["tables"].values())), "messages": sum(map(len, found["queues"].values()))}
    print(json.dumps({"moment": found["moment"], **counts}))
    return 0


def snapshot(state: Path, settings: Mapping[str, str]) -> dict[str, Any]:
    """What is saved in the folder of a cloud's state, as tests/simulation/saved_state.py reads it."""
    found = saved.read(state)
    return {
        "moment": datetime.fromtimestamp(found.moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "settings": dict(settings),
        "tables": found.tables,
        "queues": {name: [_message(one, found.moment) for one in queue] for name, queue in found.queues.items()},
        "unpublished": _unpublished(found),
        "provider": dict(_provider(found)),
        "data_keys": dict(_data_keys(found, state)),
    }


def to_text(found: Mapping[str, Any]) -> str:
    """The content of a file."""
    return json.dumps(found, default=_text)


def _message(message: Mapping[str, Any], moment: float) -> dict[str, Any]:
    attributes = (message.get("message_attributes") or {}).items()
    return {
        "body": message["body"],
        "attributes": {name: value.get("StringValue", "") for name, value in attributes},
        "receives": message["receive_count"],
        "group": message.get("group_id") or "",
        "visible_in": max(0.0, round(message["visible_at"] - moment, 3)),
    }


def _unpublished(found: Saved) -> dict[str, list[tuple[str, int]]]:
    """The commits with a message for the bus that its archive does not have, the oldest first."""
    published = {event_id(event) for event in found.archived}
    open_ones: dict[str, list[tuple[str, str, int]]] = {}
    for table, items in found.tables.items():
        for commit in map(unpacked, items) if table.endswith("/events") else ():
            carried = json.loads(commit["messages"]["S"]) if "messages" in commit else ()
            for_all = [one["detail"]["metadata"]["id"] for one in carried if one.get("delay") is None]
            if any(id not in published for id in for_all):
                key = commit["time"]["S"], commit["stream"]["S"], int(commit["version"]["N"])
                open_ones.setdefault(table, []).append(key)
    return {table: [key[1:] for key in sorted(keys)] for table, keys in open_ones.items()}


def event_id(event: Mapping[str, Any]) -> str:
    """The id of the message that an archived event is."""
    detail = json.loads(event["Detail"])
    return str((detail.get("metadata") or {}).get("id", ""))


def _provider(found: Saved) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in found.tables.get("payments/views", []):
        partition = item["partition"]["S"]
        entry = row_data(item) if partition.startswith(SANDBOX) else None
        if entry and entry["done"]:
            amount = 0 if entry["kind"] == "void" else entry["amount"]
            what = {"call": entry["kind"], "payment": partition.removeprefix(SANDBOX), "amount": amount}
            yield entry["request_id"], what


def _data_keys(found: Saved, state: Path) -> Iterator[tuple[str, str]]:
    """The keys that wrap customers' keys, decrypted as the engine's KMS would."""
    keys = dict(saved.content_of(state, "kms", "keys"))
    for item in found.tables.get("customers/vault", []):
        if item["partition"]["S"] != PARTITION:
            continue
        encrypted, year = b64decode(json.loads(item["data"]["S"])["key"]), item["sort"]["S"].partition(" ")[0]
        secret = b64decode(keys[encrypted[:KEY_ID].decode()]["_symmetric_key_b64"])
        yield b64encode(encrypted).decode(), b64encode(_decrypted(encrypted, secret, context_of(year))).decode()


def _decrypted(encrypted: bytes, secret: bytes, context: Mapping[str, str]) -> bytes:
    nonce, content = encrypted[KEY_ID + DIGEST :][:NONCE], encrypted[KEY_ID + DIGEST + NONCE :]
    key = hashlib.sha256(secret + json.dumps(context, sort_keys=True).encode() + nonce).digest()
    pad = b"".join(hashlib.sha256(key + number.to_bytes(4, "big")).digest() for number in range(len(content) // 32 + 1))
    return bytes(one ^ other for one, other in zip(content, pad, strict=False))


def _text(value: object) -> str:
    assert isinstance(value, bytes)
    return b64encode(value).decode()


if __name__ == "__main__":
    sys.exit(main())
