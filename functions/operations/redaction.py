"""What newer versions of a message dropped, such as names and numbers, is dropped before a letter is stored.

The body of a letter is stored verbatim, with one exception: data of an older version that has fields which the newest
does not have. It is stored as the newest version, upcast as every consumer upcasts it when it is received, so that it
can be redriven as it is. What cannot be upcast, which no consumer could read either, only loses those fields; so does
the data of a known message whose envelope cannot be read, whatever its metadata are.

Of a version that this code does not know yet, fields that it does not know are kept: consumers will know them. But what
an upcaster takes out, no later version brings back: members of those names are dropped there, too.
"""

import json
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from events.envelope import Envelope
from events.registry import MalformedMessageError, Message, UnknownMessageError, decode, dropped_by, language


def redacted(body: str, content: dict[str, Any], message: Envelope | None) -> str:
    """The body as it may be kept. content: that body, read; message: the message in it, None where none can be read."""
    detail = content.get("detail")
    data = detail.get("data") if isinstance(detail, dict) else None
    if not isinstance(detail, dict) or not isinstance(data, dict):
        return body
    metadata = detail["metadata"] if isinstance(detail.get("metadata"), dict) else {}
    kept, version = data, message.metadata.version if message else _version(metadata)
    for model in _models_named(content.get("detail-type"), metadata.get("name")):
        is_newer = version >= model.about.version
        kept = _never_dropped(model.about.name, kept, model) if is_newer else _only(kept, model)
    if kept == data:
        return body
    detail = {**detail, "data": kept}
    upcast = _upcast(message) if message else None
    if upcast is not None:
        detail |= {"data": upcast.model_dump(mode="json"), "metadata": {**metadata, "version": upcast.about.version}}
    return json.dumps({**content, "detail": detail})  # which keeps what is no text, half a surrogate pair, as it was


def _models_named(*names: object) -> list[type[Message]]:
    """The messages that data may be of: the one that they were sent as, and the one that their metadata name."""
    known = {name: language().get(name) for name in names if isinstance(name, str)}
    return [model for model in known.values() if model]


def _version(metadata: Mapping[str, Any]) -> int:
    """The version that metadata name; 0, which is older than any, where they name none."""
    version = metadata.get("version")
    return version if isinstance(version, int) else 0


def _never_dropped(name: str, data: dict[str, Any], model: type[Message]) -> dict[str, Any]:
    """The data without the members that a version up to the newest took out."""
    dropped: set[str] = set()
    for step in range(1, model.about.version):
        dropped |= dropped_by(name, step, data) - model.model_fields.keys()
    return {member: value for member, value in data.items() if member not in dropped}


def _upcast(message: Envelope) -> Message | None:
    """A message of an older version as the newest; None where it cannot be read, or is not older."""
    name, version = message.metadata.name, message.metadata.version
    model = language().get(name)
    if model is None or version >= model.about.version:
        return None
    try:
        return decode(name, version, message.data, [model])
    except (UnknownMessageError, MalformedMessageError):
        return None


def _only(data: Any, annotation: Any) -> Any:
    """What of the data has a place in a type: objects without the members that their models do not have."""
    if get_origin(annotation) is Annotated:
        return _only(data, get_args(annotation)[0])
    models = _models(annotation)
    if isinstance(data, Mapping) and models:
        members = {name: field.annotation for model in models for name, field in model.model_fields.items()}
        return {name: _only(value, members[name]) for name, value in data.items() if name in members}
    arguments = [one for one in get_args(annotation) if one is not Ellipsis]
    if isinstance(data, list) and arguments:
        return [_only(one, arguments[0]) for one in data]
    if isinstance(data, Mapping) and len(arguments) == 2:
        return {name: _only(value, arguments[1]) for name, value in data.items()}
    return data


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names: itself, or the members of a union."""
    if get_origin(annotation) in (Union, UnionType):
        return [model for one in get_args(annotation) for model in _models(one)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
