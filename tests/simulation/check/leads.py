"""What leads to what is personal: customers' keys, and digests of phones beside whose they are. Both are canaries.

A key is nowhere but wrapped, and that in the vault alone: any other place may outlive the erasure. A digest stands for
a phone everywhere; beside the customer it is in the row of the vault that the erasure deletes, and nowhere else.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulation.check.canaries import Texts, normalized, texts_in, unpack, written
from tests.simulation.check.held_texts import ANSWERS, KEYS, VAULT, records
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.sealed import Rows, customer_keys

PHONE_ID = 32  # hexadecimal digits of a phone's digest


def phone_id(code_key: bytes, number: str) -> str:
    """The digest by which a phone is known."""
    return hmac.digest(code_key, f"phone {normalized(number)}".encode(), hashlib.sha256).hex()[:PHONE_ID]


def found_keys(history: ParsedHistory, texts: Mapping[str, Texts]) -> Iterator[tuple[str, str]]:
    """Where a key is that must not be there, and whose."""
    wrapping: Mapping[str, bytes] = history.final["audits"][-1]["wrapping"]
    wrapped, secrets = {}, {key: f"the wrapping key of {year}" for year, key in wrapping.items()}
    for text, row in _keys_ever(history).items():
        [(partition, _)] = row
        wrapped[text] = f"the wrapped key of {partition}"
        for customer_id, keys in customer_keys(row, wrapping).items():
            secrets.update(dict.fromkeys(keys, f"the key of {customer_id}"))
    codes = {code: what for key, what in secrets.items() for code in (*written(key), key.hex().upper())}
    for there in (codes, wrapped):
        there |= {code.translate(_URL_SAFE): what for code, what in there.items()}
    as_bytes = {plain: what for key, what in secrets.items() for plain in (key.decode("latin-1"), repr(key)[2:-1])}
    for carrier, held in texts.items():
        yield from held.found(codes if carrier == KEYS else {**codes, **wrapped})
        yield from held.found_as_bytes(as_bytes)


_URL_SAFE = str.maketrans("+/", "-_")


def _keys_ever(history: ParsedHistory) -> dict[str, Rows]:
    """The rows of keys that the vault ever had, each by itself, by the text of the key."""
    found: dict[str, Rows] = {}
    for _, kind, fields in history.entries:
        item = fields["item"] if kind == "vault" and fields["table"] == VAULT else None
        if item and (key := json.loads(item["data"]["S"]).get("key")):
            found.setdefault(key.rstrip("="), {(fields["key"][0], fields["key"][1]): item})
    return found


def found_beside(
    history: ParsedHistory, texts: Mapping[str, Texts], phones: Mapping[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """Where a digest is beside its customer and must not be, and whose. phones: the customers of each digest."""
    codes = {code: digest for digest in phones for code in _forms(digest)}
    holding = {carrier: there.holding(codes) for carrier, there in texts.items() if carrier != ANSWERS}
    seen: set[tuple[int, ...]] = set()
    for carrier, where, parts in records(history) if any(holding.values()) else ():
        if not holding.get(carrier) or (one := tuple(map(id, parts))) in seen:
            continue
        seen.add(one)
        for thing in _things(parts):
            held = texts_in(thing)
            if holding[carrier].isdisjoint(held):
                continue
            said = "\n".join(part for text in held for part in unpack(text))
            for digest in {digest for code, digest in codes.items() if code in said}:
                for customer_id in sorted(phones[digest]):
                    if customer_id in said and not (carrier == KEYS and _is_phone(parts, digest, customer_id)):
                        yield where, customer_id


def _things(parts: Sequence[Any]) -> Sequence[Any]:
    """What stands together: a line of a log that tells of a batch tells of each of its messages by itself."""
    line: Any = parts[-1] if parts else None
    about = line[-1] if isinstance(line, tuple) and line else None
    if isinstance(about, dict) and isinstance(about.get("handled"), list):
        return [*([one] for one in about["handled"]), [*line[:-1], {**about, "handled": None}]]
    return [parts]


def _forms(digest: str) -> Iterator[str]:
    """How a phone's digest is written: as it is, and its bytes and its text in base64, which begins it."""
    content = bytes.fromhex(digest)
    yield from (digest, digest.upper(), *written(content), *written(digest.encode()))


def _is_phone(parts: Sequence[Any], digest: str, customer_id: str) -> bool:
    """Whether what is said of the vault is the row by which a customer is found, there or deleted."""
    *_, key, item = ([], *parts)
    partition, sort = (item["partition"]["S"], item["sort"]["S"]) if item else key
    said = (partition, sort.rpartition(" ")[2], item["data"]["S"] if item else "{}")
    return bool(said == (f"phone {digest}", customer_id, "{}"))
