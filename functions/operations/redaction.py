"""What newer versions of a message dropped, such as names and numbers, is dropped before a letter is stored.

The body of a letter is stored verbatim, with one exception: data of an older version that has fields which the newest
does not have. It is stored as the newest version, upcast as every consumer upcasts it when it is received, so that it
can be redriven as it is. What cannot be upcast, which no consumer could read either, only loses those fields.

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


def redacted(body: str, content: dict[str, Any], message: Envelope) -> str:
    """The body as it may be kept. content: that body, read; message: the message in it."""
    name, version, data = message.metadata.name, message.metadata.version, message.data
    model = language().get(name)
    if model is None or "detail" not in content:
        return body
    is_newer = version >= model.about.version
    kept = _never_dropped(name, data, model) if is_newer else _only(data, model)
    if kept == data:
        return body
    detail = {**content["detail"], "data": kept}
    if is_newer:
        return json.dumps({**content, "detail": detail})
    upcast = _upcast(name, version, data, model)
    if upcast is not None:
        detail = {**detail, "data": upcast, "metadata": {**detail["metadata"], "version": model.about.version}}
    return json.dumps({**content, "detail": detail})  # which keeps what is no text, half a surrogate pair, as it was


def _never_dropped(name: str, data: dict[str, Any], model: type[Message]) -> dict[str, Any]:
    """The data without the members that a version up to the newest took out."""
    dropped: set[str] = set()
    for step in range(1, model.about.version):
        dropped |= dropped_by(name, step, data) - model.model_fields.keys()
    return {member: value for member, value in data.items() if member not in dropped}


def _upcast(name: str, version: int, data: dict[str, Any], model: type[Message]) -> dict[str, Any] | None:
    """The data as the newest version has it; None where it cannot be read."""
    try:
        return decode(name, version, data, [model]).model_dump(mode="json")
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
