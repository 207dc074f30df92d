"""What a consumer really reads of a message: its inbox handles it while every field that is looked at is noted."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

from events.registry import MalformedMessageError, Message, decode, language
from events.shapes import Shape
from functions.kernel.composition.manifest import manifest
from functions.kernel.messaging import inbox as kernel_inbox
from functions.kernel.runtime.runtime import active
from language.generate import ROOT
from tests.support.delivery import attributes, body_of
from tests.support.runtime import RecordingQueue, memory_runtime

WHOLE = "*"  # shown as it is, whatever it holds

Data = dict[str, Any]


class Reader:
    """Notes the paths of fields that are read of whatever is decoded: `total`, `items[].price`."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.decoded = 0
        self._places: dict[int, tuple[str, BaseModel]] = {}  # by identity; holds on to it, so that no other takes it
        self._quiet = False

    def follow(self, message: Message) -> Message:
        self.decoded += 1
        self._places[id(message)] = ("", message)
        return message

    def note(self, model: BaseModel, name: str, value: Any) -> None:
        place = None if self._quiet else self._places.get(id(model))
        if place is None:
            return
        if name == "__dict__":  # dict(item): every field at once
            for field in type(model).model_fields:
                self._note_field(place[0] + field, value.get(field))
        elif name in type(model).model_fields:
            self._note_field(place[0] + name, value)

    def dump(self, model: BaseModel, only: set[str] | None, but: set[str] | None) -> None:
        """What `model_dump` reads: the fields that it names, or the whole as it is."""
        place = self._places.get(id(model))
        if place is None:
            return
        if only is None and but is None:
            self.paths.add(place[0] + WHOLE)
            return
        for field in (only or set(type(model).model_fields)) - (but or set()):
            self._note_whole(place[0] + field, object.__getattribute__(model, field))

    @contextmanager
    def quietly(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _note_field(self, path: str, value: Any) -> None:
        """The field, and where the fields of what it holds will be read."""
        self.paths.add(path)
        for part, inner in _parts(path, value):
            self._places[id(inner)] = (f"{part}.", inner)

    def _note_whole(self, path: str, value: Any) -> None:
        """The field with everything in it."""
        self.paths.add(path)
        for part, inner in _parts(path, value):
            for field in type(inner).model_fields:
                self._note_whole(f"{part}.{field}", object.__getattribute__(inner, field))


def _parts(path: str, value: Any) -> list[tuple[str, BaseModel]]:
    if isinstance(value, BaseModel):
        return [(path, value)]
    return [(f"{path}[]", part) for part in value if isinstance(part, BaseModel)] if isinstance(value, tuple) else []


@contextmanager
def reader() -> Iterator[Reader]:
    """Have what an inbox decodes from now on followed."""
    noted, dump = Reader(), BaseModel.model_dump

    def read(model: BaseModel, name: str) -> Any:
        value = object.__getattribute__(model, name)
        noted.note(model, name, value)
        return value

    def model_dump(model: BaseModel, **how: Any) -> Data:
        noted.dump(model, how.get("include"), how.get("exclude"))
        with noted.quietly():
            return dump(model, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_inbox, "decode", lambda *args: noted.follow(decode(*args)))
        for shape in (Message, Shape):
            patch.setattr(shape, "__getattribute__", read, raising=False)
            patch.setattr(shape, "model_dump", model_dump, raising=False)
        yield noted


def read_of(service: str, detail: Data) -> set[str]:
    """The innermost paths that the inboxes of a service read of a message, in whatever state its thing is.

    The service is empty: what it cannot do is put off or laid aside, after it has read what it needs to know that.
    """
    name = detail["metadata"]["name"]
    inboxes = [
        inbox for inbox in manifest(service).inboxes if name in {message.about.name for message in inbox.messages}
    ]
    with reader() as noted:
        details = list(variants(detail))
        for number, variant in enumerate(details):
            for inbox in inboxes:
                with active(memory_runtime(service, queues={inbox.queue: RecordingQueue()})):
                    inbox.handle(_queued(variant, number))
        assert noted.decoded == len(details) * len(inboxes)
    return {path for path in noted.paths if not any(deeper(other, path) for other in noted.paths)}


def deeper(path: str, outer: str) -> bool:
    """Whether a path leads into what another one leads to."""
    return path.startswith((f"{outer}.", f"{outer}[]"))


def variants(detail: Data) -> Iterator[Data]:
    """A message, and the same with one field as any other sample has it, or as its schema allows, where that fits."""
    yield detail
    for other in ({"stream_version": 7}, {"causation_id": None}):
        yield {**detail, "metadata": detail["metadata"] | other}
    name, version = detail["metadata"]["name"], detail["metadata"]["version"]
    for field, schema in language()[name].model_json_schema()["properties"].items():
        for value in [*_values()[field], *_words(schema), True, False, None]:
            changed = {**detail["data"], field: value}
            with contextlib.suppress(MalformedMessageError):
                decode(name, version, changed)
                yield {**detail, "data": changed}


@cache
def _values() -> dict[str, list[Any]]:
    """Every value that a sample has, by the name of its field."""
    found: dict[str, list[Any]] = defaultdict(list)
    for sample in samples():
        for field, value in sample["data"].items():
            if value not in found[field]:
                found[field].append(value)
    return found


def samples() -> Iterator[Data]:
    """Every sample of every version."""
    for path in sorted((ROOT / "events" / "samples").glob("*.json")):
        yield json.loads(path.read_text())


def _words(schema: Data) -> list[Any]:
    return [word for part in [schema, *schema.get("anyOf", [])] for word in part.get("enum", [])]


def _queued(detail: Data, number: int) -> Data:
    metadata = detail["metadata"] | {"id": f"message-{number}"}
    body = body_of({**detail, "metadata": metadata})
    record = {"messageId": "m", "receiptHandle": "r", "body": body, "attributes": attributes()}
    return {"Records": [record]}
