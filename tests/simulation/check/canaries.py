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
from functools import lru_cache
from typing import Any

from tests.simulation.check.records import Request

NAME_MARK, NUMBER_MARK = "qzxwvk", "99731"
FIELDS = ("name", "smsNumber")
DIGEST = 16  # hexadecimal digits by which a digest is known
LONGEST = 48  # characters that a canary has from its mark on, with punctuation

_TOKEN = re.compile(rf"{NAME_MARK}[0-9a-f]{{10}}", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s()\[\]./+\-]")
# Its beginning is looked for first, and only then what is before it, which is much faster.
_PACKED = re.compile(
    r"(?:e[AFJN](?<![A-Za-z0-9+/_-]..)|H4sI(?<![A-Za-z0-9+/_-]....))[A-Za-z0-9+/_-]{16,}={0,2}", re.DOTALL
)
# Letters and digits, of which digests and keys have at least so many, however they are written; else a space.
_LETTERS = bytes(n if chr(n).isalnum() or chr(n) in "+/_-" else 32 for n in range(128)) + b" " * 128
SHORTEST_CODE = 16
SHORTEST_PACKED = 18  # characters, as _PACKED has it
_NOTHING = frozenset({type(None), bool, int, float})


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

    def found(self, texts: "Texts") -> Iterator[tuple[str, str]]:
        """Where a canary is, and which."""
        if texts.may_have_canaries:
            for where, text in texts.parts:
                for canary in self._in(text):
                    yield where, canary

    def found_digests(self, texts: "Texts") -> Iterator[tuple[str, str]]:
        """Where the digest of a canary is, and of which."""
        yield from texts.found(self.digests)

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
    return written(mark.encode())


def written(content: bytes) -> Iterator[str]:
    """How bytes are written in hexadecimal, and in base64 wherever they begin."""
    yield content.hex()
    for before in range(3):
        text = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        yield text[(before * 8 + 5) // 6 : (before + len(content)) * 8 // 6]


# Separated as numbers usually are.
NUMBER_MARKS = tuple(
    dict.fromkeys(NUMBER_MARK[:at] + sign + NUMBER_MARK[at:] for at in (0, 2, 3) for sign in ("", " ", "-", "."))
)
_ENCODED = tuple(code for mark in (NAME_MARK, NUMBER_MARK) for code in _encoded(mark))
_BETWEEN = b" \t()[]./+-"


class Texts:
    """Different texts, each with where it is, searched as one: what is packed in them is unpacked.

    parts: where each is first, and what it says. whole: all of them.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.parts: list[tuple[str, str]] = []
        self._sources: dict[str, list[str]] = {}  # the texts in which each part is
        for text, where in texts.items():
            for part in unpack(text):
                if part in self._sources:
                    self._sources[part].append(text)
                else:
                    self._sources[part] = [text]
                    self.parts.append((where, part))
        self.whole = "\n".join(text for _, text in self.parts)
        self._bytes = self.whole.encode("utf-8", "surrogatepass")
        self._coded = ""

    @property
    def coded(self) -> str:
        """What in them may be a digest or a key, each once: much less than the whole."""
        if not self._coded:
            words = set(self._bytes.translate(_LETTERS).split())
            self._coded = b" ".join(word for word in words if len(word) >= SHORTEST_CODE).decode()
        return self._coded

    @property
    def may_have_canaries(self) -> bool:
        """Whether a mark of a name or number is anywhere, in any spelling."""
        return (
            NAME_MARK.encode() in self._bytes.lower()
            or NUMBER_MARK.encode() in self._bytes.translate(None, _BETWEEN)
            or any(code in self.coded for code in _ENCODED)
        )

    def found(self, codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Where a code of at least 16 letters and digits is, and what it is of. codes: what each is of."""
        for code, what in codes.items():
            if code in self.coded:
                yield from ((where, what) for where, text in self.parts if code in text)

    def holding(self, codes: Iterable[str]) -> set[str]:
        """The texts that hold one of these codes, each of at least 16 letters and digits."""
        there = [code for code in codes if code in self.coded]
        parts = [part for part in self._sources if any(code in part for code in there)]
        return {text for part in parts for text in self._sources[part]}

    def found_as_bytes(self, contents: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The same for any texts."""
        for content, what in contents.items():
            if content in self.whole:
                yield from ((where, what) for where, text in self.parts if content in text)


def unpack(text: str) -> list[str]:
    """A text, and what is compressed in it."""
    found = [text]
    if len(text) >= SHORTEST_PACKED and (
        "eJ" in text or "eN" in text or "eA" in text or "eF" in text or "H4sI" in text
    ):
        for packed in _PACKED.findall(text):
            found += inflated(base64.b64decode(packed.replace("-", "+").replace("_", "/") + "=="))
    return found


def inflated(content: bytes) -> list[str]:
    """Bytes as texts: as they are, and what they are once they are decompressed."""
    whole = _decompressed(content)
    return [content.decode("latin-1"), *(unpack(whole) if whole is not None else ())]


@lru_cache(maxsize=1_000)  # a commit is in the table, and encoded in its stream
def _decompressed(content: bytes) -> str | None:
    try:
        return zlib.decompress(content, wbits=47).decode("utf-8", "surrogateescape")  # zlib or gzip
    except zlib.error:
        return None


def texts_in(value: Any, seen: set[int] | None = None) -> list[str]:
    """All texts in a value of dicts, lists, texts and bytes, keys included.

    seen: the ids of what was looked into before, which is left out, and must live as long as they are kept.
    """
    return texts_of([value], seen)


def texts_of(values: Iterable[Any], seen: set[int] | None = None) -> list[str]:
    """The same of several values, whose own collection is not among what was looked into."""
    found: list[str] = []
    left = list(values)
    while left:
        one = left.pop()
        kind = type(one)
        if kind is str:
            found.append(one)
            continue
        if kind in _NOTHING:
            continue
        if seen is not None:
            if id(one) in seen:
                continue
            seen.add(id(one))
        if kind is dict:
            for key, member in one.items():
                (found if type(key) is str else left).append(key)
                (found if type(member) is str else left).append(member)
        elif isinstance(one, bytes):
            found += inflated(one)
        elif isinstance(one, Mapping):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            left += one
        else:
            found.append(str(one) if isinstance(one, str) else repr(one))
    return found
