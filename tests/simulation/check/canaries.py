"""Canaries: the names and numbers of customers in a history, and the search for them in all that a cloud holds.

Each has a mark that nothing else has. The search unpacks what is compressed, and knows a canary in other cases,
punctuation, base64 and hexadecimal, and by its digests without a key (SHA-256, MD5).
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.simulation.check.records import Request

NAME_MARK, NUMBER_MARK = "qzxwvk", "99731"
FIELDS = ("name", "smsNumber")
DIGEST = 16  # hexadecimal digits by which a digest is known
LONGEST = 48  # characters that a canary has from its mark on, with punctuation

_TOKEN = re.compile(rf"{NAME_MARK}[0-9a-f]{{10}}", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s()\[\]./+\-]")
_PACKED = re.compile(r"(?<![A-Za-z0-9+/_-])(?:eJ|eN|eA|eF|H4sI)[A-Za-z0-9+/_-]{16,}={0,2}")


def core(value: str) -> str:
    """What of a name or number is the same in all spellings; "" where it is no canary."""
    if token := _TOKEN.search(value):
        return token[0].lower()
    digits = _PUNCTUATION.sub("", value)
    at = digits.find(NUMBER_MARK)
    return digits[at : at + 12] if at >= 0 else ""


def personal_of(request: Request) -> dict[str, str]:
    """The name and the number in a request's body."""
    body = request.body if isinstance(request.body, dict) else {}
    return {field: str(body[field]) for field in FIELDS if core(str(body.get(field, "")))}


class Canaries:
    """The canaries of a history. cores: of each, what all its spellings have. digests: the value of each digest."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self.cores: set[str] = set()
        self.digests: dict[str, str] = {}
        for request in requests:
            personal = personal_of(request)
            if not personal:
                continue
            for value in personal.values():
                self.cores.add(core(value))
                for spelled in {value, value.casefold(), _PUNCTUATION.sub("", value), normalized(value)}:
                    self._digest(spelled, f"of {value}")
            asked = [request.method, request.path, request.body]
            for said in (asked, [request.key, *asked]):
                self._digest(json.dumps(said, sort_keys=True), f"of the request {request.id}")
            self._digest(json.dumps(request.body), f"of the body of {request.id}")

    def _digest(self, text: str, what: str) -> None:
        for name in ("sha256", "md5"):
            hashed = hashlib.new(name, text.encode(), usedforsecurity=False)
            self.digests[hashed.hexdigest()[:DIGEST]] = f"the {name} {what}"
            for encoded in (base64.b64encode(hashed.digest()), base64.urlsafe_b64encode(hashed.digest())):
                self.digests[encoded.decode()[:DIGEST]] = f"the {name} {what}"

    def found(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Where a canary is, and which. texts: by what they say, where they are."""
        unpacked = [(where, part) for text, where in texts.items() for part in unpack(text)]
        everything = "\n".join(text for _, text in unpacked)
        if not any(mark in everything for mark in _MARKS) and NAME_MARK not in everything.lower():
            return
        for where, text in unpacked:
            for canary in self._in(text):
                yield where, canary

    def found_digests(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Where the digest of a canary is, and of which."""
        everything = "\n".join(texts)
        for digest, what in self.digests.items():
            if digest in everything:
                yield from ((where, what) for text, where in texts.items() if digest in text)

    def _in(self, text: str) -> Iterator[str]:
        yield from dict.fromkeys(token.lower() for token in _TOKEN.findall(text))
        for at in _places(text, NUMBER_MARKS):
            digits = core(text[at : at + LONGEST])
            if digits in self.cores:
                yield digits
        if any(mark in text for mark in _ENCODED):
            yield from (one for one in sorted(self.cores) if any(code in text for code in _encoded(one)))


def normalized(number: str) -> str:
    """A number in E.164, of the spellings that clients have."""
    return re.sub(r"^00", "+", re.sub(r"[\s()\[\]./\-]", "", number.replace("(0)", "")))


def _places(text: str, marks: Iterable[str]) -> Iterator[int]:
    for mark in marks:
        at = text.find(mark)
        while at >= 0:
            yield at
            at = text.find(mark, at + 1)


def _encoded(mark: str) -> Iterator[str]:
    """How a text is written in hexadecimal, and in base64 wherever it begins."""
    yield mark.encode().hex()
    for before in range(3):
        text = base64.b64encode(bytes(before) + mark.encode()).decode().rstrip("=")
        yield text[(before * 8 + 5) // 6 : (before + len(mark)) * 8 // 6]


# Separated as numbers usually are.
NUMBER_MARKS = tuple(
    dict.fromkeys(NUMBER_MARK[:at] + sign + NUMBER_MARK[at:] for at in (0, 2, 3) for sign in ("", " ", "-", "."))
)
_ENCODED = tuple(code for mark in (NAME_MARK, NUMBER_MARK) for code in _encoded(mark))
_MARKS = (*NUMBER_MARKS, *_ENCODED)


def unpack(text: str) -> Iterator[str]:
    """A text, and what is compressed in it."""
    yield text
    if "eJ" in text or "eN" in text or "eA" in text or "eF" in text or "H4sI" in text:
        for packed in _PACKED.findall(text):
            yield from inflated(base64.b64decode(packed.replace("-", "+").replace("_", "/") + "=="))


def inflated(content: bytes) -> Iterator[str]:
    """Bytes as texts: as they are, and what they are once they are decompressed."""
    yield content.decode("latin-1")
    try:
        whole = zlib.decompress(content, wbits=47)  # zlib or gzip
    except zlib.error:
        return
    yield from unpack(whole.decode("utf-8", "surrogateescape"))


def texts_in(value: Any) -> Iterator[str]:
    """All texts in a value of dicts, lists, texts and bytes, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield from inflated(value)
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from texts_in(name)
            yield from texts_in(member)
    elif isinstance(value, list | tuple | set | frozenset):
        for member in value:
            yield from texts_in(member)
    elif value is not None and not isinstance(value, bool | int | float):
        yield repr(value)
